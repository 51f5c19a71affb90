/** Limits that a fleet shares through Redis or Valkey: one round trip a decision, or one for many. */
export { redisStore } from './redis-store.ts';
export type { RedisStoreOptions } from './redis-store.ts';
export { fromIoredis, fromNodeRedis } from './clients.ts';
export type { IoredisLike, NodeRedisLike, RedisScripting } from './clients.ts';
