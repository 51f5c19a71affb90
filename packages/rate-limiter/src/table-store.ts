/**
 * TableStore: fingerprints and words in two typed arrays, allocated once. Nothing about a key is on the heap.
 *
 * A slot holds 32 bits of the key's hash and the key's words: 20 bytes for one gcra, in place of a string, a map entry
 * and an object. Slots come in sets of 8, whose fingerprints share half a cache line, and each key has two candidate
 * sets. A lookup reads the one, then the other; a newcomer goes into the set with more slots to spare. Two choices even
 * the sets out ("the power of two choices", Mitzenmacher 2001), so at 0.8 keys a slot a set pair is full of live
 * entries only about once in 5,000 keys. Unlike a cuckoo table it never moves an entry.
 *
 * An entry that has drained decides like none at all, so its slot is free, without any timer or sweep: the table only
 * has to look whether it has. When all 16 candidates are live, 'evict' forgets the one nearest to full quota, so that a
 * flood of keys, each seen once, displaces its own kind before a client that is being limited; 'reject' refuses the
 * newcomer.
 *
 * The price: a new key is taken for another that is stored with odds of 16 in 2^32 at most, and then shares its quota.
 * Where that matters, MapStore keeps keys exactly.
 *
 * As in MapStore, a newcomer is decided on a blank, the slot after the last set, and gets a slot only if that leaves less
 * than full quota; and a slot reused by the time of one call stays reused should the clock step back behind that.
 */
import type { State } from './algorithms/algorithm.ts';
import { requireInteger, requireOneOf } from './check.ts';
import { systemRandom } from './environment.ts';
import { RateLimiterError } from './errors.ts';
import { mixed, SeededHash } from './hash.ts';
import { emptyState, planFor, type Plan } from './plan.ts';
import type { BoundSyncStore, StoreSpec, SyncStore } from './store.ts';
import { emptyOutcome, TAKE, timeToFull, transition, tryTake, type Op, type Outcome } from './transition.ts';
import { isRefusable, refuseForRoom } from './when-full.ts';

export interface TableStoreOptions {
  /**
   * Live keys per limiter for which the table has room, in 1..2^24. Default 131,072. Allocated when a limiter is made: 5
   * bytes a key, and 10 more for each number that the limits keep; 25 for one gcra, which keeps 2.
   */
  readonly capacity?: number;
  /** 'evict' (default): forget the entry nearest to full quota. 'reject': refuse to take for new keys. */
  readonly whenFull?: 'evict' | 'reject';
  /** Uniform in [0, 1): seeds the hash of each limiter. Default `Math.random`. */
  readonly random?: () => number;
}

const WAYS = 8;
const LOAD = 0.8;

/** Room for `capacity` keys at about 25 bytes each, for all algorithms but the sliding log. */
export class TableStore implements SyncStore {
  readonly sync = true;
  private readonly sets: number;
  private readonly rejects: boolean;
  private readonly random: () => number;

  /** @throws {TypeError | RangeError} when an option is out of range */
  constructor(options: TableStoreOptions = {}) {
    const { capacity = 131_072, whenFull = 'evict', random = systemRandom } = options;
    this.sets = Math.ceil(requireInteger('capacity', capacity, 1, 2 ** 24) / LOAD / WAYS);
    this.rejects = requireOneOf('whenFull', whenFull, ['evict', 'reject']) === 'reject';
    if (typeof random !== 'function') throw new TypeError(`random must be a function; got ${typeof random}`);
    this.random = random;
  }

  /** @throws {RateLimiterError} UNSUPPORTED when one of the limits is a sliding log */
  bind(spec: StoreSpec): BoundSyncStore {
    const plan = planFor(spec.limits);
    if (plan.ringsPerKey > 0) {
      throw new RateLimiterError(
        'UNSUPPORTED',
        `TableStore cannot hold the sliding log of limiter "${spec.name}": use MapStore, or a store in Redis`,
      );
    }
    return new BoundTableStore(plan, this.sets, this.rejects, new SeededHash(this.random));
  }
}

class BoundTableStore implements BoundSyncStore {
  size = 0;
  evictedLive = 0;
  private readonly plan: Plan;
  private readonly state: State;
  /** One per slot; 0 = never used. */
  private readonly prints: Int32Array;
  private readonly hash: SeededHash;
  private readonly setsPerHash: number;
  private readonly blank: number;
  private readonly rejects: boolean;
  /** Where a newcomer's outcome goes when only its `ok` is asked. */
  private readonly out: Outcome = emptyOutcome();
  /** Of the key last looked up: its fingerprint, and the first slot of each of its sets. */
  private print = 0;
  private one = 0;
  private other = 0;

