/**
 * LoadingCache: a cache that fetches what it lacks, once however many callers ask.
 *
 * The life of an entry: fresh until load completion + ttl; then stale, served at once while a
 * refresh runs behind (`staleWhileRevalidateMs`), or only if the load fails (`staleIfErrorMs`,
 * RFC 5861's two rules); then gone. The store's deadline is the end of the longer of the two, the
 * record keeps the end of freshness.
 *
 * Invariants: at most one attached flight a key; a detached flight's result is never stored;
 * a waiting `fetch` settles once and never because of eviction, `set` or `delete`; invalidation
 * beats staleness. A refresh that fails leaves the old value and its deadlines as they were.
 * Absence and failure are remembered as records of weight 1 that only `fetch` and `state` see.
 */
import { requireDuration, requireNumber, requireTtl } from '../check.ts';
import { systemClock, systemRandom, systemTimers } from '../environment.ts';
import { LruCache } from '../lru-cache.ts';
import type { CacheStats, Clock, LruCacheOptions, RemovalReason, SetOptions, Timers } from '../types.ts';
import { LoadQueueFullError, LoadTimeoutError } from './errors.ts';
import { Flight, type Outcome } from './flight.ts';
import { Gate } from './gate.ts';

export interface LoadContext<V> {
  /** Aborts when nobody waits any more, on time-out, or when nobody needs the result. */
  readonly signal: AbortSignal;
  /** The expired value still held, if any. */
  readonly stale: V | undefined;
  /** Lifetime of this load's result in milliseconds, above 0. */
  readonly setTtl: (ttl: number) => void;
}

/** Loads a value; `undefined` = there is none. */
export type Loader<K, V> = (key: K, context: LoadContext<V>) => V | undefined | PromiseLike<V | undefined>;

export interface LoadingCacheOptions<K, V> extends Omit<LruCacheOptions<K, V>, 'ttlFrom'> {
  readonly load: Loader<K, V>;
  /** After the ttl: answer stale at once, refresh behind. Default 0. */
  readonly staleWhileRevalidateMs?: number;
  /** After the ttl: answer stale if the load fails. Default 0. */
  readonly staleIfErrorMs?: number;
  /** Hard bound of one load, 1..2^31-1. Default none. */
  readonly timeoutMs?: number;
  /** How long "there is none" is remembered. Default 0. */
  readonly absentTtlMs?: number;
  /** How long a failure is answered again without a load. Default 0. */
  readonly errorTtlMs?: number;
  /** Default Infinity. */
  readonly maxConcurrentLoads?: number;
  /** Default 1000. */
  readonly maxQueuedLoads?: number;
  /** Told of failures nobody waits for. What it throws is dropped. */
  readonly onLoadError?: (error: unknown, key: K) => void;
  readonly timers?: Timers;
}

export interface FetchOptions<K, V> {
  /** Rejects this caller alone. */
  readonly signal?: AbortSignal;
  /** Replaces the cache's loader if this call starts the load. */
  readonly load?: Loader<K, V>;
  /** Load even if fresh, or a failure is remembered. */
  readonly refresh?: boolean;
}

export interface LoadingCacheStats extends CacheStats {
  readonly loads: number;
  readonly loadFailures: number;
  readonly joined: number;
  readonly staleServed: number;
  readonly discarded: number;
}

