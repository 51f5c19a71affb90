/** One exact decision, may this caller do this now: composed limits, all or nothing, in one process or shared, with bounded memory and bounded answers */
export { createLimiter } from './create-limiter.ts';
export type {
  CommonOptions,
  Limiter,
  LimiterEvent,
  LimiterOptions,
  LimiterStats,
  SharedLimiterOptions,
  SyncLimiter,
  WaitOptions,
} from './limiter.ts';
export type { Decision, DecisionSource } from './decision.ts';
export { blocklist, fixedWindow, gcra, slidingCounter, slidingLog } from './limits.ts';
export type { Limit, NameAndUnit } from './limits.ts';
export { MapStore } from './map-store.ts';
export type { MapStoreOptions } from './map-store.ts';
export { TableStore } from './table-store.ts';
export type { TableStoreOptions } from './table-store.ts';
export { joinKey } from './keys.ts';
export { RateLimiterError } from './errors.ts';
export type { RateLimiterErrorCode } from './errors.ts';
export type { Clock, Timers } from './environment.ts';
export type { AsyncOutcome, AsyncStore, BoundAsyncStore, BoundSyncStore, StoreSpec, SyncStore } from './store.ts';
export type { Op, Outcome } from './transition.ts';
