/** An in-process cache with strict LRU, ttl and size bounds, and loads that never betray the caller */
export { LruCache } from './lru-cache.ts';
export { LoadingCache } from './loading/loading-cache.ts';
export type { FetchOptions, LoadContext, Loader, LoadingCacheOptions, LoadingCacheStats } from './loading/options.ts';
export { LoadQueueFullError, LoadTimeoutError } from './loading/errors.ts';
export type { CacheDump, CacheStats, Clock, LruCacheOptions, RemovalReason, SetOptions, Timers } from './types.ts';
