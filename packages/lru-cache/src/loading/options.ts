/**
 * What a LoadingCache may be told, and the refusal of everything else.
 *
 * `settingsOf` is the only reader of the options: it answers a record in which every default is filled in and every
 * number is in range, or throws a TypeError or RangeError that names the option, the value and the range.
 * All durations are milliseconds.
 */
import { requireCount, requireDuration, requireFunction, requireMethods, requireNumber, requireTtl } from '../check.ts';
import { systemClock, systemRandom, systemTimers } from '../environment.ts';
import type { CacheStats, Clock, LruCacheOptions, Timers } from '../types.ts';

export interface LoadContext<V> {
  /** Aborts when nobody waits any more, on time-out, or when nobody needs the result. */
  readonly signal: AbortSignal;
  /** The value still held, if any: expired, or about to be refreshed. */
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

/** The options of loading, checked and complete. */
export interface Settings<K, V> {
  readonly load: Loader<K, V>;
  readonly ttl: number;
  readonly jitter: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly timeoutMs: number | undefined;
  readonly absentTtlMs: number;
  readonly errorTtlMs: number;
  readonly maxConcurrentLoads: number;
  readonly maxQueuedLoads: number;
  readonly weigh: ((value: V, key: K) => number) | undefined;
  readonly onLoadError: ((error: unknown, key: K) => void) | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
}

export function settingsOf<K, V>(options: LoadingCacheOptions<K, V>): Settings<K, V> {
  if ('ttlFrom' in options) throw new TypeError('ttlFrom is not an option of LoadingCache: a ttl runs from the load');
  requireFunction('load', options.load);
  const { timeoutMs } = options;
  if (timeoutMs !== undefined) {
    requireNumber('timeoutMs', timeoutMs, 'in 1..2147483647', (n) => n >= 1 && n <= 2147483647);
  }
  return {
    load: options.load,
    ttl: options.ttl === undefined ? Infinity : requireTtl('ttl', options.ttl),
    jitter: options.ttlJitter ?? 0,
    staleWhileRevalidateMs: requireDuration('staleWhileRevalidateMs', options.staleWhileRevalidateMs ?? 0),
    staleIfErrorMs: requireDuration('staleIfErrorMs', options.staleIfErrorMs ?? 0),
    timeoutMs,
    absentTtlMs: requireDuration('absentTtlMs', options.absentTtlMs ?? 0),
    errorTtlMs: requireDuration('errorTtlMs', options.errorTtlMs ?? 0),
    maxConcurrentLoads: requireNumber(
      'maxConcurrentLoads',
      options.maxConcurrentLoads ?? Infinity,
      'an integer of at least 1, or Infinity',
      (n) => n === Infinity || (Number.isInteger(n) && n >= 1),
    ),
    maxQueuedLoads: requireCount('maxQueuedLoads', options.maxQueuedLoads ?? 1000),
    weigh: requireFunction('weigh', options.weigh),
    onLoadError: requireFunction('onLoadError', options.onLoadError),
    clock: requireMethods('clock', options.clock, ['now']) ?? systemClock,
    timers: requireMethods('timers', options.timers, ['set', 'clear']) ?? systemTimers,
    random: requireFunction('random', options.random) ?? systemRandom,
  };
}
