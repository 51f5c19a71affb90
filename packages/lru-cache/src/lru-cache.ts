/**
 * LruCache: a bounded map that forgets the entry unused for longest.
 *
 * Strict LRU: a victim is always the entry whose last `get`, `set` or `touch` is oldest; `peek`,
 * `has`, iteration, `stats` and `dump` change nothing. The bounds on entries and weight are exact
 * after every call and inside every `onRemove`: room is made before an entry is put in.
 *
 * Removed values go through a queue, delivered when the state is complete, in order of removal. A
 * callback may call the cache; what it removes is delivered after it. If callbacks throw, all are
 * still called and the first error is thrown on.
 *
 * Expiry is lazy: an entry is expired from `now >= deadline`, and goes when a `get`, `set`,
 * `touch` or `delete` meets it, when it is evicted, or by `purgeExpired`; until then it counts
 * toward `size`.
 */
import {
  MAX_ENTRIES,
  requireCount,
  requireFunction,
  requireMax,
  requireMethods,
  requireNumber,
  requireTtl,
  weightOf,
} from './check.ts';
import { requireDump } from './dump.ts';
import { systemClock, systemRandom } from './environment.ts';
import { SlotStore } from './slot-store.ts';
import type { CacheDump, CacheStats, Clock, LruCacheOptions, RemovalReason, SetOptions } from './types.ts';

/**
 * A bounded map with strict LRU eviction.
 *
 * @throws TypeError or RangeError at construction when an option is of the wrong type or out of range.
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { LruCache } from '@loadbearing/lru-cache';
 * const cache = new LruCache<string, number>(2);
 * cache.set('a', 1).set('b', 2);
 * cache.get('a');
 * cache.set('c', 3);
 * assert.deepEqual([...cache.keys()], ['c', 'a']);
 * ```
 */
export class LruCache<K, V> implements Iterable<[K, V]> {
  private readonly store = new SlotStore<K, V>();
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly weigh: ((value: V, key: K) => number) | undefined;
  private readonly onRemove: ((value: V, key: K, reason: RemovalReason) => void) | undefined;
  private readonly ttl: number;
  private readonly sliding: boolean;
  private readonly jitter: number;
  private readonly weightBound: number;
  private readonly entryWeightBound: number;
  private entryBound: number;
  private removals: { value: V; key: K; reason: RemovalReason }[] = [];
  private delivering = false;
  private hits = 0;
  private misses = 0;
  private expired = 0;
  private inserts = 0;
  private updates = 0;
  private evictions = 0;
  private rejected = 0;

  constructor(options: LruCacheOptions<K, V> | number) {
    const o: LruCacheOptions<K, V> = typeof options === 'number' ? { max: options } : options;
    if (o.max === undefined && o.maxWeight === undefined) {
      throw new TypeError('max or maxWeight is required; got neither');
    }
    this.entryBound = o.max === undefined ? MAX_ENTRIES : requireMax(o.max);
    const positive = (n: number): boolean => n > 0 && Number.isFinite(n);
    this.weightBound =
      o.maxWeight === undefined ? Infinity : requireNumber('maxWeight', o.maxWeight, 'finite and above 0', positive);
    this.entryWeightBound =
      o.maxEntryWeight === undefined
        ? this.weightBound
        : Math.min(this.weightBound, requireNumber('maxEntryWeight', o.maxEntryWeight, 'finite and above 0', positive));
    this.ttl = o.ttl === undefined ? Infinity : requireTtl('ttl', o.ttl);
    this.jitter = requireNumber('ttlJitter', o.ttlJitter ?? 0, 'in 0..1', (n) => n >= 0 && n <= 1);
    const from: unknown = o.ttlFrom ?? 'write';
    if (from !== 'write' && from !== 'access') {
      throw new TypeError(`ttlFrom must be 'write' or 'access'; got ${String(from)}`);
    }
    this.sliding = from === 'access';
    this.weigh = requireFunction('weigh', o.weigh);
    this.onRemove = requireFunction('onRemove', o.onRemove);
    this.clock = requireMethods('clock', o.clock, ['now']) ?? systemClock;
    this.random = requireFunction('random', o.random) ?? systemRandom;
  }

  /** Entries held, expired ones not yet met included. */
  get size(): number {
    return this.store.size;
  }

