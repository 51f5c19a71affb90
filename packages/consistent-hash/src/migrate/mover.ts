/**
 * The mover: carries slots to the nodes of the goal while clients go on reading and writing.
 *
 * A batch of moves `slot: A -> B` takes these steps.
 *   1. claim: save the map with the next epoch, e. Every other mover's next save fails now.
 *   2. clean: remove what earlier batches, finished or not, have left on shards that do not own it.
 *   3. copy: fence B at e, so that no earlier mover can write there; empty it; copy A's pages. Clients use A.
 *   4. freeze: fence A at e + 1. Clients have e at most: A refuses them from now on, and they wait.
 *   5. compare: scan A and B in full and make B equal, removals too.
 *   6. switch: save the new owners, epoch e + 1. Clients find the new map and go on at B.
 * Refused anywhere, beaten to a save, or left without its answer: start over at 1. Five of these guard against
 * something each (the shards' check of the epoch, the claim, the fence on B, the freeze, the comparison), and without
 * any of them an acknowledged write is lost.
 *
 * Why a fence and not writing to both sides: two writes need an order that both sides agree on, tombstones for what was
 * deleted, and a verdict about the one that failed. A fence needs none of it, and costs a slot the time of one scan.
 *
 * A copy under way is garbage from its claim on: a goal that is given up in the middle leaves nothing behind.
 */
import { PlacementError, requireInteger, shown } from '../errors.ts';
import { copySlot, settleSlot } from './copy.ts';
import type { SlotCopy } from './copy.ts';
import { loadSlotMap, overtaken, RACES_MAX, toDocument } from './document.ts';
import type { Garbage, SlotMap, SlotMapStore } from './document.ts';
import { FENCED } from './shard.ts';
import type { Done, Fenced, Shard } from './shard.ts';
import { claimed, finished, nextMoves, switched } from './steps.ts';

/** `claim` and `switch` are told when they are stored; `clean`, `copy` and `freeze` (with compare) when they begin. */
export interface MoverStep {
  readonly kind: 'claim' | 'copy' | 'freeze' | 'switch' | 'clean';
  readonly slots: number[];
  readonly epoch: number;
}

export interface SlotMoverOptions<V = string> {
  readonly store: SlotMapStore;
  /** The shard of a node, of the map, the goal or the garbage. */
  readonly shard: (id: string) => Shard<V> | undefined;
  /** Slots that are copied, frozen and switched together, an integer in 1..1024. Default 16. */
  readonly batchSlots?: number | undefined;
  /** Entries of a page, an integer in 1..65536. Default 256. */
  readonly pageSize?: number | undefined;
  /** Whether two values are the same; those that are not are copied once more. Default `===`. */
  readonly equal?: ((a: V, b: V) => boolean) | undefined;
  readonly onStep?: ((step: MoverStep) => void) | undefined;
}

export interface SlotMover {
  /**
   * Moves until the goal is reached: the slots that this call has moved for certain, and the entries in them. Any
   * number of movers may run; they cost each other time. After a crash or a rejection, another call goes on.
   *
   * An abort is obeyed between pages and between batches; slots that are frozen already are still switched.
   *
   * @throws what a shard throws: at once while slots are moved, and frozen ones are then opened again, unless the store
   * is out of reach too; at the end while garbage is removed, when everything else is done
   * @throws what the store throws, for a save only after 16 in a row
   * @throws {PlacementError} BAD_OPTION when the store is empty; BAD_JSON when its map makes no sense; UNKNOWN_NODE
   * when `shard` knows none for an id; STALE_MOVE when another mover was faster 16 times in a row
   * @throws the reason of an abort
   */
  run(signal?: AbortSignal): Promise<{ moved: number; entries: number }>;
}

