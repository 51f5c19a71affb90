/** Several processes: a cache in each before a store they share, kept together by a bus, with a bound on staleness */
export { TieredCache } from './tiered-cache.ts';
export type { TieredCacheOptions, TieredCacheStats } from './options.ts';
export type { Invalidation, InvalidationBody, InvalidationBus, RemoteTier, TierRead } from './remote-tier.ts';
export { TierTimeoutError } from './deadline.ts';
export { memoryTier } from './memory-tier.ts';
export type { MemoryTier, MemoryTierOptions } from './memory-tier.ts';
export { memoryBus } from './memory-bus.ts';
