/** The store on a real server, by the server's time: clients, lifetimes, faults, and several processes at once. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocklist, fixedWindow, gcra, slidingCounter, slidingLog, type Limit } from '../../src/limits.ts';
import { redisStore, type RedisStoreOptions } from '../../src/redis/index.ts';
import { specFor, type BoundAsyncStore } from '../../src/store.ts';
import { BLOCK, FORCE, PEEK, REFUND, TAKE } from '../../src/transition.ts';
import { ioredis, iovalkey, nodeRedis, type Client } from './clients.ts';
import { runProgram } from './programs.ts';
import { eventually, hasRedis, startRedis, stopRedis, type RedisServer } from './servers.ts';

const perHour = gcra({ name: 'hourly', rate: 10, perMs: 3_600_000 });
const kinds: readonly [string, Limit][] = [
  ['gcra', perHour],
  ['sliding log', slidingLog({ limit: 10, windowMs: 3_600_000 })],
  ['sliding counter', slidingCounter({ limit: 10, windowMs: 3_600_000 })],
  ['fixed window', fixedWindow({ limit: 10, windowMs: 3_600_000 })],
];

describe.skipIf(!hasRedis())('on a server', () => {
  let server: RedisServer;
  let client: Client;
  let made = 0;

  beforeAll(async () => {
    server = await startRedis();
    client = ioredis(server.url);
  });
  afterAll(async () => {
    client.close();
    await stopRedis();
  });

  const prefixed = (): string => `p${String(made++)}:`;
  const bind = (
    limits: readonly Limit[],
    prefix = prefixed(),
    by = client,
    options: Partial<RedisStoreOptions> = {},
  ): BoundAsyncStore =>
    redisStore({ client: by.scripting, prefix, ...options }).bind(specFor('n', limits, () => performance.now()));

  const burst = async (store: BoundAsyncStore, n: number): Promise<number> => {
    const outcomes = await Promise.all(Array.from({ length: n }, () => store.apply('k', TAKE, 1, 0)));
    return outcomes.filter(({ ok }) => ok).length;
  };

  describe.each(['ioredis', 'iovalkey', 'node-redis by RESP2', 'node-redis by RESP3'])('through %s', (name) => {
    let by: Client;
    beforeAll(async () => {
      if (name === 'ioredis') by = ioredis(server.url);
      else if (name === 'iovalkey') by = iovalkey(server.url);
      else by = await nodeRedis(server.url, name.endsWith('2') ? 2 : 3);
    });
    afterAll(() => by.close());

    it.each(kinds)(
      'a burst gets exactly the quota of a %s, batched or not, and a refund gives back',
      async (_, limit) => {
        for (const maxBatch of [1, 64]) {
          const store = bind([limit, blocklist()], prefixed(), by, { maxBatch });
          const first = await store.apply('k', TAKE, 1, 0);
          expect(first).toMatchObject({ ok: true, index: 0, remaining: 9, charged: 1 });
          expect(await burst(store, 30)).toBe(9);
          await store.apply('k', REFUND, 1, first.startMs);
          expect(await burst(store, 30)).toBe(1);
          await store.apply('k', BLOCK, 1, 60_000);
          expect(await store.apply('k', PEEK, 1, 0)).toMatchObject({ ok: false });
          await store.reset('k');
          expect(await burst(store, 30)).toBe(10);
        }
      },
    );

    it('loads its script again after SCRIPT FLUSH', async () => {
      const store = bind([perHour], prefixed(), by);
      expect(await burst(store, 4)).toBe(4);
      await client.command('SCRIPT', 'FLUSH');
      expect(await burst(store, 30)).toBe(6);
    });
  });

  it('no key without an end of life, and none that outlives full quota', async () => {
    const prefix = prefixed();
    const store = bind([...kinds.map(([, limit], i) => ({ ...limit, name: `l${String(i)}` })), blocklist()], prefix);
    const check = async (): Promise<number> => {
      const keys = (await client.command('KEYS', `${prefix}*`)) as string[];
      for (const key of keys) {
        const ttl = (await client.command('PTTL', key)) as number;
        expect(ttl, key).toBeGreaterThan(0);
        expect(ttl, key).toBeLessThanOrEqual(2 * 3_600_000);
      }
      return keys.length;
    };
    const { startMs } = await store.apply('k', TAKE, 3, 0);
    expect(await check()).toBe(2);
    await store.apply('k', FORCE, 1, 0);
    expect(await check()).toBe(2);
    await store.apply('k', REFUND, 3, startMs);
    await store.apply('k', BLOCK, 1, 60_000);
    expect(await check()).toBe(2);
    await store.reset('k');
    expect(await check()).toBe(0);
  });

  it('refusals and peeks write nothing', async () => {
    const prefix = prefixed();
    const store = bind([perHour, slidingLog({ limit: 20, windowMs: 60_000 })], prefix);
    await store.apply('k', PEEK, 1, 0);
    await store.apply('k', TAKE, 11, 0);
    expect(await client.command('KEYS', `${prefix}*`)).toEqual([]);
  });

  it('a key is gone from the server once its quota is full again', async () => {
    const prefix = prefixed();
    const store = bind([gcra({ rate: 1, perMs: 30 }), slidingLog({ limit: 3, windowMs: 40 })], prefix);
    await store.apply('k', TAKE, 1, 0);
    await eventually(
      'the key is gone',
      async () => ((await client.command('KEYS', `${prefix}*`)) as string[]).length === 0,
    );
  });

  it('a sliding log never admits more than its limit in a window, by the server’s time', async () => {
    const windowMs = 20;
    for (const maxBatch of [1, 64]) {
      const store = bind([slidingLog({ limit: 2, windowMs })], prefixed(), client, { maxBatch });
      const admitted: number[] = [];
      while (admitted.length < 12) {
        const { ok, nowMs } = await store.apply('k', TAKE, 1, 0);
        if (ok) admitted.push(nowMs);
      }
      for (let i = 2; i < admitted.length; i++) {
        expect(admitted[i]! - admitted[i - 2]!).toBeGreaterThanOrEqual(windowMs);
      }
    }
  });

  it.each([
    ['text that is no state', 'SET', 'not words'],
    ['words of another kind', 'SET', '1 2 3 4'],
    ['another type', 'RPUSH', 'x'],
  ])('a value that is %s is an error, not full quota', async (_, command, value) => {
    const prefix = prefixed();
    for (const limits of [[perHour], [perHour, blocklist()]]) {
      const store = bind(limits, prefix);
      await store.apply('k', TAKE, 1, 0);
      const [key] = (await client.command('KEYS', `${prefix}*`)) as [string];
      await client.command('DEL', key);
      await client.command(command, key, value);
      if (command === 'RPUSH' && limits.length === 1) {
        // MGET answers as if it were not there, and SET would write over it.
        expect(await store.apply('k', TAKE, 1, 0)).toMatchObject({ ok: true });
      } else {
        await expect(store.apply('k', TAKE, 1, 0)).rejects.toThrow();
      }
      await client.command('DEL', key);
    }
  });

  it('a replica refuses, and so does a server without memory to spare; neither allows', async () => {
    const full = await startRedis(['--maxmemory', '1', '--maxmemory-policy', 'noeviction']);
    const replica = await startRedis(['--replicaof', '127.0.0.1', String(server.port)]);
    for (const [{ url }, error] of [
      [full, /OOM/],
      [replica, /READONLY|MASTERDOWN/],
    ] as const) {
      const by = ioredis(url);
      for (const limits of [[perHour], [perHour, blocklist()], [slidingLog({ limit: 3, windowMs: 1000 })]]) {
        await expect(bind(limits, prefixed(), by).apply('k', TAKE, 1, 0)).rejects.toThrow(error);
      }
      by.close();
    }
  });

  it('a connection that is killed fails what was under way or retries it; then all is as before', async () => {
    const redis = new Redis(server.url, { maxRetriesPerRequest: 0 });
    redis.on('error', () => undefined);
    const { fromIoredis } = await import('../../src/redis/index.ts');
    const store = bind([perHour], prefixed(), { ...client, scripting: fromIoredis(redis) });
    expect((await store.apply('k', TAKE, 1, 0)).remaining).toBe(9);
    const id = String(await redis.call('CLIENT', 'ID'));
    await client.command('CLIENT', 'KILL', 'ID', id);
    await Promise.allSettled([store.apply('k', TAKE, 1, 0)]);
    await eventually('it answers again', async () => {
      const [answer] = await Promise.allSettled([store.apply('k', PEEK, 1, 0)]);
      return answer.status === 'fulfilled' && answer.value.remaining <= 9;
    });
    redis.disconnect();
  });

  it('four processes share one key exactly, though their clocks are 90 seconds apart', async () => {
    for (const limits of [
      'gcra({ rate: 1500, perMs: 86_400_000 })',
      'slidingLog({ limit: 1500, windowMs: 86_400_000 })',
    ]) {
      const prefix = prefixed();
      // 400 asked by each: none can be left out if 1500 are admitted.
      const program = (skewMs: number): string => `
        const realNow = Date.now, realPerformance = performance.now.bind(performance);
        Date.now = () => realNow() + ${skewMs};
        performance.now = () => realPerformance() + ${skewMs};
        const { Redis } = await import('ioredis');
        const { gcra, slidingLog } = await import(src + 'limits.js');
        const { redisStore, fromIoredis } = await import(src + 'redis/index.js');
        const { specFor } = await import(src + 'store.js');
        const redis = new Redis(${JSON.stringify(server.url)});
        const store = redisStore({ client: fromIoredis(redis), prefix: ${JSON.stringify(prefix)} })
          .bind(specFor('n', [${limits}], () => performance.now()));
        let admitted = 0;
        for (let i = 0; i < 20; i++) {
          const all = await Promise.all(Array.from({ length: 20 }, () => store.apply('k', 0, 1, 0)));
          admitted += all.filter(({ ok }) => ok).length;
        }
        redis.disconnect();
        console.log(admitted);`;
      const admitted = (
        await Promise.all([-90_000, 0, 45_000, 90_000].map((skewMs) => runProgram(program(skewMs))))
      ).map(Number);
      expect(admitted.reduce((sum, n) => sum + n, 0)).toBe(1500);
    }
  });
});
