/**
 * What a LoadingCache may be told, and the refusal of everything else.
 *
 * `settingsOf` is the only reader of the options: it answers a record in which every default is filled in and every
 * number is in range, or throws a TypeError or RangeError that names the option, the value and the range.
 * All durations are milliseconds.
 *
 * A ttl that runs from the last access is refused: it would keep a popular key for ever without a load, and what a
 * loading cache promises is that no answer is older than its ttl and the windows after it.
 */
import { type CacheSettings, cacheSettings } from '../cache-options.ts';
import {
  requireCount,
  requireDelay,
  requireDuration,
  requireFunction,
  requireMethods,
  requireNumber,
  requireObject,
  requirePositive,
  requireWithin,
} from '../check.ts';
import { exactClock, systemTimers } from '../environment.ts';
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
  /**
   * Hard bound of one load, 1..2^31-1: it fails, its signal aborts, its place in the gate is free, and what it brings
   * later is dropped. Default none.
   */
  readonly timeoutMs?: number;
  /**
   * After so long, 1..2^31-1, callers who wait get the stale value if `staleIfErrorMs` allows it, and so does whoever
   * asks meanwhile; the load goes on behind. Counted from the first caller, time in the queue included. Default none.
   */
  readonly softTimeoutMs?: number;
  /** 0..1: a `fetch` that hits after this part of the ttl refreshes the value behind. Default off. */
  readonly refreshAhead?: number;
  /** Above 0: a `fetch` that hits may refresh behind, the likelier the nearer the end (XFetch; 1 is usual). Default off. */
  readonly xfetchBeta?: number;
  /** How long "there is none" is remembered. Default 0. */
  readonly absentTtlMs?: number;
  /** How long a failure is answered again without a load. Default 0. */
  readonly errorTtlMs?: number;
  /** Default Infinity. */
  readonly maxConcurrentLoads?: number;
  /** Default 1000. */
  readonly maxQueuedLoads?: number;
  /** Told of failures that no caller sees: of loads behind, and where a stale value stood in. What it throws is dropped. */
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
export interface Settings<K, V> extends CacheSettings<K, V> {
  readonly load: Loader<K, V>;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly timeoutMs: number | undefined;
  readonly softTimeoutMs: number | undefined;
  readonly refreshAhead: number | undefined;
  /** 0 = off. */
  readonly xfetchBeta: number;
  readonly absentTtlMs: number;
  readonly errorTtlMs: number;
  readonly maxConcurrentLoads: number;
  readonly maxQueuedLoads: number;
  readonly onLoadError: ((error: unknown, key: K) => void) | undefined;
  /** Times the loads: the system's is coarse, and a load may be shorter than it can tell. */
  readonly stopwatch: Clock;
  readonly timers: Timers;
}

export function settingsOf<K, V>(options: LoadingCacheOptions<K, V>): Settings<K, V> {
  const o = requireObject('options', options);
  if ('ttlFrom' in o) throw new TypeError('ttlFrom is not an option of LoadingCache: a ttl runs from the load');
  if (!('load' in o) || (o.load as unknown) === undefined) throw new TypeError('load is required; got undefined');
  const softTimeoutMs = optional(requireDelay, 'softTimeoutMs', o.softTimeoutMs);
  const staleIfErrorMs = requireDuration('staleIfErrorMs', o.staleIfErrorMs ?? 0);
  if (softTimeoutMs !== undefined && staleIfErrorMs === 0) {
    throw new RangeError('softTimeoutMs answers stale values, so staleIfErrorMs must be above 0; got 0');
  }
  return {
    ...cacheSettings(o),
    load: requireFunction('load', o.load),
    staleWhileRevalidateMs: requireDuration('staleWhileRevalidateMs', o.staleWhileRevalidateMs ?? 0),
    staleIfErrorMs,
    timeoutMs: optional(requireDelay, 'timeoutMs', o.timeoutMs),
    softTimeoutMs,
    refreshAhead: optional((name, value) => requireWithin(name, value, 0, 1), 'refreshAhead', o.refreshAhead),
    xfetchBeta: optional(requirePositive, 'xfetchBeta', o.xfetchBeta) ?? 0,
    absentTtlMs: requireDuration('absentTtlMs', o.absentTtlMs ?? 0),
    errorTtlMs: requireDuration('errorTtlMs', o.errorTtlMs ?? 0),
    maxConcurrentLoads: requireNumber(
      'maxConcurrentLoads',
      o.maxConcurrentLoads ?? Infinity,
      'an integer of at least 1, or Infinity',
      (n) => n === Infinity || (Number.isInteger(n) && n >= 1),
    ),
    maxQueuedLoads: requireCount('maxQueuedLoads', o.maxQueuedLoads ?? 1000),
    onLoadError: requireFunction('onLoadError', o.onLoadError),
    stopwatch: o.clock ?? exactClock,
    timers: requireMethods('timers', o.timers, ['set', 'clear']) ?? systemTimers,
  };
}

function optional(
  check: (name: string, value: unknown) => number,
  name: string,
  value: number | undefined,
): number | undefined {
  return value === undefined ? undefined : check(name, value);
}
