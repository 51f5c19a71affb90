/**
 * The router: sends an operation to the owner of its key, and follows the map when the owner changes.
 *
 * A router may be wrong about the map and never does harm by it: every operation carries the epoch of the map it was
 * routed by, and a shard that has been fenced above it refuses and does nothing. So nobody has to tell routers about a
 * migration; they learn of it by a refusal, read the map again, and ask whoever owns the key now. While a slot is
 * frozen there is no new map yet: then they wait a little and ask again.
 *
 * Invariant: the epoch of a router never falls, whatever its store answers. A replica of the store that lags behind
 * would otherwise send it back to a shard that had to refuse it already.
 */
import type { FromJSONOptions } from '../json.ts';
import { requireInteger } from '../errors.ts';
import type { Slots } from '../slots.ts';
import type { Key } from '../types.ts';
import type { Clock } from './clock.ts';
import { noSlotMap, readDocument } from './document.ts';
import type { SlotMap, SlotMapStore } from './document.ts';
import { FENCED } from './shard.ts';
import type { Fenced } from './shard.ts';

/** Where an operation has to go, and what its call to the shard must carry. */
export interface Address {
  readonly id: string;
  readonly slot: number;
  readonly epoch: number;
}

/** `fenced`: the slot did not open before `timeoutMs`; the operation has done nothing. */
export type RouterResult<R> =
  { readonly ok: true; readonly value: R } | { readonly ok: false; readonly reason: 'fenced' };

export interface SlotRouter {
  /** Of the map in use. Never falls. */
  readonly epoch: number;
  /** The map in use. */
  readonly slots: Slots<undefined>;
  /** Reads the map again; one that is being read already is shared. Rejects as the store does, or with BAD_JSON. */
  refresh(): Promise<void>;
  /**
   * Calls `op` with the owner of the key, again after each refusal, until it is not refused or `timeoutMs` are over.
   * `op` is called at least once. O(1) without a refusal.
   *
   * @throws {TypeError} for a key that is neither string nor Uint8Array
   * @throws what `op` throws: its outcome is unknown then, and it is not called again
   * @throws what `refresh` throws: the operation has done nothing then
   */
  run<R>(key: Key, op: (at: Address) => Promise<R | Fenced>): Promise<RouterResult<R>>;
}

export interface SlotRouterOptions extends Pick<FromJSONOptions, 'hashes'> {
  readonly store: SlotMapStore;
  readonly clock: Clock;
  /** Between two refusals under the same map, an integer in 1..60000. Default 5. */
  readonly retryMs?: number | undefined;
  /** How long to go on after a refusal, an integer in 0..3600000. Default 5000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A router that has read its map.
 *
 * @throws {PlacementError} BAD_OPTION, also for a store without a map; BAD_JSON for a map that makes no sense;
 * HASH_MISMATCH for one whose hash is neither xxh32 nor in `hashes`
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { slots } from '@loadbearing/consistent-hash';
 * import { initSlotMap, memoryShard, memorySlotMapStore, slotRouter } from '@loadbearing/consistent-hash/migrate';
 * const shards = { a: memoryShard(), b: memoryShard() };
 * const store = memorySlotMapStore();
 * await initSlotMap(store, slots(['a', 'b']));
 * const clock = { now: () => performance.now(), sleep: (ms: number) => new Promise<void>((r) => setTimeout(r, ms)) };
 * const router = await slotRouter({ store, clock });
 * await router.run('user:42', ({ id, slot, epoch }) => shards[id as 'a' | 'b'].set(slot, epoch, 'user:42', 'Ada'));
 * const read = await router.run('user:42', ({ id, slot, epoch }) =>
 *   shards[id as 'a' | 'b'].get(slot, epoch, 'user:42'),
 * );
 * assert.deepEqual(read, { ok: true, value: 'Ada' });
 * ```
 */
export async function slotRouter(options: SlotRouterOptions): Promise<SlotRouter> {
  const { store, clock, hashes = [] } = options;
  const retryMs = requireInteger('retryMs', options.retryMs ?? 5, 1, 60_000);
  const timeoutMs = requireInteger('timeoutMs', options.timeoutMs ?? 5000, 0, 3_600_000);
  let map: SlotMap | undefined;
  let loading: Promise<void> | undefined;

  async function load(): Promise<void> {
    const document = await store.load();
    if (document === undefined) return;
    const next = readDocument(document, hashes);
    if (map === undefined || next.epoch > map.epoch) map = next;
  }

  function refresh(): Promise<void> {
    return (loading ??= load().finally(() => {
      loading = undefined;
    }));
  }

  await refresh();
  // Read through a function: what `refresh` assigns is invisible to the compiler's analysis.
  const current = (): SlotMap => {
    if (map === undefined) throw noSlotMap();
    return map;
  };
  current();

  return {
    get epoch() {
      return current().epoch;
    },
    get slots() {
      return current().slots;
    },
    refresh,
    async run<R>(key: Key, op: (at: Address) => Promise<R | Fenced>): Promise<RouterResult<R>> {
      let deadlineMs: number | undefined;
      for (;;) {
        const { epoch, slots } = current();
        const slot = slots.slotOf(key);
        const value = await op({ id: slots.owner(slot).id, slot, epoch });
        if (value !== FENCED) return { ok: true, value: value as R };
        const nowMs = clock.now();
        deadlineMs ??= nowMs + timeoutMs;
        if (nowMs >= deadlineMs) return { ok: false, reason: 'fenced' };
        await refresh();
        if (current().epoch === epoch) await clock.sleep(Math.min(retryMs, deadlineMs - nowMs));
      }
    },
  };
}
