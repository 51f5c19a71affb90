/**
 * Slots: where entries live, who goes when there is no room, and who is told.
 *
 * An entry is an integer slot 1..n into parallel arrays; slot 0 is the sentinel of one circular doubly linked list
 * (0.next = newest, 0.prev = oldest), so no link operation has a special case. `next` sits at 2s and `prev` at 2s+1, so
 * one cache line serves both, and one serves a key and its value. Free slots are chained through `next`. The arrays
 * start small and double up to `max`, so an absent or huge bound costs nothing; deadlines and weights exist from the
 * first entry that needs them.
 *
 * Without a policy the list is the order of use and its end is the victim. That branch is here and not behind an
 * interface, so that the common cache never goes through a call that other caches of the process made polymorphic.
 * With a policy the list is the order of arrival, for iteration only.
 *
 * Invariants: the list holds exactly the slots the index holds; a free slot holds neither key nor value (otherwise the
 * cache would leak as much as it can store); room is made before an entry is put in, so both bounds hold whenever
 * anybody can look. Lists of this shape are as old as Knuth, TAOCP 1, 2.2.5.
 */
import { systemRandom } from './environment.ts';
import { KeyIndex } from './key-index.ts';
import { RemovalQueue } from './removal-queue.ts';
import type { CacheObserver, Clock, Expirer, IndexLevel, Policy, RemovalReason } from './types.ts';
import { widened } from './widen.ts';

export interface SlotStoreOptions<K, V> {
  readonly max: number;
  /** Infinity = none. */
  readonly maxWeight: number;
  /** Slots at the start; default 16, at most `max`. */
  readonly initialCapacity?: number | undefined;
  readonly policy?: Policy | undefined;
  readonly expirer?: Expirer | undefined;
  readonly clock: Clock;
  readonly observer?: CacheObserver<K> | undefined;
  readonly onRemove?: ((value: V, key: K, reason: RemovalReason) => void) | undefined;
  /** Draws the seed of the hashes; default that of the system. */
  readonly random?: (() => number) | undefined;
}

export class SlotStore<K, V> {
  size = 0;
  evictions = 0;
  expired = 0;
  declare max: number;
  declare readonly maxWeight: number;
  declare readonly clock: Clock;
  declare private readonly keyIndex: KeyIndex;
  declare private readonly policy: Policy | undefined;
  declare private readonly expirer: Expirer | undefined;
  declare private readonly observer: CacheObserver<K> | undefined;
  declare private readonly removals: RemovalQueue<K, V> | undefined;
  /** Nobody is told of removals. */
  declare private readonly plain: boolean;
  /** Slots 1..capacity exist. */
  declare private capacity: number;
  /** Keys at 2s, values at 2s+1. */
  declare private entries: unknown[];
  declare private links: Int32Array;
  /** Absent while every weight is 1. The sentinel's is 0. */
  private weights: Float64Array | undefined;
  private sum = 0;
  /** Absent while nothing can expire; a free slot's is Infinity. */
  private deadlines: Float64Array | undefined;
  private free = 0;
  private top = 0;

  constructor(options: SlotStoreOptions<K, V>) {
    const { max, clock, policy, expirer, onRemove, initialCapacity = 16, random = systemRandom } = options;
    const capacity = Math.min(initialCapacity, max);
    this.max = max;
    this.maxWeight = options.maxWeight;
    this.clock = clock;
    this.policy = policy;
    this.expirer = expirer;
    this.observer = options.observer;
    this.removals = onRemove && new RemovalQueue(onRemove);
    this.plain = (policy ?? expirer ?? this.observer ?? this.removals) === undefined;
    this.capacity = capacity;
    this.entries = pairs(capacity);
    this.links = new Int32Array(2 * (capacity + 1));
    this.keyIndex = new KeyIndex(this.entries, capacity, (random() * 2 ** 32) | 0, policy !== undefined);
    policy?.attach({ max, hashOf: (slot) => this.keyIndex.hashOf(slot) });
    expirer?.attach({
      clock,
      deadlineOf: (slot) => this.deadline(slot),
      expire: (slot) => {
        this.remove(slot, 'expire');
        this.deliver();
      },
    });
    policy?.grow(capacity);
    expirer?.grow(capacity);
  }

  get index(): IndexLevel {
    return this.keyIndex.level;
  }

  get weight(): number {
    return this.weights === undefined ? this.size : this.sum;
  }

  /** The slot of a key, 0 = not held. O(1). */
  find(key: K): number {
    return this.keyIndex.find(key);
  }

  /** The slot of an entry that is not over, 0 = none. Changes nothing. O(1). */
  seek(key: K): number {
    const slot = this.find(key);
    return slot === 0 || this.isOver(slot) ? 0 : slot;
  }

