/**
 * LoadingCache: a cache that fetches what it lacks, once however many callers ask.
 *
 * A shelf and a board: what is held of each key (`shelf.ts`; `freshness.ts` says what it may be used for), and the
 * loads under way (`board.ts`; `flight.ts` is one of them, `gate.ts` bounds how many run). This file is the meaning of
 * the calls; it decides nothing about time and counts no waiters.
 *
 * Invariants: at most one attached flight a key; a detached flight's result is never stored; a waiting `fetch`
 * settles once and never because of eviction, `set` or `delete`; invalidation beats staleness. A refresh that fails
 * leaves the old value and its times as they were; a ttl starts when its load completes. Absence and failure are
 * remembered where only `fetch` and `state` see them. Callbacks, abort listeners included, run when the state is
 * complete. Every read is a hit, answered at once from what is held, or a miss.
 */
import { requireFunction, requireTtl, weightOf } from '../check.ts';
import { figuresOf, liveEntries } from '../snapshot.ts';
import type { SetOptions } from '../types.ts';
import { Board } from './board.ts';
import { LoadCycleError, LoadQueueFullError } from './errors.ts';
import { decide } from './freshness.ts';
import {
  type FetchOptions,
  type Loader,
  type LoadingCacheOptions,
  type LoadingCacheStats,
  type Settings,
  settingsOf,
} from './options.ts';
import { Shelf } from './shelf.ts';

/**
 * A cache with single-flight loads.
 *
 * @throws TypeError or RangeError at construction when an option is of the wrong type or out of range.
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { LoadingCache } from '@loadbearing/lru-cache';
 * const squares = new LoadingCache<number, number>({ max: 100, load: (n) => n * n });
 * const answers = await Promise.all([squares.fetch(7), squares.fetch(7)]);
 * assert.deepEqual(answers, [49, 49]);
 * assert.equal(squares.stats().loads, 1);
 * ```
 */
export class LoadingCache<K, V extends object | string | number | bigint | boolean | symbol | null> {
  declare private readonly shelf: Shelf<K, V>;
  declare private readonly board: Board<K, V>;
  declare private readonly settings: Settings<K, V>;
  /** Whether a hit may refresh. */
  declare private readonly eager: boolean;
  private hits = 0;
  private misses = 0;
  private joined = 0;
  private staleServed = 0;

  constructor(options: LoadingCacheOptions<K, V>) {
    const settings = settingsOf(options);
    this.settings = settings;
    this.eager = settings.refreshAhead !== undefined || settings.xfetchBeta > 0;
    this.shelf = new Shelf(settings);
    this.board = new Board(this.shelf, settings);
  }

  /** Keys held, those with a remembered absence or failure included. */
  get size(): number {
    return this.shelf.store.size;
  }

  /** Loads running; those waiting for their turn are not counted. */
  get loadsInFlight(): number {
    return this.board.running;
  }

  /**
   * The value, loaded if need be; undefined = absent. Rejects with the load's error, LoadTimeoutError,
   * LoadQueueFullError, the reason of the caller's own signal, or LoadCycleError when the loader itself fetches the key
   * it loads before its first `await`. Later than that, it waits for itself until `timeoutMs`. Never rejects because of
   * eviction, `set` or `delete`. O(1) beside the load.
   */
  fetch(key: K, options?: FetchOptions<K, V>): Promise<V | undefined> {
    // Not an async function: callers who wait for one load share one promise.
    try {
      if (options === undefined) {
        const slot = this.shelf.fresh(key);
        if (slot !== 0) return this.hit(key, slot, this.settings.load);
      }
      return this.answer(key, options);
    } catch (error) {
      return rejection(error);
    }
  }

  /** A fresh value; counts and marks as used; never loads. O(1). */
  get(key: K): V | undefined {
    const { shelf } = this;
    const slot = shelf.fresh(key);
    if (slot !== 0) {
      this.hits++;
      shelf.store.use(slot);
      return shelf.value(slot);
    }
    this.missed(key);
    shelf.live(key, this.settings.clock.now());
    shelf.store.deliver();
    return undefined;
  }

  /** A fresh value; changes and counts nothing. O(1). */
  peek(key: K): V | undefined {
    const slot = this.shelf.fresh(key);
    return slot === 0 ? undefined : this.shelf.value(slot);
  }

  has(key: K): boolean {
    return this.shelf.fresh(key) !== 0;
  }

  /** What is held of a key; a failure shows only where nothing else is held. Changes and counts nothing. O(1). */
  state(key: K): 'fresh' | 'stale' | 'absent' | 'error' | 'missing' {
    const held = this.shelf.look(key, this.settings.clock.now());
    if (held === undefined) return 'missing';
    if (held === 'nothing') return 'error';
    if (held === 'absent') return 'absent';
    return this.shelf.fresh(key) === 0 ? 'stale' : 'fresh';
  }

