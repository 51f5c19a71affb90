/** A bounded cache with a hash index of its own, exchangeable eviction, and loads that never betray the caller */
export { LruCache } from './lru-cache.ts';
export { LoadingCache } from './loading/loading-cache.ts';
export type { FetchOptions, LoadContext, Loader, LoadingCacheOptions, LoadingCacheStats } from './loading/options.ts';
export { LoadCycleError, LoadQueueFullError, LoadTimeoutError } from './loading/errors.ts';
export type {
  CacheDump,
  CacheObserver,
  CacheStats,
  Clock,
  Expirer,
  IndexLevel,
  LruCacheOptions,
  Policy,
  RemovalReason,
  SetOptions,
  Timers,
} from './types.ts';