  /** As `seek`, but one met over is removed. */
  live(key: K): number {
    const slot = this.find(key);
    if (slot === 0 || !this.isOver(slot)) return slot;
    this.remove(slot, 'expire');
    return 0;
  }

  key(slot: number): K {
    return this.entries[2 * slot] as K;
  }

  value(slot: number): V {
    return this.entries[2 * slot + 1] as V;
  }

  /** Tells nobody; see `notify`. */
  setValue(slot: number, value: V): void {
    this.entries[2 * slot + 1] = value;
  }

  weightOf(slot: number): number {
    return this.weights?.[slot] ?? 1;
  }

  /** Infinity = never expires. */
  deadline(slot: number): number {
    return this.deadlines?.[slot] ?? Infinity;
  }

  /**
   * Whether an entry is over: `now >= deadline`. Asks no clock while nothing can end; from then on it asks for every
   * entry, since telling the endless ones apart first would cost the others more than the coarse clock does.
   */
  isOver(slot: number): boolean {
    const { deadlines } = this;
    return deadlines !== undefined && this.clock.now() >= (deadlines[slot] as number);
  }

  setDeadline(slot: number, deadline: number): void {
    if (this.deadlines === undefined) {
      if (deadline === Infinity) return;
      this.deadlines = new Float64Array(this.capacity + 1).fill(Infinity);
    }
    const before = this.deadlines[slot];
    this.deadlines[slot] = deadline;
    if (this.expirer === undefined) return;
    if (deadline !== Infinity) this.expirer.schedule(slot, deadline);
    else if (before !== Infinity) this.expirer.cancel(slot);
  }

  /** Marks as used. O(1). */
  use(slot: number): void {
    if (this.policy !== undefined) {
      this.policy.hit(slot);
      return;
    }
    const { links } = this;
    const first = links[0] as number;
    if (first === slot) return;
    const next = links[2 * slot] as number;
    const prev = links[2 * slot + 1] as number;
    links[2 * prev] = next;
    links[2 * next + 1] = prev;
    links[2 * slot] = first;
    links[2 * slot + 1] = 0;
    links[2 * first + 1] = slot;
    links[0] = slot;
  }

  /**
   * Puts in an entry that never expires, as the newest; evicts first until it fits. The key is the one that the last
   * `find` did not find, or found and was removed since: it is not hashed again. The weight is not above `maxWeight`.
   * Amortised O(1), and O(evicted); a doubling of the arrays is O(size).
   */
  insert(key: K, value: V, weight: number): number {
    const { keyIndex } = this;
    const hash = keyIndex.sought;
    if (weight === 1 && this.size >= this.max && this.plain && this.weights === undefined) {
      return this.recycle(key, value, hash);
    }
    while (this.size > 0 && (this.size >= this.max || this.weight + weight > this.maxWeight)) this.evict(hash);
    let slot = this.free;
    if (slot === 0) {
      slot = ++this.top;
      if (slot > this.capacity) this.grow();
    } else {
      this.free = this.links[2 * slot] as number;
    }
    // `Map` knows one zero, the positive.
    this.entries[2 * slot] = key === 0 ? 0 : key;
    this.entries[2 * slot + 1] = value;
    keyIndex.add(slot, hash);
    const { links } = this;
    const first = links[0] as number;
    links[2 * slot] = first;
    links[2 * slot + 1] = 0;
    links[2 * first + 1] = slot;
    links[0] = slot;
    this.size++;
    this.weigh(slot, weight, true);
    // Asked for again: entering the key may have changed the level of the index.
    if (this.policy !== undefined) this.policy.insert(slot, keyIndex.hashOf(slot));
    return slot;
  }

  /** What evicting and inserting come to when nobody is told and nothing is weighed: the oldest slot changes hands. */
  private recycle(key: K, value: V, hash: number): number {
    const { keyIndex, entries } = this;
    const slot = this.links[1] as number;
    keyIndex.remove(slot);
    if (this.deadlines !== undefined) this.deadlines[slot] = Infinity;
    entries[2 * slot] = key === 0 ? 0 : key;
    entries[2 * slot + 1] = value;
    keyIndex.add(slot, hash);
    this.use(slot);
    this.evictions++;
    return slot;
  }

  /** Puts a value in the place of another, marked as used; tells nobody. O(1), and O(evicted). */
  replace(slot: number, value: V, weight: number): void {
    this.setValue(slot, value);
    this.use(slot);
    // Without a policy it is first now, so the last candidate.
    if (weight !== this.weightOf(slot)) this.reweigh(slot, weight);
  }

