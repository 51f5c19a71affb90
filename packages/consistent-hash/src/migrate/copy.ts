/**
 * The move of one slot between two shards, in two parts: a copy while clients write, and a comparison while they wait.
 *
 * `copySlot` takes as long as it takes: the owner A serves its clients, and B, fenced at the mover's epoch, can hear
 * from no earlier mover any more. It misses what changes behind its back. `settleSlot` therefore fences A one epoch
 * higher than any client can have, which stops the slot, and makes B equal to it: a full scan of both, then the
 * differences. That full scan is what makes a delete safe without tombstones.
 */
import { FENCED } from './shard.ts';
import type { Done, Fenced, Shard } from './shard.ts';

/** One slot on its way from A to B, under the epoch e of the mover's claim. */
export interface SlotCopy<V> {
  readonly slot: number;
  readonly from: Shard<V>;
  readonly to: Shard<V>;
  readonly epoch: number;
  readonly pageSize: number;
}

type Entries<V> = readonly (readonly [string, V])[];

async function eachPage<V>(
  shard: Shard<V>,
  { slot, pageSize }: SlotCopy<V>,
  epoch: number,
  visit: (entries: Entries<V>) => Promise<Done>,
): Promise<Done> {
  let cursor: string | undefined;
  do {
    const page = await shard.scan(slot, epoch, cursor, pageSize);
    if (page === FENCED || (await visit(page.entries)) === FENCED) return FENCED;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Steps 3. O(rows). */
export async function copySlot<V>(copy: SlotCopy<V>, signal: AbortSignal | undefined): Promise<Done> {
  const { slot, from, to, epoch } = copy;
  await to.fence(slot, epoch);
  if ((await to.clear(slot, epoch)) === FENCED) return FENCED;
  return eachPage(from, copy, epoch, async (entries) => {
    signal?.throwIfAborted();
    if (entries.length > 0) return to.apply(slot, epoch, entries, []);
  });
}

/** Steps 4 and 5. The number of entries of the slot. O(rows), in memory too. */
export async function settleSlot<V>(copy: SlotCopy<V>, equal: (a: V, b: V) => boolean): Promise<number | Fenced> {
  const { slot, from, to, epoch, pageSize } = copy;
  await from.fence(slot, epoch + 1);
  const rows = new Map<string, V>();
  const scanned = await eachPage(from, copy, epoch + 1, async (entries) => {
    for (const [key, value] of entries) rows.set(key, value);
  });
  if (scanned === FENCED) return FENCED;
  // A page may repeat what an earlier one had, so nothing is taken out of `rows` itself.
  const missing = new Map(rows);
  const extra = new Set<string>();
  const compared = await eachPage(to, copy, epoch, async (entries) => {
    for (const [key, value] of entries) {
      if (!rows.has(key)) extra.add(key);
      else if (equal(rows.get(key) as V, value)) missing.delete(key);
    }
  });
  if (compared === FENCED) return FENCED;
  const puts = [...missing];
  const removes = [...extra];
  for (let i = 0; i < Math.max(puts.length, removes.length); i += pageSize) {
    const page = [puts.slice(i, i + pageSize), removes.slice(i, i + pageSize)] as const;
    if ((await to.apply(slot, epoch, ...page)) === FENCED) return FENCED;
  }
  return rows.size;
}