  get max(): number {
    return this.entryBound;
  }

  get weight(): number {
    return this.store.weight;
  }

  /** Infinity when not bounded. */
  get maxWeight(): number {
    return this.weightBound;
  }

  /** The value, or undefined. Counts, marks as used, restarts a sliding ttl. O(1). */
  get(key: K): V | undefined {
    const slot = this.live(key);
    if (slot === 0) {
      this.misses++;
      this.deliver();
      return undefined;
    }
    this.hits++;
    this.store.moveToFront(slot);
    if (this.sliding) this.startLife(slot, this.store.ttl(slot));
    return this.store.value(slot);
  }

  /** The value without counting or marking as used. O(1). */
  peek(key: K): V | undefined {
    const slot = this.store.find(key);
    return slot === 0 || this.isExpired(slot) ? undefined : this.store.value(slot);
  }

  has(key: K): boolean {
    const slot = this.store.find(key);
    return slot !== 0 && !this.isExpired(slot);
  }

  /** Stores a value as the most recently used. Amortised O(1). Throws what `weigh` throws, changing nothing. */
  set(key: K, value: V, options?: SetOptions): this {
    const ttl = options?.ttl === undefined ? this.ttl : requireTtl('ttl', options.ttl);
    this.put(key, value, ttl, weightOf(options?.weight, this.weigh, value, key));
    this.deliver();
    return this;
  }

  /** True when a live entry was removed. An expired one goes as 'expire' and answers false. */
  delete(key: K): boolean {
    const slot = this.live(key);
    if (slot !== 0) this.drop(slot, 'delete');
    this.deliver();
    return slot !== 0;
  }

  /** Removes everything, least recently used first. O(size). */
  clear(): void {
    for (let slot = this.store.oldest(); slot !== 0; slot = this.store.oldest()) this.drop(slot, 'clear');
    this.deliver();
  }

  /** Marks as used and restarts the ttl: the one given, else the entry's own. False when not held. */
  touch(key: K, ttl?: number): boolean {
    if (ttl !== undefined) requireTtl('ttl', ttl);
    const slot = this.live(key);
    if (slot !== 0) {
      this.store.moveToFront(slot);
      this.startLife(slot, ttl ?? this.store.ttl(slot));
    }
    this.deliver();
    return slot !== 0;
  }

  /** Milliseconds left; undefined = not held, Infinity = never expires. */
  remainingTtl(key: K): number | undefined {
    const slot = this.store.find(key);
    if (slot === 0) return undefined;
    const deadline = this.store.deadline(slot);
    if (deadline === Infinity) return Infinity;
    // One look at the clock: a second one could find the entry dead.
    const left = deadline - this.clock.now();
    return left > 0 ? left : undefined;
  }

  /** Evicts up to `count` entries (default 1) and returns how many went. O(removed). */
  evict(count = 1): number {
    requireCount('count', count);
    let gone = 0;
    while (gone < count && this.evictOne()) gone++;
    this.deliver();
    return gone;
  }

  /** Changes `max`, evicting what no longer fits. O(removed). */
  resize(max: number): void {
    this.entryBound = requireMax(max);
    while (this.store.size > this.entryBound) this.evictOne();
    this.deliver();
  }

  /** Removes every expired entry and returns how many went. O(size). */
  purgeExpired(): number {
    let gone = 0;
    for (let slot = this.store.oldest(); slot !== 0;) {
      const next = this.store.newer(slot);
      if (this.isExpired(slot)) {
        this.drop(slot, 'expire');
        gone++;
      }
      slot = next;
    }
    this.deliver();
    return gone;
  }

  /** Keys, most recently used first, over a snapshot: O(size) memory, safe under any mutation. */
  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  *entries(): IterableIterator<[K, V]> {
    const keys: K[] = [];
    for (let slot = this.store.newest(); slot !== 0; slot = this.store.older(slot)) keys.push(this.store.key(slot));
    for (const key of keys) {
      const slot = this.store.find(key);
      if (slot !== 0 && !this.isExpired(slot)) yield [key, this.store.value(slot)];
    }
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries();
  }

