/**
 * LruCache: a bounded map that forgets the entry unused for longest, or the one that its policy thinks least of.
 *
 * Strict LRU by default: a victim is always the entry whose last `get`, `set` or `touch` is oldest; `peek`, `has`,
 * iteration, `stats` and `dump` change nothing. The bounds on entries and weight are exact after every call and inside
 * every `onRemove`: room is made before an entry is put in.
 *
 * This file is the meaning of the calls: what counts, what expires, what a ttl starts from. Where entries are and who
 * is evicted is `slot-store.ts`; iteration and dumps are `snapshot.ts`; the refusals are `check.ts`.
 *
 * Expiry is lazy: an entry is expired from `now >= deadline`, and goes when a `get`, `set`, `touch` or `delete` meets
 * it, when it is evicted, or by `purgeExpired`; until then it counts toward `size`. An `expirer` takes it out unasked.
 */
import { type CacheSettings, cacheSettings } from './cache-options.ts';
import { requireCount, requireMax, requireTtl, weightOf } from './check.ts';
import { requireDump } from './dump.ts';
import { SlotStore } from './slot-store.ts';
import { dumpOf, figuresOf, liveEntries, survivors } from './snapshot.ts';
import type { CacheDump, CacheStats, LruCacheOptions, SetOptions } from './types.ts';
import { noted } from './widen.ts';

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
  declare private readonly store: SlotStore<K, V>;
  declare private readonly settings: CacheSettings<K, V>;
  declare private readonly sliding: boolean;
  /** The own ttl of each slot, 0 = the default; absent while none differs. Shorter than the slots when they grew since. */
  private ttls: Float64Array | undefined;
  private hits = 0;
  private misses = 0;
  private inserts = 0;
  private updates = 0;
  private rejected = 0;

  constructor(options: LruCacheOptions<K, V> | number) {
    const settings = cacheSettings(options);
    this.settings = settings;
    this.sliding = settings.sliding;
    this.store = new SlotStore(settings);
  }

  /** Entries held, expired ones not yet met included. */
  get size(): number {
    return this.store.size;
  }

  get max(): number {
    return this.store.max;
  }

  get weight(): number {
    return this.store.weight;
  }

  /** Infinity when not bounded. */
  get maxWeight(): number {
    return this.store.maxWeight;
  }

  /** The value, or undefined. Counts, marks as used, restarts a sliding ttl. O(1). */
  get(key: K): V | undefined {
    const { store } = this;
    const slot = store.live(key);
    if (slot === 0) {
      this.missed(key);
      return undefined;
    }
    this.hits++;
    store.use(slot);
    if (this.sliding) this.startLife(slot, this.ownTtl(slot));
    return store.value(slot);
  }

  /** The value without counting or marking as used. O(1). */
  peek(key: K): V | undefined {
    const slot = this.store.seek(key);
    return slot === 0 ? undefined : this.store.value(slot);
  }

  /** Counts nothing, marks nothing as used. O(1). */
  has(key: K): boolean {
    return this.store.seek(key) !== 0;
  }

  /**
   * Stores a value as the most recently used. Amortised O(1); O(evicted) when it is heavy. A value heavier than
   * `maxEntryWeight` is not stored, and takes the key's old value with it. Throws what `weigh` throws and RangeError or
   * TypeError for its nonsense, changing nothing.
   */
  set(key: K, value: V, options?: SetOptions): this {
    const { ttl, weigh, jitter } = this.settings;
    const life = options?.ttl === undefined ? ttl : requireTtl('ttl', options.ttl);
    this.put(key, value, life, weightOf(options?.weight, weigh, value, key), jitter);
    this.store.deliver();
    return this;
  }

  /** True when a live entry was removed. An expired one goes as 'expire' and answers false. O(1). */
  delete(key: K): boolean {
    const slot = this.store.live(key);
    if (slot !== 0) this.store.remove(slot, 'delete');
    this.store.deliver();
    return slot !== 0;
  }

  /** Removes everything, least recently used first. O(size). */
  clear(): void {
    this.store.clear();
    this.store.deliver();
  }

  /** Marks as used and restarts the ttl: the one given, else the entry's own. False when not held. O(1). */
  touch(key: K, ttl?: number): boolean {
    if (ttl !== undefined) requireTtl('ttl', ttl);
    const slot = this.store.live(key);
    if (slot !== 0) {
      this.store.use(slot);
      this.startLife(slot, ttl ?? this.ownTtl(slot));
    }
    this.store.deliver();
    return slot !== 0;
  }

  /** Milliseconds left; undefined = not held, Infinity = never expires. O(1). */
  remainingTtl(key: K): number | undefined {
    const slot = this.store.find(key);
    // One look at the clock: a second one could find the entry dead.
    const left = slot === 0 ? 0 : this.store.deadline(slot) - this.store.clock.now();
    return left > 0 ? left : undefined;
  }

  /** Evicts up to `count` entries (default 1) and returns how many went: for memory pressure. O(removed). */
  evict(count = 1): number {
    requireCount('count', count);
    let gone = 0;
    for (; gone < count && this.store.size > 0; gone++) this.store.evict();
    this.store.deliver();
    return gone;
  }

  /** Changes `max`, evicting what no longer fits. O(removed). */
  resize(max: number): void {
    this.store.resize(requireMax(max));
    this.store.deliver();
  }

  /** Removes every expired entry and returns how many went. O(size). */
  purgeExpired(): number {
    let gone = 0;
    for (let slot = this.store.oldest(); slot !== 0;) {
      const next = this.store.newer(slot);
      if (this.store.isOver(slot)) {
        this.store.remove(slot, 'expire');
        gone++;
      }
      slot = next;
    }
    this.store.deliver();
    return gone;
  }

  /** Keys, most recently used first (as they came, with a policy), over a snapshot: O(size) memory, safe under any mutation. */
  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  entries(): IterableIterator<[K, V]> {
    return liveEntries(this.store);
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries();
  }

  /** A snapshot, least recently used first; `wallNow` is wall-clock milliseconds. O(size). */
  dump(wallNow: number): CacheDump<K, V> {
    return dumpOf(this.store, wallNow);
  }

  /**
   * Sets every entry of a dump that is still alive. A clock that stepped back never lengthens a life; a sliding ttl
   * goes on with what was left of it. Throws a TypeError or RangeError for what is no dump, changing nothing. O(entries).
   */
  load(dump: CacheDump<K, V>, wallNow: number): void {
    requireDump(dump, wallNow);
    for (const [key, value, left, weight] of survivors(dump, wallNow)) this.put(key, value, left, weight, 0);
    this.store.deliver();
  }

  stats(): CacheStats {
    const { hits, misses, inserts, updates, rejected } = this;
    return { hits, misses, inserts, updates, rejected, ...figuresOf(this.store) };
  }

  resetStats(): void {
    this.hits = this.misses = this.inserts = this.updates = this.rejected = 0;
    this.store.expired = this.store.evictions = 0;
  }

  private missed(key: K): void {
    this.misses++;
    this.settings.observer?.miss?.(key);
    this.store.deliver();
  }

  private put(key: K, value: V, ttl: number, weight: number, jitter: number): void {
    const { store } = this;
    let slot = this.store.live(key);
    if (weight > this.settings.maxEntryWeight) {
      this.rejected++;
      if (slot !== 0) store.remove(slot, 'replace');
      return;
    }
    if (slot === 0) {
      this.inserts++;
      slot = store.insert(key, value, weight);
    } else {
      this.updates++;
      const old = store.value(slot);
      if (!Object.is(old, value)) store.notify(old, key, 'replace');
      store.replace(slot, value, weight);
    }
    this.startLife(slot, ttl, jitter);
  }

  private startLife(slot: number, ttl: number, jitter = this.settings.jitter): void {
    const { store, settings, ttls } = this;
    if (ttls !== undefined || ttl !== settings.ttl) {
      this.ttls = noted(ttls ?? new Float64Array(16), slot, ttl === settings.ttl ? 0 : ttl, store.max);
    }
    let deadline = Infinity;
    if (ttl !== Infinity) deadline = store.clock.now() + (jitter === 0 ? ttl : ttl * (1 - jitter * settings.random()));
    store.setDeadline(slot, deadline);
  }

  private ownTtl(slot: number): number {
    const own = this.ttls?.[slot] ?? 0;
    return own === 0 ? this.settings.ttl : own;
  }
}
