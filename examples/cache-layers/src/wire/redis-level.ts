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
  const watchers = new Set<(up: boolean) => void>();
  client.on('error', () => undefined);
  subscriber.on('error', () => {
    for (const watch of watchers) watch(false);
  });
  await Promise.all([client.connect(), subscriber.connect()]);
  const call = (args: readonly string[]): Promise<unknown> => client.sendCommand([...args]);
  const bus = redisBus(
    call,
    {
      subscribe: async (channel, on) => {
        await subscriber.subscribe(channel, on);
        return async () => {
          await subscriber.unsubscribe(channel, on);
        };
      },
    },
    { channel: `${prefix}bus` },
  );
  return {
    tier: redisTier(call, { prefix }),
    bus: {
      publish: (message) => bus.publish(message),
      subscribe: (on, onState) => {
        watchers.add(onState);
        const unsubscribe = bus.subscribe(on, onState);
        return () => {
          watchers.delete(onState);
          unsubscribe();
        };
      },
    },
    moveTo: () => undefined,
    close: async () => {
      client.destroy();
      subscriber.destroy();
    },
  };
}