/** All settled before it rejects: nothing of a run goes on behind the back of who called it. */
async function together<A, R>(items: readonly A[], task: (item: A) => Promise<R>): Promise<R[]> {
  const results = await Promise.allSettled(items.map(task));
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/**
 * A mover. It does nothing until `run`.
 *
 * @throws {PlacementError} BAD_OPTION
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { slots } from '@loadbearing/consistent-hash';
 * import { initSlotMap, memoryShard, memorySlotMapStore, setGoal, slotMover } from '@loadbearing/consistent-hash/migrate';
 * const shards = new Map(['a', 'b', 'c'].map((id) => [id, memoryShard()]));
 * const store = memorySlotMapStore();
 * await initSlotMap(store, slots(['a', 'b'], { count: 12 }));
 * await setGoal(store, [{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
 * const { moved } = await slotMover({ store, shard: (id) => shards.get(id) }).run();
 * assert.equal(moved, 4);
 * ```
 */
export function slotMover<V = string>(options: SlotMoverOptions<V>): SlotMover {
  const { store, shard, onStep } = options;
  const batchSlots = requireInteger('batchSlots', options.batchSlots ?? 16, 1, 1024);
  const pageSize = requireInteger('pageSize', options.pageSize ?? 256, 1, 65_536);
  const equal = options.equal ?? ((a: V, b: V) => a === b);

  function shardOf(id: string): Shard<V> {
    const found = shard(id);
    if (found !== undefined) return found;
    throw new PlacementError('UNKNOWN_NODE', `\`shard\` must know every node; it knows no ${shown(id)}`);
  }

  function tell(kind: MoverStep['kind'], of: readonly { readonly slot: number }[], epoch: number): void {
    if (of.length > 0) onStep?.({ kind, slots: of.map(({ slot }) => slot), epoch });
  }

  /** Removes copies that nobody owns, `batchSlots` at a time. */
  async function clean(garbage: readonly Garbage[], epoch: number): Promise<Done> {
    for (let i = 0; i < garbage.length; i += batchSlots) {
      const cleaned = await together(garbage.slice(i, i + batchSlots), async ({ slot, id }) => {
        const from = shardOf(id);
        // Otherwise an earlier mover, still copying to it, would fill it again.
        await from.fence(slot, epoch);
        return from.clear(slot, epoch);
      });
      if (cleaned.includes(FENCED)) return FENCED;
    }
  }

  async function run(signal?: AbortSignal): Promise<{ moved: number; entries: number }> {
    let moved = 0;
    let entries = 0;
    let failure: unknown;
    let uncleaned: { readonly error: unknown } | undefined;

    /** Undefined when somebody else was first, or when nobody can tell. */
    async function save(next: SlotMap): Promise<SlotMap | undefined> {
      try {
        return (await store.save(toDocument(next))) ? next : undefined;
      } catch (error) {
        failure = error;
        return undefined;
      }
    }

    /** The map after one batch, or undefined to start over. */
    async function batch(before: SlotMap): Promise<SlotMap | undefined> {
      const moves = nextMoves(before, batchSlots);
      // First of all: an id that nobody knows must not become garbage, which nobody could remove.
      const shards = moves.map(({ slot, from, to }) => ({ slot, from: shardOf(from), to: shardOf(to) }));
      const map = await save(claimed(before, moves));
      if (map === undefined) return undefined;
      const { epoch } = map;
      tell('claim', moves, epoch);

      if (uncleaned === undefined) {
        tell('clean', before.garbage, epoch);
        try {
          if ((await clean(before.garbage, epoch)) === FENCED) return undefined;
        } catch (error) {
          // A shard that is gone for good must not stop the others: told at the end, and tried again by the next run. But
          // its call may still arrive, and empty what would be the slot by then: only the next epoch shuts it out.
          uncleaned = { error };
          return undefined;
        }
      }
      if (moves.length === 0) {
        if (uncleaned !== undefined) throw uncleaned.error;
        return save(finished(map));
      }

      tell('copy', moves, epoch);
      const copies = shards.map((of): SlotCopy<V> => ({ ...of, epoch, pageSize }));
      const copied = await together(copies, (copy) => copySlot(copy, signal));
      if (copied.includes(FENCED)) return undefined;

      tell('freeze', moves, epoch);
      let sizes: (number | Fenced)[];
      try {
        sizes = await together(copies, (copy) => settleSlot(copy, equal));
      } catch (error) {
        // Any later epoch opens a frozen slot. Whoever calls again may be long in coming, and clients are waiting.
        await save({ ...map, epoch: epoch + 1 });
        throw error;
      }
      if (sizes.includes(FENCED)) return undefined;

      const after = await save(switched(map, moves, uncleaned === undefined ? [] : before.garbage));
      if (after === undefined) return undefined;
      tell('switch', moves, after.epoch);
      moved += moves.length;
      for (const size of sizes) entries += size as number;
      return after;
    }

    let map: SlotMap | undefined;
    for (let races = 0; races < RACES_MAX;) {
      signal?.throwIfAborted();
      map ??= await loadSlotMap(store);
      if (map.goal === null && map.garbage.length === 0) return { moved, entries };
      failure = undefined;
      map = await batch(map);
      races = map === undefined ? races + 1 : 0;
    }
    throw (failure as Error | undefined) ?? overtaken();
  }

  return { run };
}
