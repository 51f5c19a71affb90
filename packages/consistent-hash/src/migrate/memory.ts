/**
 * A shard and a store of slot maps in memory: what every other one has to behave like, and what tests use instead.
 *
 * An async function runs to its first `await` without interruption, and none of these has one. So the check of the
 * fence and what it guards are one step, which is all that a real store has to provide: one script in Redis, one
 * transaction with a row lock in PostgreSQL.
 */
import type { SlotMapDocument, SlotMapStore } from './document.ts';
import { FENCED } from './shard.ts';
import type { ClientShard, Done, Fenced, ScanPage, Shard } from './shard.ts';

interface Row<V> {
  /** Grows from row to row, in the order of insertion, which is the order of a Map: a cursor can be resumed at it. */
  readonly number: number;
  value: V;
}

interface SlotData<V> {
  fence: number;
  rows: Map<string, Row<V>>;
}

/**
 * A shard that forgets everything with its process. A call costs O(1) for each key; a page of a scan O(rows of the
 * slot), because it looks for its beginning.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { FENCED, memoryShard } from '@loadbearing/consistent-hash/migrate';
 * const shard = memoryShard();
 * await shard.set(7, 1, 'user:42', 'Ada');
 * await shard.fence(7, 2); // slot 7 is leaving: nobody may use it with the map of epoch 1
 * assert.equal(await shard.set(7, 1, 'user:42', 'Eve'), FENCED);
 * assert.equal(await shard.get(7, 2, 'user:42'), 'Ada');
 * ```
 */
export function memoryShard<V = string>(): Shard<V> & ClientShard<V> {
  const slots = new Map<number, SlotData<V>>();
  let inserted = 0;

  function at(slot: number): SlotData<V> {
    let data = slots.get(slot);
    if (data === undefined) slots.set(slot, (data = { fence: 0, rows: new Map() }));
    return data;
  }

  /** The rows, unless the caller's map is too old for them. */
  function rowsFor(slot: number, epoch: number): Map<string, Row<V>> | Fenced {
    const { fence, rows } = at(slot);
    return epoch < fence ? FENCED : rows;
  }

  function put(rows: Map<string, Row<V>>, key: string, value: V): void {
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { number: inserted++, value });
    else row.value = value;
  }

  return {
    async fence(slot: number, epoch: number): Promise<void> {
      const data = at(slot);
      data.fence = Math.max(data.fence, epoch);
    },

    async scan(slot: number, epoch: number, cursor: string | undefined, limit: number): Promise<ScanPage<V> | Fenced> {
      const rows = rowsFor(slot, epoch);
      if (rows === FENCED) return FENCED;
      const from = Number(cursor ?? 0);
      const entries: (readonly [string, V])[] = [];
      for (const [key, { number, value }] of rows) {
        if (number < from) continue;
        if (entries.length === limit) return { entries, cursor: String(number) };
        entries.push([key, value]);
      }
      return { entries, cursor: undefined };
    },

    async apply(
      slot: number,
      epoch: number,
      puts: readonly (readonly [string, V])[],
      removes: readonly string[],
    ): Promise<Done> {
      const rows = rowsFor(slot, epoch);
      if (rows === FENCED) return FENCED;
      for (const [key, value] of puts) put(rows, key, value);
      for (const key of removes) rows.delete(key);
    },

    async clear(slot: number, epoch: number): Promise<Done> {
      const rows = rowsFor(slot, epoch);
      if (rows === FENCED) return FENCED;
      rows.clear();
    },

    async get(slot: number, epoch: number, key: string): Promise<V | undefined | Fenced> {
      const rows = rowsFor(slot, epoch);
      return rows === FENCED ? FENCED : rows.get(key)?.value;
    },

    async set(slot: number, epoch: number, key: string, value: V): Promise<Done> {
      const rows = rowsFor(slot, epoch);
      if (rows === FENCED) return FENCED;
      put(rows, key, value);
    },

    async delete(slot: number, epoch: number, key: string): Promise<boolean | Fenced> {
      const rows = rowsFor(slot, epoch);
      return rows === FENCED ? FENCED : rows.delete(key);
    },
  };
}

/** A store of one slot map. It keeps text, as any other will: what comes out is what JSON leaves of what went in. */
export function memorySlotMapStore(): SlotMapStore {
  let epoch = 0;
  let text: string | undefined;
  return {
    async load(): Promise<SlotMapDocument | undefined> {
      return text === undefined ? undefined : (JSON.parse(text) as SlotMapDocument);
    },
    async save(next: SlotMapDocument): Promise<boolean> {
      if (next.epoch !== epoch + 1) return false;
      text = JSON.stringify(next);
      epoch = next.epoch;
      return true;
    },
  };
}
