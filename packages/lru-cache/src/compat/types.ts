/**
 * The names and shapes of lru-cache 11, for code that was written against it.
 *
 * Every type of its `LRUCache` namespace that belongs to a documented option or method is here under the same name, so
 * that `LRUCache.Options<K, V, FC>` and the like go on compiling. The fields mean what lru-cache's documentation says;
 * the comments give units and what is easy to get wrong. Times are milliseconds of `perf`, sizes the user's own unit.
 */
/* eslint-disable @typescript-eslint/no-invalid-void-type -- as lru-cache has it: a method without return is a fetchMethod */
import type { LRUCache } from './lru-cache.ts';

/** Where the time comes from; `performance` has this shape, and so has `Date`. */
export type Perf = { now: () => number };

/** Keys and values must not be null or undefined. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- exactly that is meant
export type NonNullish = {};

/** What FC is when `fetch` and `memo` take no context. */
export type Nothing = undefined | void;

export type Size = number;
export type Milliseconds = number;
export type Count = number;

/**
 * Why a value left: 'evict' there was no room, 'set' another value took its place (or was too large to), 'delete' by
 * `delete`, `clear` or a `set` of undefined, 'expire' met past its ttl, 'fetch' a background fetch ended without value.
 */
export type DisposeReason = 'evict' | 'set' | 'delete' | 'expire' | 'fetch';
export type Disposer<K, V> = (value: V, key: K, reason: DisposeReason) => void;
export type DisposeTask<K, V> = [value: V, key: K, reason: DisposeReason];

/** 'add' the key was not held, 'update' it was, with this very value, 'replace' it was, with another. */
export type InsertReason = 'add' | 'update' | 'replace';
export type Inserter<K, V> = (value: V, key: K, reason: InsertReason) => void;
/** Must answer a positive integer. */
export type SizeCalculator<K, V> = (value: V, key: K) => Size;

export interface FetcherOptions<K, V, FC = unknown> {
  /** Aborted when the entry is evicted, deleted or replaced, or when the caller's signal is. */
  signal: AbortSignal;
  /** What the result will be stored with; the method may change it. */
  options: FetcherFetchOptions<K, V, FC>;
  context: FC;
}

export interface MemoizerOptions<K, V, FC = unknown> {
  options: MemoizerMemoOptions<K, V, FC>;
  context: FC;
}

export type Fetcher<K, V, FC = unknown> = (
  key: K,
  staleValue: V | undefined,
  options: FetcherOptions<K, V, FC>,
) => Promise<V | undefined | void> | V | undefined | void;

export type Memoizer<K, V, FC = unknown> = (key: K, staleValue: V | undefined, options: MemoizerOptions<K, V, FC>) => V;

/** Options of the constructor; those not marked otherwise are properties of the cache and may be assigned. */
export interface OptionsBase<K, V, FC> {
  /** Entries, a positive integer; 0 or absent = not bounded. Fixed. */
  max?: Count;
  /** Positive integer; 0 = entries do not expire. An entry is stale once its age is above this. */
  ttl?: Milliseconds;
  /** A reading of `perf` is used for this long. Default 1; 0 = ask at each check. */
  ttlResolution?: Milliseconds;
  /** Remove stale entries when their time comes, by one timer for the whole cache. Read when the first ttl is set. */
  ttlAutopurge?: boolean;
  updateAgeOnGet?: boolean;
  updateAgeOnHas?: boolean;
  allowStale?: boolean;
  noDeleteOnStaleGet?: boolean;
  /** Called in the middle of the operation, while the entry is still held: it must not change the cache. Fixed. */
  dispose?: Disposer<K, V>;
  /** Called when the operation is complete; it may use the cache. Fixed. */
  disposeAfter?: Disposer<K, V>;
  /** Fixed. */
  onInsert?: Inserter<K, V>;
  noDisposeOnSet?: boolean;
  noUpdateTTL?: boolean;
  /** Sum of sizes, a positive integer; makes a size necessary for each entry. Fixed. */
  maxSize?: Size;
  /** A larger value is not stored, and its key's old entry goes. Default `maxSize`. */
  maxEntrySize?: Size;
  sizeCalculation?: SizeCalculator<K, V>;
  /** What a fetch of a key that is not held counts for until it ends. Default 1. */
  backgroundFetchSize?: number;
  /** Fixed. */
  fetchMethod?: Fetcher<K, V, FC>;
  /** Fixed. */
  memoMethod?: Memoizer<K, V, FC>;
  noDeleteOnFetchRejection?: boolean;
  allowStaleOnFetchRejection?: boolean;
  allowStaleOnFetchAbort?: boolean;
  ignoreFetchAbort?: boolean;
  /** Fixed. */
  perf?: Perf;
}

export interface OptionsMaxLimit<K, V, FC> extends OptionsBase<K, V, FC> {
  max: Count;
}
export interface OptionsTTLLimit<K, V, FC> extends OptionsBase<K, V, FC> {
  ttl: Milliseconds;
  ttlAutopurge: boolean;
}
export interface OptionsSizeLimit<K, V, FC> extends OptionsBase<K, V, FC> {
  maxSize: Size;
}
/** At least one bound. */
export type Options<K, V, FC> = OptionsMaxLimit<K, V, FC> | OptionsSizeLimit<K, V, FC> | OptionsTTLLimit<K, V, FC>;

