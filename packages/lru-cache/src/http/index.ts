/** HTTP caching (RFC 9111): its rules as pure functions, and a cache in front of a fetch. */
export { currentAgeMs, freshnessLifetimeMs } from './age.ts';
export { parseCacheControl } from './cache-control.ts';
export { cacheStatus } from './cache-status.ts';
export type { CacheStatusMember } from './cache-status.ts';
export { decide } from './decide.ts';
export { httpCache } from './http-cache.ts';
export type { HttpCache, HttpCacheOptions } from './http-cache.ts';
export { parseHttpDate } from './http-date.ts';
export { mergeNotModified } from './merge.ts';
export type { HttpStoreOptions } from './options.ts';
export { isStorable } from './storable.ts';
export type { CacheControl, CacheRole, HeaderList, HttpDecision, StoredResponse } from './types.ts';
