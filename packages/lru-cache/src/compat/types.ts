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

export type SizeShape = number;
export type MillisecondsShape = number;
export type CountShape = number;

/**
 * Why a value left: 'evict' there was no room, 'set' another value took its place (or was too large to), 'delete' by
 * `delete`, `clear` or a `set` of undefined, 'expire' met past its ttl, 'fetch' a background fetch ended without value.
 */
export type DisposeReasonShape = 'evict' | 'set' | 'delete' | 'expire' | 'fetch';
export type DisposerShape<K, V> = (value: V, key: K, reason: DisposeReasonShape) => void;
export type DisposeTask<K, V> = [value: V, key: K, reason: DisposeReasonShape];

/** 'add' the key was not held, 'update' it was, with this very value, 'replace' it was, with another. */
export type InsertReasonShape = 'add' | 'update' | 'replace';
export type InserterShape<K, V> = (value: V, key: K, reason: InsertReasonShape) => void;
/** Must answer a positive integer. */
export type SizeCalculatorShape<K, V> = (value: V, key: K) => SizeShape;

export interface FetcherOptionsShape<K, V, FC = unknown> {
  /** Aborted when the entry is evicted, deleted or replaced, or when the caller's signal is. */
  signal: AbortSignal;
  /** What the result will be stored with; the method may change it. */
  options: FetcherFetchOptionsShape<K, V, FC>;
  context: FC;
}

export interface MemoizerOptionsShape<K, V, FC = unknown> {
  options: MemoizerMemoOptionsShape<K, V, FC>;
  context: FC;
}

export type FetcherShape<K, V, FC = unknown> = (
  key: K,
  staleValue: V | undefined,
  options: FetcherOptionsShape<K, V, FC>,
) => Promise<V | undefined | void> | V | undefined | void;

export type MemoizerShape<K, V, FC = unknown> = (
  key: K,
  staleValue: V | undefined,
  options: MemoizerOptionsShape<K, V, FC>,
) => V;

/** OptionsShape of the constructor; those not marked otherwise are properties of the cache and may be assigned. */
export interface OptionsBaseShape<K, V, FC> {
  /** Entries, a positive integer; 0 or absent = not bounded. Fixed. */
  max?: CountShape;
  /** Positive integer; 0 = entries do not expire. An entry is stale once its age is above this. */
  ttl?: MillisecondsShape;
  /** A reading of `perf` is used for this long. Default 1; 0 = ask at each check. */
  ttlResolution?: MillisecondsShape;
  /** Remove stale entries when their time comes, by one timer for the whole cache. Read when the first ttl is set. */
  ttlAutopurge?: boolean;
  updateAgeOnGet?: boolean;
  updateAgeOnHas?: boolean;
  allowStale?: boolean;
  noDeleteOnStaleGet?: boolean;
  /** Called in the middle of the operation, while the entry is still held: it must not change the cache. Fixed. */
  dispose?: DisposerShape<K, V>;
  /** Called when the operation is complete; it may use the cache. Fixed. */
  disposeAfter?: DisposerShape<K, V>;
  /** Fixed. */
  onInsert?: InserterShape<K, V>;
  noDisposeOnSet?: boolean;
  noUpdateTTL?: boolean;
  /** Sum of sizes, a positive integer; makes a size necessary for each entry. Fixed. */
  maxSize?: SizeShape;
  /** A larger value is not stored, and its key's old entry goes. Default `maxSize`. */
  maxEntrySize?: SizeShape;
  sizeCalculation?: SizeCalculatorShape<K, V>;
  /** What a fetch of a key that is not held counts for until it ends. Default 1. */
  backgroundFetchSize?: number;
  /** Fixed. */
  fetchMethod?: FetcherShape<K, V, FC>;
  /** Fixed. */
  memoMethod?: MemoizerShape<K, V, FC>;
  noDeleteOnFetchRejection?: boolean;
  allowStaleOnFetchRejection?: boolean;
  allowStaleOnFetchAbort?: boolean;
  ignoreFetchAbort?: boolean;
  /** Fixed. */
  perf?: Perf;
}

export interface OptionsMaxLimitShape<K, V, FC> extends OptionsBaseShape<K, V, FC> {
  max: CountShape;
}
export interface OptionsTTLLimitShape<K, V, FC> extends OptionsBaseShape<K, V, FC> {
  ttl: MillisecondsShape;
  ttlAutopurge: boolean;
}
export interface OptionsSizeLimitShape<K, V, FC> extends OptionsBaseShape<K, V, FC> {
  maxSize: SizeShape;
}
/** At least one bound. */
export type OptionsShape<K, V, FC> =
  OptionsMaxLimitShape<K, V, FC> | OptionsSizeLimitShape<K, V, FC> | OptionsTTLLimitShape<K, V, FC>;

