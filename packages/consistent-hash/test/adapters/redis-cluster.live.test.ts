import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisShard, redisSlotMapStore, slotsFromCluster } from '../../src/adapters/redis.ts';
import type { RedisClient } from '../../src/adapters/redis.ts';
import { redisSlot } from '../../src/compat/redis-slot.ts';
import { diff } from '../../src/diff.ts';
import { eventually, hasRedisServer, startCluster, startRedis, stopAll } from './redis-servers.ts';
import type { RedisCluster } from './redis-servers.ts';
import { shardContract } from './shard-contract.ts';

const RUNS = process.env['NIGHTLY'] === '1' ? 1000 : 15;

const KEYS = Array.from({ length: 10_000 }, (_, i) => {
  const n = String(i);
  return [`user:${n}`, `{user:${n}}:cart`, `Größe-${n}`, `😀{é${n}}`, `a{}b{${n}}`, `}{${n}`, `{${n}`][i % 7]!;
});

/** What GET says at a server: undefined for an answer, else 'MOVED slot host:port'. */
async function refusals(client: Redis, keys: readonly string[]): Promise<(string | undefined)[]> {
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.get(key);
  return (await pipeline.exec())!.map(([error]) => error?.message);
}

describe.skipIf(!hasRedisServer())('on a Redis Cluster of three servers', () => {
  let cluster: RedisCluster;
  let ioredis: Cluster;
  let wrapped: RedisClient;
  /** What has been opened, also when the rest failed to. */
  const open: { close(): unknown }[] = [];

  beforeAll(async () => {
    cluster = await startCluster(3);
    open.push(...cluster.clients.map((client) => ({ close: () => client.disconnect() })));
    ioredis = new Cluster(cluster.servers.map(({ port }) => ({ host: '127.0.0.1', port })));
    open.push({ close: () => ioredis.disconnect() });
    const nodeRedis = createCluster({ rootNodes: cluster.servers.map(({ url }) => ({ url })) });
    open.push({ close: () => nodeRedis.destroy() });
    await nodeRedis.connect();
    wrapped = { sendCommand: (args) => nodeRedis.sendCommand(args[3], false, args) };
  });

  afterAll(async () => {
    for (const one of open) one.close();
    await stopAll();
  });

  const clientOf = (id: string): Redis =>
    cluster.clients[cluster.servers.findIndex(({ port }) => id.endsWith(`:${String(port)}`))]!;

  it('the owner of each of 10,000 keys answers it, and another server names that owner and that slot', async () => {
    const map = await slotsFromCluster(cluster.clients[0]!);
    expect(map.nodes.map(({ id }) => id).sort()).toEqual(
      cluster.servers.map(({ port }) => `127.0.0.1:${String(port)}`).sort(),
    );
    const ids = map.nodes.map(({ id }) => id);
    for (const [i, id] of ids.entries()) {
      const own = KEYS.filter((key) => map.locate(key).id === id);
      expect(own.length).toBeGreaterThan(2000);
      expect([...new Set(await refusals(clientOf(id), own))]).toEqual([undefined]);
      const elsewhere = await refusals(clientOf(ids[(i + 1) % 3]!), own);
      expect(elsewhere).toEqual(own.map((key) => `MOVED ${String(map.slotOf(key))} ${id}`));
    }
    for (const key of KEYS) expect(map.slotOf(key)).toBe(redisSlot(key));
  });

  it('both cluster clients see the same map as each server alone', async () => {
    const [first, ...others] = await Promise.all(
      [ioredis, wrapped, ...cluster.clients].map((client) => slotsFromCluster(client)),
    );
    for (const other of others) expect(other.fingerprint).toBe(first!.fingerprint);
  });

  it('the map follows slots that move, and diff names them', async () => {
    const before = await slotsFromCluster(ioredis);
    const [source, target] = [cluster.clients[0]!, cluster.clients[1]!];
    const moving = Array.from({ length: 40 }, (_, i) => 1000 + i);
    for (const slot of moving) {
      await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', cluster.ids[0]!);
      await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', cluster.ids[1]!);
      for (const client of [target, source, cluster.clients[2]!]) {
        await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', cluster.ids[1]!);
      }
    }
    const [from, to] = cluster.servers.map(({ port }) => `127.0.0.1:${String(port)}`);
    for (const client of [source, target, cluster.clients[2]!]) {
      const after = await slotsFromCluster(client);
      expect(after.slotsOf(to!).filter((slot) => before.owner(slot).id !== to)).toEqual(moving);
      expect(diff(before, after)).toEqual([
        { from, to, start: 1000 * 2 ** 18, end: 1040 * 2 ** 18 - 1, share: 40 / 16_384 },
      ]);
    }
    const key = KEYS.find((k) => redisSlot(k) >= 1000 && redisSlot(k) < 1040)!;
    expect(await refusals(target, [key])).toEqual([undefined]);
    expect(await refusals(source, [key])).toEqual([`MOVED ${String(redisSlot(key))} ${to!}`]);
  });

  describe('through either client', () => {
    let made = 0;
    const shardOf = (client: () => RedisClient) => () => redisShard(client(), { prefix: `p${String(made++)}:` });
    shardContract(
      'on the cluster (ioredis)',
      shardOf(() => ioredis),
      RUNS,
    );
    shardContract(
      'on the cluster (redis, wrapped)',
      shardOf(() => wrapped),
      RUNS,
    );

    it('a slot map is stored', async () => {
      const [a, b] = [redisSlotMapStore(ioredis, 'map'), redisSlotMapStore(wrapped, 'map')];
      const document = { epoch: 1, slots: {} as never, goal: null, garbage: [] };
      expect(await a.save(document)).toBe(true);
      expect(await b.save(document)).toBe(false);
      expect(await b.load()).toEqual(document);
    });
  });

  it('a cluster that lacks slots has no map', async () => {
    const client = cluster.clients[2]!;
    await client.call('CLUSTER', 'DELSLOTS', 16_000, 16_001);
    await expect(slotsFromCluster(client)).rejects.toMatchObject({ code: 'CLUSTER_INCOMPLETE' });
    await expect(slotsFromCluster(client)).rejects.toThrow('slot 16000 ');
    await client.call('CLUSTER', 'ADDSLOTS', 16_000, 16_001);
    await eventually('the slots are back', async () => (await slotsFromCluster(client)).count === 16_384);
  });

  it('a server without cluster mode has no map', async () => {
    const client = new Redis((await startRedis()).url);
    await expect(slotsFromCluster(client)).rejects.toThrow(/cluster support disabled/);
    client.disconnect();
  });
});
