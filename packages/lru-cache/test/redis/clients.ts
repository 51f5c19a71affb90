/** The two clients as a RedisCall and a RedisSubscriber: what a program writes down to use them. */
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import type { RedisCall, RedisSubscriber } from '../../src/redis/index.ts';

export interface Client {
  readonly call: RedisCall;
  readonly subscriber: RedisSubscriber;
  close(): void;
}

export function ioredisSubscriber(connection: Redis | Cluster): RedisSubscriber {
  return {
    async subscribe(channel, on, onState) {
      connection.on('message', (from: string, text: string) => {
        if (from === channel) on(text);
      });
      connection.on('close', () => onState(false));
      // It subscribes again by itself before it is ready.
      connection.on('ready', () => onState(true));
      await connection.subscribe(channel);
      return () => connection.unsubscribe(channel);
    },
  };
}

export function ioredisClient(url: string, subscriberUrl: string = url): Client {
  const client = new Redis(url, { maxRetriesPerRequest: null });
  const sub = new Redis(subscriberUrl, { maxRetriesPerRequest: null });
  for (const one of [client, sub]) one.on('error', () => undefined);
  return {
    call: ([command, ...args]) => client.call(command, args),
    subscriber: ioredisSubscriber(sub),
    close() {
      client.disconnect();
      sub.disconnect();
    },
  };
}

export async function nodeRedisClient(url: string, RESP: 2 | 3, subscriberUrl: string = url): Promise<Client> {
  const client = createClient({ url, RESP });
  const sub = createClient({ url: subscriberUrl, RESP });
  for (const one of [client, sub]) one.on('error', () => undefined);
  await Promise.all([client.connect(), sub.connect()]);
  return {
    call: (args) => client.sendCommand([...args]),
    subscriber: {
      async subscribe(channel, on, onState) {
        sub.on('error', () => onState(false));
        sub.on('ready', () => onState(true));
        await sub.subscribe(channel, on);
        return () => sub.unsubscribe(channel);
      },
    },
    close() {
      client.destroy();
      sub.destroy();
    },
  };
}

export function ioredisCluster(ports: readonly number[]): Client {
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
  const [client, sub] = [new Cluster(nodes), new Cluster(nodes)];
  for (const one of [client, sub]) one.on('error', () => undefined);
  return {
    call: ([command, ...args]) => client.call(command, args),
    subscriber: ioredisSubscriber(sub),
    close() {
      client.disconnect();
      sub.disconnect();
    },
  };
}

export async function nodeRedisCluster(ports: readonly number[]): Promise<Client> {
  const cluster = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${String(port)}` })) });
  cluster.on('error', () => undefined);
  await cluster.connect();
  return {
    call: (args, key) => cluster.sendCommand(key, false, [...args]),
    subscriber: {
      async subscribe(channel, on) {
        await cluster.subscribe(channel, on);
        return () => cluster.unsubscribe(channel);
      },
    },
    close: () => cluster.destroy(),
  };
}
