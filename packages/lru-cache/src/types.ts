/**
 * The options and records shared by both caches.
 *
 * Time is milliseconds of an injected monotonic clock; randomness is injected too, so that every
 * behaviour can be replayed. A `ttl` of `Infinity` means "never expires". Weights are the user's
 * own unit (bytes, rows, pounds): the cache only adds them up and keeps the sum bounded.
 */

/** A monotonic clock in milliseconds. Its origin is arbitrary. */
export interface Clock {
  now(): number;
}

/** One-shot timers; `set` returns a handle that `clear` accepts. Delays are milliseconds. */
export interface Timers {
  set(run: () => void, delayMs: number): unknown;
  clear(handle: unknown): void;
}

/** Why a value left the cache. */
export type RemovalReason = 'evict' | 'expire' | 'delete' | 'replace' | 'clear';

export interface SetOptions {
  /** Lifetime in milliseconds, above 0; `Infinity` never expires. */
  readonly ttl?: number;
  /** Weight of this entry, finite and not negative; replaces `weigh`. */
  readonly weight?: number;
}

export interface LruCacheOptions<K, V> {
  /** Most entries held, an integer in 1..2^26. At least one of `max` and `maxWeight` is required. */
  readonly max?: number;
  /** Largest sum of weights held, finite and above 0. */
  readonly maxWeight?: number;
  /** Weight of a value, finite and not negative; called once per `set`, before any change. Default 1. */
  readonly weigh?: (value: V, key: K) => number;
  /** A heavier value is not stored, and its key's old entry is removed. Default `maxWeight`. */
  readonly maxEntryWeight?: number;
  /** Default lifetime in milliseconds, above 0. Default `Infinity`. */
  readonly ttl?: number;
  /** 'write' (default): the ttl runs from `set`. 'access': `get` and `touch` restart it. */
  readonly ttlFrom?: 'write' | 'access';
  /** 0..1: each lifetime becomes `ttl * (1 - ttlJitter * random())`. Only shortens. Default 0. */
  readonly ttlJitter?: number;
  /** Called once for each removed value, after the change is complete. May call the cache again. */
  readonly onRemove?: (value: V, key: K, reason: RemovalReason) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly expired: number;
  readonly inserts: number;
  readonly updates: number;
  readonly evictions: number;
  /** Values heavier than `maxEntryWeight`. */
  readonly rejected: number;
  readonly size: number;
  readonly weight: number;
  /** How keys are found. In this version always 'map'. */
  readonly index: 'map';
}

/** A snapshot of the entries, least recently used first. `remainingMs` null = never expires. */
export interface CacheDump<K, V> {
  readonly version: 1;
  readonly wallNow: number;
  readonly entries: readonly (readonly [key: K, value: V, remainingMs: number | null, weight: number])[];
}
