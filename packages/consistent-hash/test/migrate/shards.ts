/** What the tests of the mover share: shards with rows, where the rows are, and shards that misbehave. */
import { expect } from 'vitest';
import { FENCED, initSlotMap, memoryShard, memorySlotMapStore } from '../../src/migrate/index.ts';
import type { ClientShard, Shard, SlotMapDocument, SlotMapStore } from '../../src/migrate/index.ts';
import { readDocument } from '../../src/migrate/document.ts';
import { slots } from '../../src/slots.ts';
import type { Slots } from '../../src/slots.ts';

export const code = (expected: string): unknown => expect.objectContaining({ name: 'PlacementError', code: expected });

export type AnyShard = Shard & ClientShard;

export interface World {
  readonly store: SlotMapStore;
  readonly shards: ReadonlyMap<string, AnyShard>;
  readonly shard: (id: string) => AnyShard | undefined;
  readonly rows: ReadonlyMap<string, string>;
}

export const IDS: readonly string[] = ['a', 'b', 'c', 'd'];

export async function world(ids: readonly string[], count: number, rowCount: number): Promise<World> {
  const store = memorySlotMapStore();
  const first: Slots<undefined> = slots(ids, { count });
  await initSlotMap(store, first);
  const shards = new Map(IDS.map((id) => [id, memoryShard()]));
  const rows = new Map(Array.from({ length: rowCount }, (_, i) => [`key ${String(i)}`, `value ${String(i)}`]));
  for (const [key, value] of rows) {
    const slot = first.slotOf(key);
    await shards.get(first.owner(slot).id)!.set(slot, 1, key, value);
  }
  return { store, shards, shard: (id) => shards.get(id), rows };
}

export const stored = async (store: SlotMapStore): Promise<SlotMapDocument> => (await store.load())!;
export const goalOf = (ids: readonly string[]): { id: string }[] => ids.map((id) => ({ id }));

/** Every row of every shard, with an epoch that no fence refuses; `id slot key` to value. */
export async function contents({ shards }: World, count: number): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [id, shard] of shards) {
    for (let slot = 0; slot < count; slot++) {
      const page = await shard.scan(slot, Infinity, undefined, 10_000);
      if (page === FENCED) throw new Error('fenced above infinity');
      for (const [key, value] of page.entries) found.set(`${id} ${String(slot)} ${key}`, value);
    }
  }
  return found;
}

/** Where the rows should be: with the owners that the stored map names, and nowhere else. */
export async function expected({ store }: World, rows: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const map = readDocument(await stored(store), []).slots;
  return new Map([...rows].map(([key, value]) => [`${map.locate(key).id} ${String(map.slotOf(key))} ${key}`, value]));
}

/** A shard that fails, or does something else first, at chosen calls. */
export function disturbed(shard: AnyShard, before: (call: keyof Shard, slot: number) => Promise<void>): Shard {
  return {
    fence: async (slot, ...rest) => before('fence', slot).then(() => shard.fence(slot, ...rest)),
    scan: async (slot, ...rest) => before('scan', slot).then(() => shard.scan(slot, ...rest)),
    apply: async (slot, ...rest) => before('apply', slot).then(() => shard.apply(slot, ...rest)),
    clear: async (slot, ...rest) => before('clear', slot).then(() => shard.clear(slot, ...rest)),
  };
}
