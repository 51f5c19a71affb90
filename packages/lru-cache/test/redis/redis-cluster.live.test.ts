import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisBus, redisTier } from '../../src/redis/index.ts';
import { TieredCache } from '../../src/tiered/index.ts';
import { tierContract } from '../tiered/tier-contract.ts';
import { type Client, ioredisCluster, nodeRedisCluster } from './clients.ts';
import { eventually, hasRedis, startCluster, stopRedis } from './servers.ts';

const numRuns = process.env['NIGHTLY'] === '1' ? 300 : 5;

describe.skipIf(!hasRedis())('on a Redis Cluster of three servers', () => {
  const kinds = ['redis', 'ioredis'] as const;
  const clients = {} as Record<(typeof kinds)[number], Client>;
  let made = 0;
  const prefix = (): string => `p${String(made++)}:`;

  beforeAll(async () => {
    const ports = (await startCluster(3)).map(({ port }) => port);
    clients.redis = await nodeRedisCluster(ports);
    clients.ioredis = ioredisCluster(ports);
  }, 60_000);

  afterAll(async () => {
    for (const client of Object.values(clients)) client.close();
    await stopRedis();
  });

  describe.each(kinds)('with the client %s', (kind) => {
    tierContract(kind, () => redisTier(clients[kind].call, { prefix: prefix() }), numRuns);

    it('keys, their tags and the bus may each be on another server', async () => {
      const name = prefix();
      let source = 1;
      const make = (): TieredCache<number> =>
        new TieredCache<number>({
          max: 100,
          l1Ttl: 600_000,
          l2Ttl: 600_000,
          heartbeatMs: 200,
          tags: (key) => [`tag of ${key}`, 'all'],
          tier: redisTier(clients[kind].call, { prefix: name }),
          bus: redisBus(clients[kind].call, clients[kind].subscriber, { channel: name }),
          load: () => source,
        });
      const [a, b] = [make(), make()];
      await eventually('both hear the bus', () => a.stats().busUp && b.stats().busUp);
      const keys = Array.from({ length: 30 }, (_, i) => `{key} ${String(i)}`);
      const all = (cache: TieredCache<number>): Promise<unknown[]> => Promise.all(keys.map((key) => cache.fetch(key)));
      for (const change of [
        () => a.invalidateTags('all'),
        () => a.invalidateTags(...keys.map((key) => `tag of ${key}`)),
        () => a.delete(...keys),
        () => Promise.all(keys.map((key) => a.set(key, source))),
      ]) {
        expect(new Set(await all(b))).toEqual(new Set([source]));
        source++;
        await change();
        expect(new Set(await all(a))).toEqual(new Set([source]));
        await eventually('the other process answers the new values', async () =>
          (await all(b)).every((value) => value === source),
        );
      }
      expect(a.stats().l2Errors + b.stats().l2Errors).toBe(0);
      await Promise.all([a.close(), b.close()]);
    });
  });
});
