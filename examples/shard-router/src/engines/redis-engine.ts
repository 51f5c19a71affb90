/**
 * Shards in Redis: under the addresses given, in turn, or on servers of our own, one for each shard.
 *
 * Everything lies under a prefix that is new for each run, and is removed at the end; two runs on one server do not
 * meet.
 */
import { randomBytes } from 'node:crypto';
import type { ClientShard, Shard } from '@loadbearing/consistent-hash/migrate';
import type { ShardAddress } from '../processes/messages.ts';
import type { Engine } from './engine.ts';
import { RedisConnections, type Connection } from './redis-connections.ts';

/** Where the next shard goes: the address of a server. */
export interface Servers {
  readonly count: number;
  next(): Promise<string>;
  close(): Promise<void>;
}

export const givenServers = (urls: readonly string[]): Servers => {
  let taken = 0;
  return {
    count: urls.length,
    next: async () => urls[taken++ % urls.length]!,
    close: async () => undefined,
  };
};

/** Rejects when a server does not answer; closes `servers` at its end. */
export async function redisEngine(servers: Servers): Promise<Engine> {
  const prefix = `shard-router:${randomBytes(6).toString('hex')}:`;
  const connections = new RedisConnections(`${prefix}world`);
  const addresses = new Map<string, { readonly url: string; readonly prefix: string }>();
  const shards = new Map<string, Shard & ClientShard>();

  async function add(id: string): Promise<ShardAddress> {
    let redis = addresses.get(id);
    if (redis === undefined) {
      redis = { url: await servers.next(), prefix: `${prefix}${id}:` };
      shards.set(id, await connections.shard(redis.url, redis.prefix));
      addresses.set(id, redis);
    }
    return { id, redis };
  }

  const clients = async (): Promise<Connection[]> =>
    Promise.all([...new Set([...addresses.values()].map(({ url }) => url))].map((url) => connections.client(url)));

  // The map is on the first shard's server.
  const { redis: first } = await add('shard-1');
  const slotMap = { kind: 'redis', url: first!.url, key: `${prefix}slot-map` } as const;
  return {
    kind: 'redis',
    get servers() {
      return servers.count;
    },
    slotMap,
    store: await connections.store(slotMap.url, slotMap.key),
    add,
    shard: (id) => shards.get(id)!,
    call: () => Promise.reject(new Error('the shards are in Redis')),
    bury: async (name) => {
      try {
        for (const client of await clients()) await endConnections(client, name);
        return true;
      } catch {
        return false;
      }
    },
    close: async () => {
      // What a server that is gone still holds, it has lost.
      for (const client of await clients().catch(() => [])) await removeAll(client, prefix).catch(() => undefined);
      await connections.close();
      await servers.close();
    },
  };
}

/** A connection that is not listed any more has been read to its end; one that is listed is not read further. */
async function endConnections(client: Connection, name: string): Promise<void> {
  const list = (await client.sendCommand(['CLIENT', 'LIST'])) as unknown as string;
  for (const line of list.split('\n')) {
    const fields = new Map(line.split(' ').map((field) => field.split('=', 2) as [string, string]));
    if (fields.get('name') === name) await client.sendCommand(['CLIENT', 'KILL', 'ID', fields.get('id')!]);
  }
}

async function removeAll(client: Connection, prefix: string): Promise<void> {
  let cursor = '0';
  do {
    const page = await client.scan(cursor, { MATCH: `${prefix}*`, COUNT: 1000 });
    cursor = page.cursor;
    if (page.keys.length > 0) await client.unlink(page.keys);
  } while (cursor !== '0');
}
