/** The second level in Redis, with node-redis: one connection for calls, one for the bus (a subscriber can do no else). */
import { redisBus, redisTier } from '@loadbearing/lru-cache/redis';
import { createClient } from 'redis';
import type { RemoteLevel } from './remote-tier.ts';

/** A Redis that hangs must not hang a read: a command that is not answered in time is an error of the level. */
const commandTimeoutMs = 2000;
const connectTimeoutMs = 3000;

/** Rejects when Redis does not answer. */
export async function redisLevel(url: string, prefix: string): Promise<RemoteLevel> {
  const options = {
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: commandTimeoutMs },
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: (): number => 50 },
  };
  const client = createClient(options);
  const subscriber = createClient(options);
  client.on('error', () => undefined);
  subscriber.on('error', () => undefined);
  await Promise.all([client.connect(), subscriber.connect()]);
  const call = (args: readonly string[]): Promise<unknown> => client.sendCommand([...args]);
  return {
    tier: redisTier(call, { prefix }),
    bus: redisBus(
      call,
      {
        subscribe: async (channel, on, onState) => {
          const down = (): void => onState(false);
          const up = (): void => onState(true);
          subscriber.on('error', down).on('ready', up);
          await subscriber.subscribe(channel, on);
          return async () => {
            subscriber.off('error', down).off('ready', up);
            await subscriber.unsubscribe(channel, on);
          };
        },
      },
      { channel: `${prefix}bus` },
    ),
    moveTo: () => undefined,
    close: async () => {
      client.destroy();
      subscriber.destroy();
    },
  };
}