  /**
   * Stores a value; a load under way cannot overwrite it. Throws what `weigh` throws, and TypeError or RangeError for
   * nonsense, changing nothing. Amortised O(1).
   */
  set(key: K, value: V, options?: SetOptions): this {
    if ((value as unknown) === undefined)
      throw new TypeError('value must not be undefined: that means "absent"; use delete');
    const ttl = options?.ttl === undefined ? this.settings.ttl : requireTtl('ttl', options.ttl);
    const weight = weightOf(options?.weight, this.settings.weigh, value, key);
    const cut = this.board.detach(key);
    this.shelf.put(key, value, this.board.lifeOf(ttl), weight, 0);
    this.board.abandonIfNeedless(key, cut);
    this.shelf.store.deliver();
    return this;
  }

  /** Forgets the key; a load under way cannot bring the old value back. True if a value was held. O(1). */
  delete(key: K): boolean {
    const { shelf } = this;
    const cut = this.board.detach(key);
    const slot = shelf.live(key, this.settings.clock.now());
    const held = slot !== 0 && shelf.held(slot) === 'value';
    if (slot !== 0) shelf.store.remove(slot, 'delete');
    this.board.abandonIfNeedless(key, cut);
    shelf.store.deliver();
    return held;
  }

  /** Forgets everything; no load under way can bring anything back. O(size). */
  clear(): void {
    const cut = this.board.detachAll();
    this.shelf.store.clear();
    for (const [key, flight] of cut) this.board.abandonIfNeedless(key, flight);
    this.shelf.store.deliver();
  }

  /** Fresh values, most recently used first (as they came, with a policy), over a snapshot. O(size). */
  *entries(): IterableIterator<[K, V]> {
    for (const [key] of liveEntries(this.shelf.store)) {
      const value = this.peek(key);
      if (value !== undefined) yield [key, value];
    }
  }

  stats(): LoadingCacheStats {
    const { hits, misses, joined } = this;
    const { inserts, updates, rejected, store } = this.shelf;
    const { loads, loadFailures, discarded, sentHome } = this.board;
    const staleServed = this.staleServed + sentHome;
    const counts = { hits, misses, inserts, updates, rejected, loads, loadFailures, joined, staleServed, discarded };
    return { ...counts, ...figuresOf(store) };
  }

  /** A fresh value, refreshed behind if it is time. */
  private hit(key: K, slot: number, loader: Loader<K, V>): Promise<V | undefined> {
    this.hits++;
    this.shelf.store.use(slot);
    const value = this.shelf.value(slot);
    if (this.eager && this.shelf.refreshDue(slot)) this.board.refreshBehind(key, loader);
    return Promise.resolve(value);
  }

  private answer(key: K, options: FetchOptions<K, V> | undefined): Promise<V | undefined> {
    const { shelf, settings } = this;
    const signal = options?.signal;
    if (signal?.aborted === true) return rejection(signal.reason);
    const loader = requireFunction('load', options?.load) ?? settings.load;
    const now = settings.clock.now();
    let slot = shelf.live(key, now);
    shelf.store.deliver();
    // Who was told that the old value is over may have changed the key, or put another into its slot.
    if (settings.onRemove !== undefined) slot = shelf.live(key, now);
    if (slot !== 0 && options?.refresh !== true) {
      const decision = decide(shelf.held(slot), shelf.freshUntil(slot), shelf.errorUntil(slot), now, settings);
      switch (decision) {
        case 'answer':
          return this.hit(key, slot, loader);
        case 'fail':
          this.hits++;
          shelf.store.use(slot);
          return rejection(shelf.error(slot));
        case 'answer stale, refresh behind':
        case 'answer stale': {
          shelf.store.use(slot);
          const outcome = this.stale(shelf.value(slot));
          if (decision === 'answer stale, refresh behind') this.board.refreshBehind(key, loader);
          return outcome;
        }
        case 'load':
      }
    }
    return this.waitFor(key, loader, signal);
  }

  /** Joins the key's load, or starts one. */
  private waitFor(key: K, loader: Loader<K, V>, signal: AbortSignal | undefined): Promise<V | undefined> {
    const { board } = this;
    const joined = board.get(key);
    if (joined?.starting === true) throw new LoadCycleError();
    const refused = joined === undefined && board.full;
    if (refused || joined?.late === true) {
      const value = this.shelf.standIn(key);
      if (value !== undefined) return this.stale(value);
    }
    this.missed(key);
    if (refused) throw new LoadQueueFullError(this.settings.maxQueuedLoads);
    if (joined === undefined) return board.load(key, loader, signal);
    this.joined++;
    return board.join(key, joined, signal);
  }

  /** Answers a stale value at once. */
  private stale(value: V | undefined): Promise<V | undefined> {
    this.hits++;
    this.staleServed++;
    return Promise.resolve(value);
  }

  private missed(key: K): void {
    this.misses++;
    this.settings.observer?.miss?.(key);
  }
}

/** Whatever was thrown is passed on as it came, be it an Error or not. */
function rejection(reason: unknown): Promise<never> {
  return new Promise((_, reject: (error: Error) => void) => reject(reason as Error));
}
