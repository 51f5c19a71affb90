/**
 * LoadingCache: a cache that fetches what it lacks, once however many callers ask.
 *
 * Two stores and a queue: an LruCache of records (`freshness.ts` says what a record may be used for), a map of the
 * loads under way (`flight.ts`), and the gate that bounds how many run (`gate.ts`). This file moves keys between
 * them; it decides nothing about time and counts no waiters.
 *
 * Invariants: at most one attached flight a key; a detached flight's result is never stored; a waiting `fetch`
 * settles once and never because of eviction, `set` or `delete`; invalidation beats staleness. A refresh that fails
 * leaves the old value and its deadlines as they were. Absence and failure are remembered as records of weight 1 that
 * only `fetch` and `state` see. Whatever a callback throws, a load lands: its callers are answered, its place is free.
 */
import { requireTtl, weightOf } from '../check.ts';
import { LruCache } from '../lru-cache.ts';
import type { RemovalReason, SetOptions } from '../types.ts';
import { LoadQueueFullError, LoadTimeoutError } from './errors.ts';
import { Flight, type Outcome } from './flight.ts';
import { type Entry, blame, decide, entryOf, standsIn } from './freshness.ts';
import { Gate } from './gate.ts';
import {
  type FetchOptions,
  type Loader,
  type LoadingCacheOptions,
  type LoadingCacheStats,
  type Settings,
  settingsOf,
} from './options.ts';

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
  private readonly inner: LruCache<K, Entry<V>>;
  private readonly flights = new Map<K, Flight<V>>();
  private readonly settings: Settings<K, V>;
  private readonly gate: Gate;
  /** A heavier value is not stored. */
  private readonly heaviest: number;
  /** What the clock said when `inner` last looked, which it does for every record it finds that can expire. */
  private instant = 0;
  private running = 0;
  private hits = 0;
  private misses = 0;
  private loads = 0;
  private loadFailures = 0;
  private joined = 0;
  private staleServed = 0;
  private discarded = 0;

  constructor(options: LoadingCacheOptions<K, V>) {
    const settings = settingsOf(options);
    this.settings = settings;
    this.gate = new Gate(settings.maxConcurrentLoads, settings.maxQueuedLoads);
    const { max, maxWeight, maxEntryWeight, onRemove, ttlJitter } = options;
    this.heaviest = Math.min(maxWeight ?? Infinity, maxEntryWeight ?? Infinity);
    // The jitter is checked there and applied here, where a record's freshness and its end move together.
    this.inner = new LruCache<K, Entry<V>>({
      ...(max === undefined ? {} : { max }),
      ...(maxWeight === undefined ? {} : { maxWeight }),
      ...(maxEntryWeight === undefined ? {} : { maxEntryWeight }),
      ...(ttlJitter === undefined ? {} : { ttlJitter, random: (): number => 0 }),
      ...(onRemove === undefined
        ? {}
        : { onRemove: (e: Entry<V>, key: K, why: RemovalReason): void => bidFarewell(e, key, why, onRemove) }),
      clock: { now: () => (this.instant = settings.clock.now()) },
    });
  }

  get size(): number {
    return this.inner.size;
  }

  /** Loads running; those waiting for their turn are not counted. */
  get loadsInFlight(): number {
    return this.running;
  }

  /** The value, loaded if need be; undefined = absent. Never rejects because of eviction, delete or set. */
  fetch(key: K, options?: FetchOptions<K, V>): Promise<V | undefined> {
    // Not an async function: callers who wait for one load share one promise.
    try {
      return this.answer(key, options);
    } catch (error) {
      return rejection(error);
    }
  }

  /** A fresh value; counts and marks as used; never loads. */
  get(key: K): V | undefined {
    const entry = this.inner.get(key);
    if (entry?.kind === 'value' && this.instant < entry.freshUntil) {
      this.hits++;
      return entry.value;
    }
    this.misses++;
    return undefined;
  }

  peek(key: K): V | undefined {
    const entry = this.inner.peek(key);
    return entry?.kind === 'value' && this.instant < entry.freshUntil ? entry.value : undefined;
  }

  has(key: K): boolean {
    return this.peek(key) !== undefined;
  }

  state(key: K): 'fresh' | 'stale' | 'absent' | 'error' | 'missing' {
    const entry = this.inner.peek(key);
    if (entry === undefined) return 'missing';
    if (entry.kind !== 'value') return entry.kind;
    return this.instant < entry.freshUntil ? 'fresh' : 'stale';
  }

  /** Stores a value; a load under way cannot overwrite it. Throws what `weigh` throws, changing nothing. */
  set(key: K, value: V, options?: SetOptions): this {
    if ((value as unknown) === undefined)
      throw new TypeError('value must not be undefined: that means "absent"; use delete');
    const ttl = options?.ttl === undefined ? this.settings.ttl : requireTtl('ttl', options.ttl);
    const weight = weightOf(options?.weight, this.settings.weigh, value, key);
    this.detach(key);
    this.storeValue(key, value, ttl, weight);
    return this;
  }

  /** Forgets the key; a load under way cannot bring the old value back. True if a value was held. */
  delete(key: K): boolean {
    this.detach(key);
    const held = this.inner.peek(key)?.kind === 'value';
    this.inner.delete(key);
    return held;
  }

  clear(): void {
    for (const key of [...this.flights.keys()]) this.detach(key);
    this.inner.clear();
  }

  /** Fresh values, most recently used first. O(size). */
  *entries(): IterableIterator<[K, V]> {
    for (const [key, entry] of this.inner) {
      if (entry.kind === 'value' && this.instant < entry.freshUntil) yield [key, entry.value as V];
    }
  }

  stats(): LoadingCacheStats {
    const { hits, misses, loads, loadFailures, joined, staleServed, discarded } = this;
    return { ...this.inner.stats(), hits, misses, loads, loadFailures, joined, staleServed, discarded };
  }

  private answer(key: K, options: FetchOptions<K, V> | undefined): Promise<V | undefined> {
    const entry = this.inner.get(key);
    const signal = options?.signal;
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const loader = options?.load ?? this.settings.load;
    if (entry !== undefined && options?.refresh !== true) {
      switch (decide(entry, this.instant, this.settings)) {
        case 'answer':
          this.hits++;
          return Promise.resolve(entry.value);
        case 'fail':
          this.hits++;
          return rejection(entry.error);
        case 'answer stale, refresh behind':
          this.staleServed++;
          if (!this.flights.has(key)) this.refreshBehind(key, loader);
          return Promise.resolve(entry.value);
        case 'answer stale':
          this.staleServed++;
          return Promise.resolve(entry.value);
        case 'load':
      }
    }
    this.misses++;
    const joined = this.flights.get(key);
    if (joined !== undefined) {
      this.joined++;
      return this.join(key, joined, signal);
    }
    if (this.gate.full) {
      const stale = this.standIn(key);
      if (stale === undefined) throw new LoadQueueFullError(this.settings.maxQueuedLoads);
      this.staleServed++;
      return Promise.resolve(stale.value);
    }
    const flight = new Flight<V>(false);
    // Waited for and registered before it starts: the loader may call the cache about its own key.
    const outcome = this.join(key, flight, signal);
    this.start(key, flight, loader);
    return outcome;
  }

  private join(key: K, flight: Flight<V>, signal: AbortSignal | undefined): Promise<V | undefined> {
    return flight.wait(signal, (reason) => this.abandon(key, flight, reason));
  }

  private refreshBehind(key: K, loader: Loader<K, V>): void {
    if (this.gate.full) this.report(new LoadQueueFullError(this.settings.maxQueuedLoads), key);
    else this.start(key, new Flight<V>(true), loader);
  }

  /** Starts a load, or queues it; the gate is not full. */
  private start(key: K, flight: Flight<V>, loader: Loader<K, V>): void {
    this.flights.set(key, flight);
    flight.turn = (): void => this.run(key, flight, loader);
    this.gate.enter(flight.turn);
  }

  private run(key: K, flight: Flight<V>, loader: Loader<K, V>): void {
    flight.turn = undefined;
    this.loads++;
    this.running++;
    const { timeoutMs, timers } = this.settings;
    let ttl = this.settings.ttl;
    let timer: unknown;
    const finish = (outcome: Outcome<V>): void => {
      if (flight.done) return;
      flight.done = true;
      if (timeoutMs !== undefined) timers.clear(timer);
      this.running--;
      this.land(key, flight, outcome, ttl);
      this.gate.leave();
    };
    if (timeoutMs !== undefined) {
      timer = timers.set(() => {
        const error = new LoadTimeoutError(timeoutMs);
        finish({ ok: false, error });
        flight.controller.abort(error);
      }, timeoutMs);
    }
    const entry = this.inner.peek(key);
    const stale = entry?.kind === 'value' ? entry.value : undefined;
    const setTtl = (given: number): void => {
      ttl = requireTtl('ttl', given);
    };
    // In a promise job, so that a throw is a rejection and nothing lands before its caller is back.
    new Promise<V | undefined>((resolve) => {
      resolve(loader(key, { signal: flight.controller.signal, stale, setTtl }));
    }).then(
      (value) => finish({ ok: true, value }),
      (error: unknown) => finish({ ok: false, error }),
    );
  }

  private land(key: K, flight: Flight<V>, outcome: Outcome<V>, ttl: number): void {
    let answer = outcome;
    if (flight.attached) this.flights.delete(key);
    else this.discarded++;
    if (!outcome.ok) this.loadFailures++;
    if (flight.attached) {
      try {
        if (outcome.ok) this.keep(key, outcome.value, ttl);
        else this.remember(key, outcome.error);
      } catch (error) {
        // `weigh` or `onRemove` threw: the callers' outcome is good all the same.
        this.report(error, key);
      }
      const stale = outcome.ok ? undefined : this.standIn(key);
      if (stale !== undefined) {
        this.staleServed += flight.callers;
        answer = { ok: true, value: stale.value };
      }
    }
    if (!outcome.ok && flight.background) this.report(outcome.error, key);
    flight.settleAll(answer);
  }

  private keep(key: K, value: V | undefined, ttl: number): void {
    if (value !== undefined) {
      this.storeValue(key, value, ttl, weightOf(undefined, this.settings.weigh, value, key));
      return;
    }
    const old = this.inner.peek(key);
    if (old !== undefined) old.farewell = 'replaced';
    const { absentTtlMs, clock } = this.settings;
    if (absentTtlMs === 0) this.inner.delete(key);
    else this.inner.set(key, entryOf<V>('absent', undefined, clock.now() + absentTtlMs), { ttl: absentTtlMs });
  }

  /** A failure goes into the record of the old value or absence, else into one of its own. */
  private remember(key: K, error: unknown): void {
    const { errorTtlMs, clock } = this.settings;
    if (errorTtlMs === 0) return;
    const until = clock.now() + errorTtlMs;
    const held = this.inner.peek(key);
    if (held !== undefined && held.kind !== 'error') blame(held, error, until);
    else this.inner.set(key, blame(entryOf<V>('error', undefined, until), error, until), { ttl: errorTtlMs });
  }

  private storeValue(key: K, value: V, ttl: number, weight: number): void {
    const { jitter, random, clock, staleWhileRevalidateMs, staleIfErrorMs } = this.settings;
    const life = jitter === 0 || ttl === Infinity ? ttl : ttl * (1 - jitter * random());
    const old = this.inner.peek(key);
    if (old?.kind === 'value' && Object.is(old.value, value) && weight <= this.heaviest) old.farewell = 'silent';
    const entry = entryOf<V>('value', value, clock.now() + life);
    // Fully jittered to nothing: it would be stale from the start, and a ttl must be above 0.
    const held = Math.max(life + Math.max(staleWhileRevalidateMs, staleIfErrorMs), Number.MIN_VALUE);
    this.inner.set(key, entry, { ttl: held, weight });
  }

  /** The value that may be answered in place of a load that failed. */
  private standIn(key: K): Entry<V> | undefined {
    const entry = this.inner.peek(key);
    return standsIn(entry, this.instant, this.settings) ? entry : undefined;
  }

  private detach(key: K): void {
    const flight = this.flights.get(key);
    if (flight === undefined) return;
    this.flights.delete(key);
    flight.attached = false;
    if (flight.needless) this.abandon(key, flight, undefined);
  }

  /** Nobody needs the result: give up the turn in the queue, or tell the loader to stop. */
  private abandon(key: K, flight: Flight<V>, reason: unknown): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
    flight.attached = false;
    if (flight.turn !== undefined) this.gate.cancel(flight.turn);
    flight.turn = undefined;
    flight.controller.abort(reason);
  }

  private report(error: unknown, key: K): void {
    try {
      this.settings.onLoadError?.(error, key);
    } catch {
      // There is nobody left to tell, and an unhandled rejection would end the process.
    }
  }
}

/** Tells the owner of the values that leave, and of nothing else. */
function bidFarewell<K, V>(
  entry: Entry<V>,
  key: K,
  why: RemovalReason,
  tell: (value: V, key: K, why: RemovalReason) => void,
): void {
  if (entry.kind !== 'value' || (why === 'replace' && entry.farewell === 'silent')) return;
  tell(entry.value as V, key, entry.farewell === 'replaced' ? 'replace' : why);
}

/** Whatever was thrown is passed on as it came, be it an Error or not. */
function rejection(reason: unknown): Promise<never> {
  return new Promise((_, reject: (error: Error) => void) => reject(reason as Error));
}
