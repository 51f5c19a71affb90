/**
 * MapStore: exact keys in a Map, states in one slab, bounded and without timers.
 *
 * A `Map` leads from key to slot; slot s holds the key's words at `s * wordsPerKey` of one Float64Array, so an entry
 * costs no object. The slab doubles on demand up to `maxKeys` slots and is never given back.
 *
 * Memory stays bounded in two ways. Each new key first looks at two slots, by a cursor that goes round, and frees those
 * that have drained: work and garbage arrive at the same pace. When all slots are taken, the next 16 are examined: a
 * drained one is reused, otherwise the one with the least time to full quota is forgotten, so that a flood of new keys
 * displaces its own kind, each seen once, before a client that is being limited. `whenFull: 'reject'` refuses the
 * newcomer instead.
 *
 * Slot 0 is the blank on which a new key is decided; only if that leaves less than full quota does the key get
 * a slot. So a refusal, a peek or a refund of an unknown key neither stores nor displaces anything.
 *
 * A drained entry is forgotten by the time of the operation that meets it. Should the clock step back behind that, the
 * key begins at full quota: use a monotonic clock, which is the default.
 */
import type { State } from './algorithms/algorithm.ts';
import { requireInteger, requireOneOf } from './check.ts';
import { emptyState, planFor, type Plan } from './plan.ts';
import type { BoundSyncStore, StoreSpec, SyncStore } from './store.ts';
import { emptyOutcome, TAKE, timeToFull, transition, tryTake, type Op, type Outcome } from './transition.ts';
import { isRefusable, refuseForRoom } from './when-full.ts';

export interface MapStoreOptions {
  /** Most keys held per limiter, in 1..2^24. Default 100,000. */
  readonly maxKeys?: number;
  /** 'evict' (default): forget the entry nearest to full quota. 'reject': refuse to take for new keys. */
  readonly whenFull?: 'evict' | 'reject';
}

const CANDIDATES = 16;
const SWEPT_PER_INSERT = 2;

/** Keeps up to `maxKeys` keys exactly, for every algorithm. */
export class MapStore implements SyncStore {
  readonly sync = true;
  private readonly maxKeys: number;
  private readonly rejects: boolean;

  /** @throws {TypeError | RangeError} when an option is out of range */
  constructor(options: MapStoreOptions = {}) {
    this.maxKeys = requireInteger('maxKeys', options.maxKeys ?? 100_000, 1, 2 ** 24);
    this.rejects = requireOneOf('whenFull', options.whenFull ?? 'evict', ['evict', 'reject']) === 'reject';
  }

  bind(spec: StoreSpec): BoundSyncStore {
    return new BoundMapStore(planFor(spec.limits), this.maxKeys, this.rejects);
  }
}

class BoundMapStore implements BoundSyncStore {
  evictedLive = 0;
  private readonly plan: Plan;
  private readonly maxKeys: number;
  private readonly rejects: boolean;
  private readonly index = new Map<string, number>();
  private readonly state: State;
  /** The key in each slot; undefined = free. Slot 0 is always free. */
  private readonly keys: (string | undefined)[] = [undefined];
  private readonly free: number[] = [];
  /** Where a newcomer's outcome goes when only its `ok` is asked. */
  private readonly out: Outcome = emptyOutcome();
  private slots = 16;
  private cursor = 0;

  constructor(plan: Plan, maxKeys: number, rejects: boolean) {
    this.plan = plan;
    this.maxKeys = maxKeys;
    this.rejects = rejects;
    this.state = emptyState(plan, this.slots);
  }

  apply(key: string, op: Op, cost: number, arg: number, nowMs: number, out: Outcome): void {
    const slot = this.index.get(key);
    if (slot !== undefined) {
      transition(this.plan, this.state, slot, nowMs, op, cost, arg, out);
      return;
    }
    transition(this.plan, this.state, 0, nowMs, op, cost, arg, out);
    if (timeToFull(this.plan, this.state, 0, nowMs) === 0) return;
    this.insert(key, op, nowMs, out);
    this.state.words.fill(0, 0, this.plan.wordsPerKey);
    this.releaseRings(0);
  }

  tryTake(key: string, cost: number, nowMs: number): boolean {
    const slot = this.index.get(key);
    if (slot !== undefined) return tryTake(this.plan, this.state, slot, nowMs, cost);
    this.apply(key, TAKE, cost, 0, nowMs, this.out);
    return this.out.ok;
  }

  get size(): number {
    return this.index.size;
  }

  reset(key: string): void {
    const slot = this.index.get(key);
    if (slot !== undefined) this.forget(slot);
  }

  /** Moves the state in slot 0 to a slot of the key's own. */
  private insert(key: string, op: Op, nowMs: number, out: Outcome): void {
    for (let i = 0; i < SWEPT_PER_INSERT; i++) {
      const slot = this.next();
      if (this.keys[slot] !== undefined && timeToFull(this.plan, this.state, slot, nowMs) === 0) this.forget(slot);
    }
    if (this.free.length === 0 && this.keys.length > this.maxKeys) {
      const waitMs = this.makeRoom(nowMs, this.rejects && isRefusable(op));
      if (waitMs > 0) {
        refuseForRoom(out, nowMs, waitMs);
        return;
      }
    }
    const slot = this.free.pop() ?? this.append();
    this.keys[slot] = key;
    this.index.set(key, slot);
    const { words, rings } = this.state;
    const { wordsPerKey, ringsPerKey } = this.plan;
    words.copyWithin(slot * wordsPerKey, 0, wordsPerKey);
    for (let i = 0; i < ringsPerKey; i++) rings[slot * ringsPerKey + i] = rings[i];
  }

  /** Frees one slot and answers 0; or, if only drained slots may go and none is found, how long until one drains. */
  private makeRoom(nowMs: number, onlyDrained: boolean): number {
    let soonest = 0;
    let soonestMs = Infinity;
    for (let i = Math.min(CANDIDATES, this.maxKeys); i > 0 && soonestMs > 0; i--) {
      const slot = this.next();
      const resetMs = timeToFull(this.plan, this.state, slot, nowMs);
      if (resetMs < soonestMs) {
        soonestMs = resetMs;
        soonest = slot;
      }
    }
    if (soonestMs > 0) {
      if (onlyDrained) return soonestMs;
      this.evictedLive++;
    }
    this.forget(soonest);
    return 0;
  }

  /** The slot under the cursor, which goes round all slots ever used. */
  private next(): number {
    this.cursor = this.cursor + 1 < this.keys.length ? this.cursor + 1 : Math.min(1, this.keys.length - 1);
    return this.cursor;
  }

  private append(): number {
    const slot = this.keys.length;
    this.keys.push(undefined);
    if (slot === this.slots) {
      this.slots = Math.min(2 * this.slots, this.maxKeys + 1);
      const wide = emptyState(this.plan, this.slots);
      wide.words.set(this.state.words);
      for (let i = 0; i < this.state.rings.length; i++) wide.rings[i] = this.state.rings[i];
      this.state.words = wide.words;
      this.state.rings = wide.rings;
    }
    return slot;
  }

  private forget(slot: number): void {
    this.index.delete(this.keys[slot]!);
    this.keys[slot] = undefined;
    this.releaseRings(slot);
    this.free.push(slot);
  }

  private releaseRings(slot: number): void {
    const { ringsPerKey } = this.plan;
    this.state.rings.fill(undefined, slot * ringsPerKey, (slot + 1) * ringsPerKey);
  }
}
