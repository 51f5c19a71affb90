/** On a cluster each call must stay in one slot, so batches are off; everything else is as on one server. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocklist, gcra, slidingLog } from '../../src/limits.ts';
import { redisStore } from '../../src/redis/index.ts';
import { specFor, type BoundAsyncStore } from '../../src/store.ts';
import { REFUND, TAKE } from '../../src/transition.ts';
import { ioredisCluster, nodeRedisCluster, type Client } from './clients.ts';
import { eventually, hasRedis, startRedis, stopRedis, type RedisServer } from './servers.ts';

describe.skipIf(!hasRedis())('on a Redis Cluster of three servers', () => {
  let servers: RedisServer[];
  const clients = {} as Record<'ioredis' | 'node-redis', Client>;
  let made = 0;

  const cli = (server: RedisServer, ...args: string[]): string =>
    execFileSync('redis-cli', ['-p', String(server.port), ...args], { encoding: 'utf8' });

  beforeAll(async () => {
    const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000'];
    servers = await Promise.all([0, 1, 2].map(() => startRedis(options)));
    const ports = servers.map(({ port }) => port);
    const addresses = ports.map((port) => `127.0.0.1:${String(port)}`);
    cli(servers[0]!, '--cluster', 'create', ...addresses, '--cluster-yes');
    await eventually('all agree about the slots', () =>
      servers.every(
        (server) =>
          cli(server, 'CLUSTER', 'INFO').includes('cluster_state:ok') &&
          cli(server, 'CLUSTER', 'INFO').includes('cluster_known_nodes:3'),
      ),
    );
    clients.ioredis = ioredisCluster(ports);
    clients['node-redis'] = await nodeRedisCluster(ports);
  }, 60_000);
  afterAll(async () => {
    for (const client of Object.values(clients)) client.close();
    await stopRedis();
  });

  describe.each(['ioredis', 'node-redis'] as const)('through %s', (name) => {
    const bind = (maxBatch: number): BoundAsyncStore =>
      redisStore({ client: clients[name].scripting, prefix: `p${String(made++)}:`, maxBatch }).bind(
        specFor(
          'n',
          [gcra({ rate: 5, perMs: 3_600_000 }), slidingLog({ limit: 8, windowMs: 3_600_000 }), blocklist()],
          () => performance.now(),
        ),
      );

    it('keys are spread over all servers, each key decided exactly', async () => {
      const before = servers.map((server) => Number(cli(server, 'DBSIZE')));
      const store = bind(1);
      const keys = Array.from({ length: 40 }, (_, i) => `{user} ${String(i)}`);
      const admitted = await Promise.all(
        keys.map(async (key) => {
          const outcomes = await Promise.all(Array.from({ length: 9 }, () => store.apply(key, TAKE, 1, 0)));
          const [first] = outcomes.filter(({ ok }) => ok);
          await store.apply(key, REFUND, 1, first!.startMs);
          const { ok } = await store.apply(key, TAKE, 1, 0);
          return outcomes.filter((outcome) => outcome.ok).length + (ok ? 1 : 0);
        }),
      );
      expect(new Set(admitted)).toEqual(new Set([6]));
      const after = servers.map((server) => Number(cli(server, 'DBSIZE')));
      // Two keys for each: the words and the log.
      expect(after.reduce((sum, n, i) => sum + n - before[i]!, 0)).toBe(80);
      for (const [i, n] of after.entries()) expect(n).toBeGreaterThan(before[i]!);
    });

    it('a batch over several slots is an error, and decides nothing', async () => {
      const store = bind(64);
      const settled = await Promise.allSettled(['a', 'b', 'c'].map((key) => store.apply(key, TAKE, 1, 0)));
      expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      expect(await store.apply('a', TAKE, 1, 0)).toMatchObject({ ok: true, remaining: 4 });
    });
  });
});
