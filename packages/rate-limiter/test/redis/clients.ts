/** The clients that a store is used through, made the way a program makes them. */
import { Cluster, Redis } from 'ioredis';
import { Redis as Valkey } from 'iovalkey';
import { createClient, createCluster } from 'redis';
import { fromIoredis, fromNodeRedis, type RedisScripting } from '../../src/redis/index.ts';

export interface Client {
  readonly scripting: RedisScripting;
  /** Any command, to look behind the store. */
  command(...args: string[]): Promise<unknown>;
  close(): void;
}

export function ioredis(url: string): Client {
  const client = new Redis(url);
  client.on('error', () => undefined);
  return {
    scripting: fromIoredis(client),
    command: (name, ...args) => client.call(name, args),
    close: () => client.disconnect(),
  };
}

export function iovalkey(url: string): Client {
  const client = new Valkey(url);
  client.on('error', () => undefined);
  return {
    scripting: fromIoredis(client),
    command: (name, ...args) => client.call(name, args),
    close: () => client.disconnect(),
  };
}

export async function nodeRedis(url: string, RESP: 2 | 3): Promise<Client> {
  const client = createClient({ url, RESP });
  client.on('error', () => undefined);
  await client.connect();
  return {
    scripting: fromNodeRedis(client),
    command: (...args) => client.sendCommand(args),
    close: () => client.destroy(),
  };
}

export function ioredisCluster(ports: readonly number[]): Client {
  const client = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })));
  client.on('error', () => undefined);
  return {
    scripting: fromIoredis(client),
    command: (name, ...args) => client.call(name, args),
    close: () => client.disconnect(),
  };
}

export async function nodeRedisCluster(ports: readonly number[]): Promise<Client> {
  const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${String(port)}` })) });
  client.on('error', () => undefined);
  await client.connect();
  return {
    scripting: fromNodeRedis(client),
    command: (...args) => client.sendCommand(args[1], false, args),
    close: () => client.destroy(),
  };
}