type GetDefaults = 'allowStale' | 'updateAgeOnGet' | 'noDeleteOnStaleGet';
type SetDefaults = 'sizeCalculation' | 'ttl' | 'noDisposeOnSet' | 'noUpdateTTL';
type FetchDefaults =
  'noDeleteOnFetchRejection' | 'allowStaleOnFetchRejection' | 'ignoreFetchAbort' | 'allowStaleOnFetchAbort';

interface WithStatus<K, V, FC> {
  /** Filled in along the way. */
  status?: StatusShape<K, V, FC>;
}

export interface HasOptionsShape<K, V, FC>
  extends Pick<OptionsBaseShape<K, V, FC>, 'updateAgeOnHas'>, WithStatus<K, V, FC> {}
export interface GetOptionsShape<K, V, FC>
  extends Pick<OptionsBaseShape<K, V, FC>, GetDefaults>, WithStatus<K, V, FC> {}
export interface PeekOptionsShape<K, V, FC>
  extends Pick<OptionsBaseShape<K, V, FC>, 'allowStale'>, WithStatus<K, V, FC> {}

export interface SetOptionsShape<K, V, FC> extends Pick<OptionsBaseShape<K, V, FC>, SetDefaults>, WithStatus<K, V, FC> {
  /** Instead of what `sizeCalculation` says. */
  size?: SizeShape;
  /** When the ttl began, by the clock of `perf`. */
  start?: MillisecondsShape;
}

export interface FetcherFetchOptionsShape<K, V, FC = unknown>
  extends Pick<OptionsBaseShape<K, V, FC>, GetDefaults | SetDefaults | FetchDefaults>, WithStatus<K, V, FC> {
  size?: SizeShape;
}

/** Of several `fetch` calls that share one fetch, the first one's options count. */
export interface FetchOptionsShape<K, V, FC> extends FetcherFetchOptionsShape<K, V, FC> {
  forceRefresh?: boolean;
  /** Required when FC is neither unknown nor undefined. */
  context?: FC;
  signal?: AbortSignal;
}
export interface FetchOptionsWithContextShape<K, V, FC> extends FetchOptionsShape<K, V, FC> {
  context: FC;
}
export interface FetchOptionsNoContextShape<K, V, FC extends Nothing = undefined> extends FetchOptionsShape<K, V, FC> {
  context?: FC;
}

export interface MemoOptionsShape<K, V, FC = unknown>
  extends Pick<OptionsBaseShape<K, V, FC>, GetDefaults | SetDefaults | FetchDefaults>, WithStatus<K, V, FC> {
  forceRefresh?: boolean;
  context?: FC;
}
export interface MemoOptionsWithContextShape<K, V, FC> extends MemoOptionsShape<K, V, FC> {
  context: FC;
}
export interface MemoOptionsNoContextShape<K, V, FC extends Nothing = undefined> extends MemoOptionsShape<K, V, FC> {
  context?: FC;
}
export interface MemoizerMemoOptionsShape<K, V, FC = unknown>
  extends Pick<OptionsBaseShape<K, V, FC>, GetDefaults | SetDefaults>, WithStatus<K, V, FC> {
  size?: SizeShape;
  start?: MillisecondsShape;
}

/** What happened, told in an object that the caller hands in. Fields that do not apply are left alone. */
export interface StatusShape<K, V, FC = unknown> {
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
  entrySize?: SizeShape;
  totalCalculatedSize?: SizeShape;
  /** Of an operation that lru-cache tells its diagnostics channels only; never set here. */
  delete?: DisposeReasonShape;
  peek?: 'hit' | 'miss' | 'stale';
  has?: 'hit' | 'stale' | 'miss';
  get?: 'stale' | 'hit' | 'miss' | 'fetching' | 'stale-fetching';
  memo?: 'hit' | 'miss';
  returnedStale?: true;
  ttl?: MillisecondsShape;
  start?: MillisecondsShape;
  now?: MillisecondsShape;
  remainingTTL?: MillisecondsShape;
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
export interface EntryShape<V> {
  value: V;
  ttl?: MillisecondsShape;
  size?: SizeShape;
  start?: MillisecondsShape;
}

/** The options argument of `fetch`: with a context where FC asks for one. */
export type FetchArgument<K, V, FC> = unknown extends FC
  ? FetchOptionsShape<K, V, FC>
  : FC extends Nothing
    ? FetchOptionsNoContextShape<K, V, FC>
    : FetchOptionsWithContextShape<K, V, FC>;

/** The same for `memo`. */
export type MemoArgument<K, V, FC> = unknown extends FC
  ? MemoOptionsShape<K, V, FC>
  : FC extends Nothing
    ? MemoOptionsNoContextShape<K, V, FC>
    : MemoOptionsWithContextShape<K, V, FC>;

/** `Then` where no context has to be given. */
export type ContextFree<FC, Then> = unknown extends FC ? Then : FC extends Nothing ? Then : never;
