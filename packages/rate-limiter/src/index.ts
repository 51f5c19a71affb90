/** One exact decision, may this caller do this now: composed limits, all or nothing, with bounded memory */
export { createLimiter } from './limiter.ts';
export type { Limiter, LimiterOptions, LimiterStats, SyncLimiter } from './limiter.ts';
export type { Decision } from './decision.ts';
export { blocklist, fixedWindow, gcra, slidingCounter, slidingLog } from './limits.ts';
export type { Limit, NameAndUnit } from './limits.ts';
export { MapStore } from './map-store.ts';
export type { MapStoreOptions } from './map-store.ts';
export { joinKey } from './keys.ts';
export { RateLimiterError } from './errors.ts';
export type { Clock } from './environment.ts';
export type { AsyncStore, BoundAsyncStore, BoundSyncStore, StoreSpec, SyncStore } from './store.ts';
export type { Op, Outcome } from './transition.ts';
