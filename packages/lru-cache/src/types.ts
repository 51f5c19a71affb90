/**
 * The options and records shared by the caches, and the seams through which their parts are exchanged.
 *
 * Time is milliseconds of an injected monotonic clock; randomness is injected too, so that every
 * behaviour can be replayed. A `ttl` of `Infinity` means "never expires". Weights are the user's
 * own unit (bytes, rows, pounds): the cache only adds them up and keeps the sum bounded.
 *
 * Policies and expirers speak of slots, not of keys: a slot is the integer 1..n under which the store
 * keeps an entry, so that their state fits in typed arrays and no key is ever held twice.
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
  /** Who is evicted. Default strict LRU, built in. One object serves one cache. */
  readonly policy?: Policy;
  /** Who removes expired entries that nobody asks for. Default nobody: lazy. One object serves one cache. */
  readonly expirer?: Expirer;
  /** Slots allocated at the start, an integer in 1..max; they double up to `max` on demand. Default 16. */
  readonly initialCapacity?: number;
  /** Called once for each removed value, after the change is complete. May call the cache again. */
  readonly onRemove?: (value: V, key: K, reason: RemovalReason) => void;
  /** Told what happens, for metrics. It must not throw and must not call the cache. */
  readonly observer?: CacheObserver<K>;
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
  /** How keys are found: see `key-index.ts`. */
  readonly index: IndexLevel;
}

/** The three ways in which a key is hashed; an index only ever moves to the right. */
export type IndexLevel = 'sampled' | 'learned' | 'map';

/** A snapshot of the entries, least useful first. `remainingMs` null = never expires. */
export interface CacheDump<K, V> {
  readonly version: 1;
  readonly wallNow: number;
  readonly entries: readonly (readonly [key: K, value: V, remainingMs: number | null, weight: number])[];
}

/** Events worth a metric. There is none for hits: those are counted, and a call per hit would cost more than the hit. */
export interface CacheObserver<K> {
  miss?(key: K): void;
  remove?(key: K, reason: RemovalReason): void;
  loadStart?(key: K): void;
  loadEnd?(key: K, ms: number, outcome: 'value' | 'absent' | 'error' | 'discarded'): void;
}

/** What a policy may ask of the cache that it serves. */
export interface PolicyHost {
  /** The bound on entries; 2^26 when only the weight is bounded. */
  readonly max: number;
  /** The 32-bit fingerprint of the key in this slot. */
  hashOf(slot: number): number;
}

/**
 * Who is evicted. Slots are 1..n, 0 means none.
 *
 * The cache calls `insert` for a new entry, `hit` for a use of one that is there (`get`, `set`, `touch`), `remove` for
 * one that leaves for another reason than eviction. `evict` picks a victim, forgets it, remembers it in the policy's
 * ghosts if it has any, and returns its slot; it is never called on an empty cache, and always before the `insert` of
 * the entry it makes room for, whose hash it is given (0 when room is made for none).
 */
export interface Policy {
  readonly name: string;
  /** Whether its targets are parts of `max`, so that `maxWeight` alone does not do. */
  readonly needsMax: boolean;
  /** Throws TypeError when the policy already serves a cache. */
  attach(host: PolicyHost): void;
  /** Slots 1..slots may be used from now on. */
  grow(slots: number): void;
  /** Forgets all entries and ghosts. */
  reset(): void;
  /** The bound on entries is another; no more than `max` are held when it is called. */
  resize(max: number): void;
  insert(slot: number, hash: number): void;
  hit(slot: number): void;
  remove(slot: number): void;
  evict(incomingHash: number): number;
}

/** What an expirer may ask of the cache that it serves. */
export interface ExpirerHost {
  readonly clock: Clock;
  /** Infinity = never. */
  deadlineOf(slot: number): number;
  /** Removes the entry with reason 'expire' and tells `onRemove`, whose error it throws when the removal is complete. */
  expire(slot: number): void;
}

/** Who removes expired entries that nobody asks for. */
export interface Expirer {
  /** Throws TypeError when the expirer already serves a cache. */
  attach(host: ExpirerHost): void;
  /** A slot's deadline was set or moved; finite. */
  schedule(slot: number, deadline: number): void;
  /** The slot no longer has a deadline, or no longer an entry. Not an error when it was not scheduled. */
  cancel(slot: number): void;
  /** Slots 1..slots may be used from now on. */
  grow(slots: number): void;
}
