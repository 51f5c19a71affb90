/** The shared tier and the bus on Redis, through any client */
export { redisTier } from './redis-tier.ts';
export type { RedisCall, RedisTierOptions } from './redis-tier.ts';
export { redisBus } from './redis-bus.ts';
export type { RedisBusOptions, RedisSubscriber } from './redis-bus.ts';
