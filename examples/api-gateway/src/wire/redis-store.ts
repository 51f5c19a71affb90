/** The shared limits in Redis, under a prefix of this run. */
import { fromIoredis, redisStore } from '@loadbearing/rate-limiter/redis';
import type { AsyncStore } from '@loadbearing/rate-limiter';
import { Redis } from 'ioredis';
import type { RedisPlace } from '../processes/gateway.ts';

export function openRedis({ url, prefix }: RedisPlace): AsyncStore {
  const client = new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: 1000, enableOfflineQueue: false });
  // The limiter says what it makes of a store that fails; the driver must not end the process for it.
  client.on('error', () => undefined);
  return redisStore({ client: fromIoredis(client), prefix });
}
