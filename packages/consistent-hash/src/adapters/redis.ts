/** Redis: shards and slot maps kept in it, and the map of a Redis Cluster */
export { redisShard } from './redis-shard.ts';
export type { RedisShard, RedisShardOptions } from './redis-shard.ts';
export { redisSlotMapStore } from './redis-slot-map-store.ts';
export { slotsFromCluster } from './redis-cluster.ts';
export type { RedisClient } from './redis-client.ts';