  constructor(plan: Plan, sets: number, rejects: boolean, hash: SeededHash) {
    this.plan = plan;
    this.blank = sets * WAYS;
    this.state = emptyState(plan, this.blank + 1);
    this.prints = new Int32Array(this.blank);
    this.setsPerHash = sets / 2 ** 32;
    this.rejects = rejects;
    this.hash = hash;
  }

  apply(key: string, op: Op, cost: number, arg: number, nowMs: number, out: Outcome): void {
    const { plan, state, blank } = this;
    const slot = this.find(key);
    transition(plan, state, slot < 0 ? blank : slot, nowMs, op, cost, arg, out);
    if (slot >= 0 || timeToFull(plan, state, blank, nowMs) === 0) return;
    this.insert(op, nowMs, out);
    state.words.fill(0, blank * plan.wordsPerKey);
  }

  tryTake(key: string, cost: number, nowMs: number): boolean {
    const slot = this.find(key);
    if (slot >= 0) return tryTake(this.plan, this.state, slot, nowMs, cost);
    const { out } = this;
    out.ok = tryTake(this.plan, this.state, this.blank, nowMs, cost);
    if (out.ok) {
      this.insert(TAKE, nowMs, out);
      this.state.words.fill(0, this.blank * this.plan.wordsPerKey);
    }
    return out.ok;
  }

  reset(key: string): void {
    const slot = this.find(key);
    if (slot < 0) return;
    const { wordsPerKey } = this.plan;
    this.state.words.fill(0, slot * wordsPerKey, (slot + 1) * wordsPerKey);
    this.prints[slot] = 0;
    this.size--;
  }

  /** The slot of the key, or -1. */
  private find(key: string): number {
    const { hash, prints } = this;
    hash.of(key);
    // The second half is the fingerprint, the first the one set; the other set is drawn from both.
    const print = hash.second === 0 ? 1 : hash.second;
    const one = Math.floor((hash.first >>> 0) * this.setsPerHash) * WAYS;
    for (let slot = one; slot < one + WAYS; slot++) if (prints[slot] === print) return slot;
    const other = Math.floor((mixed(hash.first ^ print) >>> 0) * this.setsPerHash) * WAYS;
    for (let slot = other; slot < other + WAYS; slot++) if (prints[slot] === print) return slot;
    this.print = print;
    this.one = one;
    this.other = other;
    return -1;
  }

  /** Moves the state in the blank to a slot of the key that `find` has just not found, or refuses it. */
  private insert(op: Op, nowMs: number, out: Outcome): void {
    const { plan, state, prints } = this;
    let slot = this.spare(nowMs);
    if (slot < 0) {
      slot = this.nearestToFull(nowMs);
      if (this.rejects && isRefusable(op)) {
        refuseForRoom(out, nowMs, timeToFull(plan, state, slot, nowMs));
        return;
      }
      this.evictedLive++;
    }
    if (prints[slot] === 0) this.size++;
    prints[slot] = this.print;
    const { wordsPerKey } = plan;
    state.words.copyWithin(slot * wordsPerKey, this.blank * wordsPerKey, (this.blank + 1) * wordsPerKey);
  }

  /** A drained slot in the set that has more of them, or -1. */
  private spare(nowMs: number): number {
    const one = this.drained(this.one, nowMs);
    const other = this.drained(this.other, nowMs);
    const set = bits[other]! > bits[one]! ? this.other : this.one;
    const found = set === this.one ? one : other;
    return found === 0 ? -1 : set + 31 - Math.clz32(found);
  }

  /** Which of 8 slots from `first` on have drained: bit i for the i-th. */
  private drained(first: number, nowMs: number): number {
    const { plan, state, prints } = this;
    let found = 0;
    for (let i = 0; i < WAYS; i++) {
      if (prints[first + i] === 0 || timeToFull(plan, state, first + i, nowMs) === 0) found |= 1 << i;
    }
    return found;
  }

  /** Of the 16 candidates, all live, the one that is first back at full quota. */
  private nearestToFull(nowMs: number): number {
    let nearest = this.one;
    let nearestMs = Infinity;
    for (let i = 0; i < 2 * WAYS; i++) {
      const slot = i < WAYS ? this.one + i : this.other + i - WAYS;
      const resetMs = timeToFull(this.plan, this.state, slot, nowMs);
      if (resetMs < nearestMs) {
        nearestMs = resetMs;
        nearest = slot;
      }
    }
    return nearest;
  }
}

/** How many bits are set in each byte. */
const bits = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let left = byte; left > 0; left &= left - 1) count++;
  return count;
});