  /** Changes a weight, to at most `maxWeight`, and evicts others until it fits. O(evicted). */
  reweigh(slot: number, weight: number): void {
    this.weigh(slot, weight, false);
    let spared = false;
    while (this.weight > this.maxWeight && this.size > 1) {
      const victim = this.victim(0);
      // The policy chose the entry itself and has forgotten it: it comes back when the others have made room.
      if (victim === slot) spared = true;
      else this.release(victim, 'evict');
    }
    if (spared) this.policy?.insert(slot, this.keyIndex.hashOf(slot));
  }

  /** Takes an entry out and queues it for `deliver`. O(1). */
  remove(slot: number, reason: RemovalReason): void {
    this.policy?.remove(slot);
    this.release(slot, reason);
  }

  /** Queues a value that left without its entry: one that was replaced. */
  notify(value: V, key: K, reason: RemovalReason): void {
    this.observer?.remove?.(key, reason);
    this.removals?.push(value, key, reason);
  }

  /** Takes out the victim; there is one. `incomingHash`: of the entry that it makes room for, 0 = none. */
  evict(incomingHash = 0): void {
    this.release(this.victim(incomingHash), 'evict');
  }

  /** Takes all out, oldest first, with reason 'clear'; the policy forgets its ghosts too. O(size). */
  clear(): void {
    for (let slot = this.oldest(); slot !== 0; slot = this.oldest()) this.release(slot, 'clear');
    this.policy?.reset();
  }

  /** Changes `max`; evicts what no longer fits, before the policy hears of the new bound. O(evicted). */
  resize(max: number): void {
    while (this.size > max) this.evict();
    this.max = max;
    this.policy?.resize(max);
  }

  /** Calls `onRemove` for all that left; throws the first error it threw. */
  deliver(): void {
    this.removals?.deliver();
  }

  /** 0 when empty. */
  oldest(): number {
    return this.links[1] as number;
  }

  /** 0 at the end. After 0 comes the newest. */
  older(slot: number): number {
    return this.links[2 * slot] as number;
  }

  newer(slot: number): number {
    return this.links[2 * slot + 1] as number;
  }

  private victim(incomingHash: number): number {
    return this.policy === undefined ? this.oldest() : this.policy.evict(incomingHash);
  }

  /** What `remove` does after the policy has been told. */
  private release(slot: number, reason: RemovalReason): void {
    if (reason === 'evict') this.evictions++;
    else if (reason === 'expire') this.expired++;
    const key = this.key(slot);
    this.notify(this.value(slot), key, reason);
    if (this.deadlines !== undefined && this.deadlines[slot] !== Infinity) this.setDeadline(slot, Infinity);
    this.keyIndex.remove(slot);
    this.entries[2 * slot] = this.entries[2 * slot + 1] = undefined;
    const { links } = this;
    const next = this.older(slot);
    const prev = this.newer(slot);
    links[2 * prev] = next;
    links[2 * next + 1] = prev;
    links[2 * slot] = this.free;
    this.free = slot;
    this.size--;
    if (this.weights === undefined) return;
    // Sums of fractions drift. With at most one entry left the sum is known exactly, so an entry that fits alone is
    // never found too heavy: the sentinel weighs 0.
    this.sum = this.size > 1 ? this.sum - this.weightOf(slot) : this.weightOf(this.oldest());
  }

  /** Notes a weight, of an entry that is new or not. */
  private weigh(slot: number, weight: number, fresh: boolean): void {
    if (this.weights === undefined) {
      if (weight === 1) return;
      this.weights = new Float64Array(this.capacity + 1).fill(1);
      this.weights[0] = 0;
      this.sum = fresh ? this.size - 1 : this.size;
    }
    const before = fresh ? 0 : this.weightOf(slot);
    this.weights[slot] = weight;
    this.sum = this.size > 1 ? this.sum + (weight - before) : weight;
  }

  private grow(): void {
    const capacity = Math.min(2 * this.capacity, this.max);
    const entries = pairs(capacity);
    for (let i = 2; i < this.entries.length; i++) entries[i] = this.entries[i];
    this.capacity = capacity;
    this.entries = entries;
    this.links = widened(this.links, 2 * (capacity + 1));
    this.weights &&= widened(this.weights, capacity + 1, 1);
    this.deadlines &&= widened(this.deadlines, capacity + 1, Infinity);
    this.keyIndex.grow(entries, capacity);
    this.policy?.grow(capacity);
    this.expirer?.grow(capacity);
  }
}

/** Room for pairs 0..capacity. The first element makes it an array of anything, whatever the first key is. */
function pairs(capacity: number): unknown[] {
  const room = new Array<unknown>(2 * (capacity + 1));
  room[0] = undefined;
  return room;
}