type GetDefaults = 'allowStale' | 'updateAgeOnGet' | 'noDeleteOnStaleGet';
type SetDefaults = 'sizeCalculation' | 'ttl' | 'noDisposeOnSet' | 'noUpdateTTL';
type FetchDefaults =
  'noDeleteOnFetchRejection' | 'allowStaleOnFetchRejection' | 'ignoreFetchAbort' | 'allowStaleOnFetchAbort';

interface WithStatus<K, V, FC> {
  /** Filled in along the way. */
  status?: Status<K, V, FC>;
}

export interface HasOptions<K, V, FC> extends Pick<OptionsBase<K, V, FC>, 'updateAgeOnHas'>, WithStatus<K, V, FC> {}
export interface GetOptions<K, V, FC> extends Pick<OptionsBase<K, V, FC>, GetDefaults>, WithStatus<K, V, FC> {}
export interface PeekOptions<K, V, FC> extends Pick<OptionsBase<K, V, FC>, 'allowStale'>, WithStatus<K, V, FC> {}

export interface SetOptions<K, V, FC> extends Pick<OptionsBase<K, V, FC>, SetDefaults>, WithStatus<K, V, FC> {
  /** Instead of what `sizeCalculation` says. */
  size?: Size;
  /** When the ttl began, by the clock of `perf`. */
  start?: Milliseconds;
}

export interface FetcherFetchOptions<K, V, FC = unknown>
  extends Pick<OptionsBase<K, V, FC>, GetDefaults | SetDefaults | FetchDefaults>, WithStatus<K, V, FC> {
  size?: Size;
}

/** Of several `fetch` calls that share one fetch, the first one's options count. */
export interface FetchOptions<K, V, FC> extends FetcherFetchOptions<K, V, FC> {
  forceRefresh?: boolean;
  /** Required when FC is neither unknown nor undefined. */
  context?: FC;
  signal?: AbortSignal;
}
export interface FetchOptionsWithContext<K, V, FC> extends FetchOptions<K, V, FC> {
  context: FC;
}
export interface FetchOptionsNoContext<K, V, FC extends Nothing = undefined> extends FetchOptions<K, V, FC> {
  context?: FC;
}

export interface MemoOptions<K, V, FC = unknown>
  extends Pick<OptionsBase<K, V, FC>, GetDefaults | SetDefaults | FetchDefaults>, WithStatus<K, V, FC> {
  forceRefresh?: boolean;
  context?: FC;
}
export interface MemoOptionsWithContext<K, V, FC> extends MemoOptions<K, V, FC> {
  context: FC;
}
export interface MemoOptionsNoContext<K, V, FC extends Nothing = undefined> extends MemoOptions<K, V, FC> {
  context?: FC;
}
export interface MemoizerMemoOptions<K, V, FC = unknown>
  extends Pick<OptionsBase<K, V, FC>, GetDefaults | SetDefaults>, WithStatus<K, V, FC> {
  size?: Size;
  start?: Milliseconds;
}

/** What happened, told in an object that the caller hands in. Fields that do not apply are left alone. */
export interface Status<K, V, FC = unknown> {
  op?: 'get' | 'set' | 'memo' | 'fetch' | 'delete' | 'has' | 'peek';
  key?: K;
  /** Stored or answered. */
  value?: V;
  cache?: LRUCache<K & NonNullish, V & NonNullish, FC>;
  context?: unknown;
  forceRefresh?: boolean;
  /** 'miss': too large to be stored. */
  set?: 'add' | 'update' | 'replace' | 'miss' | 'deleted';
  oldValue?: V;
  maxEntrySizeExceeded?: true;
  entrySize?: Size;
  totalCalculatedSize?: Size;
  /** Of an operation that lru-cache tells its diagnostics channels only; never set here. */
  delete?: DisposeReason;
  peek?: 'hit' | 'miss' | 'stale';
  has?: 'hit' | 'stale' | 'miss';
  get?: 'stale' | 'hit' | 'miss' | 'fetching' | 'stale-fetching';
  memo?: 'hit' | 'miss';
  returnedStale?: true;
  ttl?: Milliseconds;
  start?: Milliseconds;
  now?: Milliseconds;
  remainingTTL?: Milliseconds;
  fetch?: 'get' | 'inflight' | 'miss' | 'hit' | 'stale' | 'refresh';
  fetchDispatched?: true;
  fetchUpdated?: true;
  fetchError?: Error;
  fetchAborted?: true;
  fetchAbortIgnored?: true;
  fetchResolved?: true;
  fetchRejected?: true;
  /** Of lru-cache's tracing channel; never set here. */
  trace?: boolean;
}

/** What `info` and `dump` answer and `load` takes. `start` is wall-clock milliseconds. */
export interface Entry<V> {
  value: V;
  ttl?: Milliseconds;
  size?: Size;
  start?: Milliseconds;
}

/** The options argument of `fetch`: with a context where FC asks for one. */
export type FetchArgument<K, V, FC> = unknown extends FC
  ? FetchOptions<K, V, FC>
  : FC extends Nothing
    ? FetchOptionsNoContext<K, V, FC>
    : FetchOptionsWithContext<K, V, FC>;

/** The same for `memo`. */
export type MemoArgument<K, V, FC> = unknown extends FC
  ? MemoOptions<K, V, FC>
  : FC extends Nothing
    ? MemoOptionsNoContext<K, V, FC>
    : MemoOptionsWithContext<K, V, FC>;

/** `Then` where no context has to be given. */
export type ContextFree<FC, Then> = unknown extends FC ? Then : FC extends Nothing ? Then : never;