interface Entry<V> {
  readonly kind: 'value' | 'absent' | 'error';
  readonly value: V | undefined;
  readonly freshUntil: number;
  error: unknown;
  errorUntil: number;
  /** Set when a load's "there is none" removes the value: a replacement, not a deletion. */
  replaced: boolean;
}

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
  private readonly tasks = new Map<Flight<V>, () => void>();
  private readonly options: LoadingCacheOptions<K, V>;
  private readonly gate: Gate;
  private readonly clock: Clock;
  private readonly timers: Timers;
  private readonly ttl: number;
  private readonly swr: number;
  private readonly sie: number;
  private readonly absentTtl: number;
  private readonly errorTtl: number;
  private readonly queueBound: number;
  private running = 0;
  private hits = 0;
  private misses = 0;
  private loads = 0;
  private loadFailures = 0;
  private joined = 0;
  private staleServed = 0;
  private discarded = 0;

  constructor(options: LoadingCacheOptions<K, V>) {
    if (typeof options.load !== 'function') throw new TypeError(`load must be a function; got ${typeof options.load}`);
    if ('ttlFrom' in options) throw new TypeError('ttlFrom is not an option of LoadingCache: a ttl runs from the load');
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.timers = options.timers ?? systemTimers;
    this.ttl = options.ttl === undefined ? Infinity : requireTtl('ttl', options.ttl);
    this.swr = requireDuration('staleWhileRevalidateMs', options.staleWhileRevalidateMs ?? 0);
    this.sie = requireDuration('staleIfErrorMs', options.staleIfErrorMs ?? 0);
    this.absentTtl = requireDuration('absentTtlMs', options.absentTtlMs ?? 0);
    this.errorTtl = requireDuration('errorTtlMs', options.errorTtlMs ?? 0);
    if (options.timeoutMs !== undefined) {
      requireNumber('timeoutMs', options.timeoutMs, 'in 1..2147483647', (n) => n >= 1 && n <= 2147483647);
    }
    const limit = requireNumber(
      'maxConcurrentLoads',
      options.maxConcurrentLoads ?? Infinity,
      'an integer of at least 1, or Infinity',
      (n) => n === Infinity || (Number.isInteger(n) && n >= 1),
    );
    this.queueBound = requireNumber(
      'maxQueuedLoads',
      options.maxQueuedLoads ?? 1000,
      'an integer of at least 0',
      (n) => Number.isInteger(n) && n >= 0,
    );
    this.gate = new Gate(limit, this.queueBound);
    const { max, maxWeight, maxEntryWeight, weigh, onRemove, ttlJitter } = options;
    this.inner = new LruCache<K, Entry<V>>({
      ...(max === undefined ? {} : { max }),
      ...(maxWeight === undefined ? {} : { maxWeight }),
      ...(maxEntryWeight === undefined ? {} : { maxEntryWeight }),
      ...(ttlJitter === undefined ? {} : { ttlJitter, random: (): number => 0 }),
      ...(weigh === undefined
        ? {}
        : { weigh: (e: Entry<V>, key: K): number => (e.kind === 'value' ? weigh(e.value as V, key) : 1) }),
      ...(onRemove === undefined
        ? {}
        : { onRemove: (e: Entry<V>, key: K, why: RemovalReason): void => this.removed(e, key, why, onRemove) }),
      clock: this.clock,
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
  async fetch(key: K, options?: FetchOptions<K, V>): Promise<V | undefined> {
    const signal = options?.signal;
    if (signal?.aborted === true) throw signal.reason;
    const loader = options?.load ?? this.options.load;
    const entry = this.inner.get(key);
    if (entry !== undefined && options?.refresh !== true) {
      if (this.isFresh(entry)) {
        this.hits++;
        if (entry.kind === 'error') throw entry.error;
        return entry.value;
      }
      const now = this.clock.now();
      const age = now - entry.freshUntil;
      const failing = now < entry.errorUntil;
      if (age < this.swr || (failing && age < this.sie)) {
        this.staleServed++;
        if (!failing && !this.flights.has(key)) this.start(key, loader, true);
        return entry.value;
      }
      if (failing) throw entry.error;
    }
    this.misses++;
    let flight = this.flights.get(key);
    if (flight !== undefined) this.joined++;
    else flight = this.start(key, loader, false);
    if (flight === undefined) {
      const stale = this.servable(key);
      if (stale === undefined) throw new LoadQueueFullError(this.queueBound);
      this.staleServed++;
      return stale.value;
    }
    // A loader that aborted the caller's own signal, or a synchronous outcome, is seen by the waiter.
    const joinedFlight = flight;
    return joinedFlight.wait(signal, (reason) => this.abandon(key, joinedFlight, reason));
  }

  /** A fresh value; counts and marks as used; never loads. */
  get(key: K): V | undefined {
    const entry = this.inner.get(key);
    if (entry?.kind === 'value' && this.isFresh(entry)) {
      this.hits++;
      return entry.value;
    }
    this.misses++;
    return undefined;
  }

  peek(key: K): V | undefined {
    const entry = this.inner.peek(key);
    return entry?.kind === 'value' && this.isFresh(entry) ? entry.value : undefined;
  }

  has(key: K): boolean {
    return this.peek(key) !== undefined;
  }

  state(key: K): 'fresh' | 'stale' | 'absent' | 'error' | 'missing' {
    const entry = this.inner.peek(key);
    if (entry === undefined) return 'missing';
    if (entry.kind !== 'value') return entry.kind;
    return this.isFresh(entry) ? 'fresh' : 'stale';
  }

  /** Stores a value; a load under way cannot overwrite it. */
  set(key: K, value: V, options?: SetOptions): this {
    if ((value as unknown) === undefined)
      throw new TypeError('value must not be undefined: that means "absent"; use delete');
    const ttl = options?.ttl === undefined ? this.ttl : requireTtl('ttl', options.ttl);
    this.detach(key);
    this.store(key, 'value', value, ttl, options?.weight);
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
      if (entry.kind === 'value' && this.isFresh(entry)) yield [key, entry.value as V];
    }
  }

  stats(): LoadingCacheStats {
    const { hits, misses, loads, loadFailures, joined, staleServed, discarded } = this;
    return { ...this.inner.stats(), hits, misses, loads, loadFailures, joined, staleServed, discarded };
  }

  private isFresh(entry: Entry<V>): boolean {
    return entry.freshUntil === Infinity || this.clock.now() < entry.freshUntil;
  }

  private store(key: K, kind: Entry<V>['kind'], value: V | undefined, ttl: number, weight?: number): void {
    const jitter = kind === 'value' ? (this.options.ttlJitter ?? 0) : 0;
    const life = jitter === 0 ? ttl : ttl * (1 - jitter * (this.options.random ?? systemRandom)());
    // Fully jittered to nothing: it would be stale from the start, and a ttl must be above 0.
    const held = Math.max(life + (kind === 'value' ? Math.max(this.swr, this.sie) : 0), Number.MIN_VALUE);
    const freshUntil = this.clock.now() + life;
    const entry: Entry<V> = { kind, value, freshUntil, error: undefined, errorUntil: 0, replaced: false };
    this.inner.set(key, entry, { ttl: held, ...(weight === undefined ? {} : { weight }) });
  }

  private removed(e: Entry<V>, key: K, why: RemovalReason, tell: (v: V, k: K, why: RemovalReason) => void): void {
    if (e.kind !== 'value') return;
    if (why === 'replace') {
      const now = this.inner.peek(key);
      if (now?.kind === 'value' && Object.is(now.value, e.value)) return;
    }
    tell(e.value as V, key, e.replaced ? 'replace' : why);
  }

  /** Starts a load or queues it; undefined = the queue is full. */
  private start(key: K, loader: Loader<K, V>, background: boolean): Flight<V> | undefined {
    const flight = new Flight<V>(background);
    const task = (): void => this.run(key, flight, loader);
    // Registered first: the loader may call the cache about its own key.
    this.flights.set(key, flight);
    this.tasks.set(flight, task);
    if (this.gate.enter(task)) return flight;
    this.tasks.delete(flight);
    this.flights.delete(key);
    if (background) this.report(new LoadQueueFullError(this.queueBound), key);
    return undefined;
  }

  private run(key: K, flight: Flight<V>, loader: Loader<K, V>): void {
    this.tasks.delete(flight);
    this.loads++;
    this.running++;
    const { timeoutMs } = this.options;
    let ttl = this.ttl;
    let timer: unknown;
    const finish = (outcome: Outcome<V>): void => {
      if (flight.done) return;
      flight.done = true;
      if (timeoutMs !== undefined) this.timers.clear(timer);
      this.running--;
      this.land(key, flight, outcome, ttl);
      this.gate.leave();
    };
    if (timeoutMs !== undefined) {
      timer = this.timers.set(() => {
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
    // In a promise job, so that nothing settles before its waiters are in, and a throw is a rejection.
    new Promise<V | undefined>((resolve) => {
      resolve(loader(key, { signal: flight.controller.signal, stale, setTtl }));
    }).then(
      (value) => finish({ ok: true, value }),
      (error: unknown) => finish({ ok: false, error }),
    );
  }

  private land(key: K, flight: Flight<V>, outcome: Outcome<V>, ttl: number): void {
    const attached = flight.attached;
    if (attached) this.flights.delete(key);
    else this.discarded++;
    let answer = outcome;
    if (!outcome.ok) {
      this.loadFailures++;
      if (attached) answer = this.failed(key, flight, outcome);
      if (flight.background) this.report(outcome.error, key);
    } else if (attached) {
      try {
        this.keep(key, outcome.value, ttl);
      } catch (error) {
        // `weigh` or `onRemove` threw: the callers' value is good all the same.
        this.report(error, key);
      }
    }
    flight.settleAll(answer);
  }

  private keep(key: K, value: V | undefined, ttl: number): void {
    if (value !== undefined) {
      this.store(key, 'value', value, ttl);
      return;
    }
    const old = this.inner.peek(key);
    if (old !== undefined) old.replaced = true;
    if (this.absentTtl > 0) this.store(key, 'absent', undefined, this.absentTtl);
    else this.inner.delete(key);
  }

  private failed(key: K, flight: Flight<V>, outcome: { ok: false; error: unknown }): Outcome<V> {
    const entry = this.inner.peek(key);
    const now = this.clock.now();
    if (this.errorTtl > 0) {
      if (entry === undefined || entry.kind === 'error') this.store(key, 'error', undefined, this.errorTtl);
      const marked = this.inner.peek(key);
      if (marked !== undefined) {
        marked.error = outcome.error;
        marked.errorUntil = now + this.errorTtl;
      }
    }
    const stale = this.servable(key);
    if (stale === undefined) return outcome;
    this.staleServed += flight.waiters.size;
    return { ok: true, value: stale.value };
  }

  /** The value that `staleIfErrorMs` allows as an answer now. */
  private servable(key: K): Entry<V> | undefined {
    if (this.sie === 0) return undefined;
    const entry = this.inner.peek(key);
    return entry?.kind === 'value' && this.clock.now() - entry.freshUntil < this.sie ? entry : undefined;
  }

  private detach(key: K): void {
    const flight = this.flights.get(key);
    if (flight === undefined) return;
    this.flights.delete(key);
    flight.attached = false;
    if (flight.waiters.size === 0) this.abandon(key, flight, undefined);
  }

  /** Nobody needs the result: give up the turn in the queue, or tell the loader to stop. */
  private abandon(key: K, flight: Flight<V>, reason: unknown): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
    flight.attached = false;
    const task = this.tasks.get(flight);
    if (task !== undefined) {
      this.tasks.delete(flight);
      this.gate.cancel(task);
    }
    flight.controller.abort(reason);
  }

  private report(error: unknown, key: K): void {
    try {
      this.options.onLoadError?.(error, key);
    } catch {
      // There is nobody left to tell, and an unhandled rejection would end the process.
    }
  }
}
