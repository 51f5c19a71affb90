/** Rows where they do not belong, found by looking into every slot of every shard. */
import type { Slots } from '@loadbearing/consistent-hash';
import { FENCED } from '@loadbearing/consistent-hash/migrate';
import type { Engine } from './engines/engine.ts';

/** `ids` of all shards there ever were: one that has left must be empty. Nobody may be writing meanwhile. */
export async function misplacedRows(engine: Engine, ids: Iterable<string>, map: Slots, epoch: number): Promise<number> {
  let misplaced = 0;
  const all = Array.from({ length: map.count }, (_, slot) => slot);
  for (const id of ids) {
    const shard = engine.shard(id);
    const foreign = all.filter((slot) => map.owner(slot).id !== id);
    await inChunks(foreign, async (slot) => {
      const page = await shard.scan(slot, epoch, undefined, 1000);
      misplaced += page === FENCED ? 1 : page.entries.length;
    });
  }
  return misplaced;
}

/** A bound on what is under way, and one round trip for many. */
export async function inChunks<A>(items: readonly A[], task: (item: A) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += 64) await Promise.all(items.slice(i, i + 64).map(task));
}