  /** A snapshot, least recently used first; `wallNow` is wall-clock milliseconds. O(size). */
  dump(wallNow: number): CacheDump<K, V> {
    const now = this.clock.now();
    const entries: [K, V, number | null, number][] = [];
    for (let slot = this.store.oldest(); slot !== 0; slot = this.store.newer(slot)) {
      const left = this.store.deadline(slot) - now;
      if (left <= 0) continue;
      entries.push([
        this.store.key(slot),
        this.store.value(slot),
        left === Infinity ? null : left,
        this.store.weightOf(slot),
      ]);
    }
    return { version: 1, wallNow, entries };
  }

  /**
   * Sets every entry of a dump that is still alive. A clock that stepped back never lengthens a life; a sliding ttl
   * goes on with what was left of it. Throws a TypeError or RangeError for what is no dump, changing nothing.
   */
  load(dump: CacheDump<K, V>, wallNow: number): void {
    requireDump(dump, wallNow);
    const away = Math.max(0, wallNow - dump.wallNow);
    for (const [key, value, remainingMs, weight] of dump.entries) {
      const left = remainingMs === null ? Infinity : remainingMs - away;
      if (left <= 0) continue;
      this.put(key, value, left, weight, 0);
    }
    this.deliver();
  }

  stats(): CacheStats {
    const { hits, misses, expired, inserts, updates, evictions, rejected } = this;
    const { size, weight } = this.store;
    return { hits, misses, expired, inserts, updates, evictions, rejected, size, weight, index: 'map' as const };
  }

  resetStats(): void {
    this.hits = this.misses = this.expired = this.inserts = this.updates = this.evictions = this.rejected = 0;
  }

  private put(key: K, value: V, ttl: number, weight: number, jitter = this.jitter): void {
    let slot = this.live(key);
    if (weight > this.entryWeightBound) {
      this.rejected++;
      if (slot !== 0) this.drop(slot, 'replace');
      return;
    }
    if (slot !== 0) {
      this.updates++;
      const old = this.store.value(slot);
      if (!Object.is(old, value)) this.removed(old, key, 'replace');
      this.store.setValue(slot, value);
      this.store.moveToFront(slot);
      // Being first, it is the last candidate, and it fits alone: eviction stops before it.
      this.store.setWeight(slot, weight);
      while (this.store.weight > this.weightBound && this.store.size > 1) this.evictOne();
    } else {
      this.inserts++;
      while (
        this.store.size > 0 &&
        (this.store.size >= this.entryBound || this.store.weight + weight > this.weightBound)
      ) {
        this.evictOne();
      }
      slot = this.store.insert(key, value, weight);
    }
    this.startLife(slot, ttl, jitter);
  }

  private startLife(slot: number, ttl: number, jitter = this.jitter): void {
    if (ttl === Infinity) {
      this.store.setLife(slot, Infinity, Infinity);
      return;
    }
    const life = jitter === 0 ? ttl : ttl * (1 - jitter * this.random());
    this.store.setLife(slot, ttl, this.clock.now() + life);
  }

  private isExpired(slot: number): boolean {
    const deadline = this.store.deadline(slot);
    return deadline !== Infinity && this.clock.now() >= deadline;
  }

  /** The slot of a live entry; one met expired is removed. */
  private live(key: K): number {
    const slot = this.store.find(key);
    if (slot === 0 || !this.isExpired(slot)) return slot;
    this.drop(slot, 'expire');
    return 0;
  }

  private evictOne(): boolean {
    const slot = this.store.oldest();
    if (slot !== 0) this.drop(slot, 'evict');
    return slot !== 0;
  }

  private drop(slot: number, reason: RemovalReason): void {
    if (reason === 'evict') this.evictions++;
    else if (reason === 'expire') this.expired++;
    this.removed(this.store.value(slot), this.store.key(slot), reason);
    this.store.remove(slot);
  }

  private removed(value: V, key: K, reason: RemovalReason): void {
    if (this.onRemove !== undefined) this.removals.push({ value, key, reason });
  }

  private deliver(): void {
    if (this.delivering || this.removals.length === 0 || this.onRemove === undefined) return;
    this.delivering = true;
    const errors: unknown[] = [];
    // The array may grow under the loop: what a callback removes comes after what it was told of.
    for (const { value, key, reason } of this.removals) {
      try {
        this.onRemove(value, key, reason);
      } catch (error) {
        errors.push(error);
      }
    }
    this.removals = [];
    this.delivering = false;
    if (errors.length > 0) throw errors[0];
  }
}
