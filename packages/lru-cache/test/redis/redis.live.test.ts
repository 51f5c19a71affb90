import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisBus, redisTier } from '../../src/redis/index.ts';
import { TieredCache, type TieredCacheOptions } from '../../src/tiered/index.ts';
import { tierContract } from '../tiered/tier-contract.ts';
import { type Client, ioredisClient, nodeRedisClient } from './clients.ts';
import { eventually, hasRedis, type RedisServer, startRedis, stopRedis, wireTo } from './servers.ts';

const numRuns = process.env['NIGHTLY'] === '1' ? 1000 : 15;
const prefixed = (): string => `${randomUUID()}:`;

describe.skipIf(!hasRedis())('on Redis', () => {
  let server: RedisServer;
  let admin: Redis;
  const open: { close: () => unknown }[] = [];
  const kinds = ['redis, RESP3', 'redis, RESP2', 'ioredis'] as const;
  const clients = {} as Record<(typeof kinds)[number], Client>;

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    clients['redis, RESP3'] = await nodeRedisClient(server.url, 3);
    clients['redis, RESP2'] = await nodeRedisClient(server.url, 2);
    clients.ioredis = ioredisClient(server.url);
    open.push({ close: () => admin.disconnect() }, ...Object.values(clients));
  }, 60_000);

  afterAll(async () => {
    for (const one of open.reverse()) await one.close();
    await stopRedis();
  });

  /** A cache with connections of its own. */
  function cacheOn<V extends object | string | number>(
    client: Client,
    name: string,
    options: Partial<TieredCacheOptions<V>> & Pick<TieredCacheOptions<V>, 'load'>,
  ): TieredCache<V> {
    const cache = new TieredCache<V>({
      max: 1000,
      l1Ttl: 600_000,
      l2Ttl: 600_000,
      heartbeatMs: 100,
      disconnectedTtlMs: 100,
      tier: redisTier(client.call, { prefix: name }),
      bus: redisBus(client.call, client.subscriber, { channel: name }),
      ...options,
    });
    open.push({ close: () => cache.close() });
    return cache;
  }

  function connect(subscriberUrl?: string): Client {
    const client = ioredisClient(server.url, subscriberUrl);
    open.push(client);
    return client;
  }

  const isUp = (cache: { stats(): { busUp: boolean } }) => (): boolean => cache.stats().busUp;

  describe.each(kinds)('with the client %s', (kind) => {
    tierContract(kind, () => redisTier(clients[kind].call, { prefix: prefixed() }), numRuns);

    it('every key ends by itself', async () => {
      const prefix = prefixed();
      const tier = redisTier(clients[kind].call, { prefix, fenceMs: 30_000 });
      const read = await tier.read('k', 20_000);
      await tier.fill('k', 'v', 50_000, (read as { fence: string }).fence);
      await tier.read('other', 20_000);
      await tier.versions(['t'], 40_000);
      const ends = async (name: string): Promise<number> => Math.round((await admin.pttl(prefix + name)) / 10_000);
      expect(await Promise.all(['{k}', '{k}:f', '{other}:f', '{other}:l', '{t}:t'].map(ends))).toEqual([5, 3, 3, 2, 4]);
      expect(await admin.exists(`${prefix}{k}:l`)).toBe(0);
    });

    it('invalidations reach another process, and tags do', async () => {
      const name = prefixed();
      let source = 1;
      const make = (): TieredCache<number> => cacheOn(clients[kind], name, { load: () => source, tags: () => ['t'] });
      const [a, b] = [make(), make()];
      await eventually('both hear the bus', () => isUp(a)() && isUp(b)());
      for (const change of [() => a.delete('k'), () => a.invalidateTags('t'), () => a.set('k', source)]) {
        expect(await b.fetch('k')).toBe(source);
        source++;
        await change();
        await eventually('the other process answers the new value', async () => (await b.fetch('k')) === source);
        expect(await a.fetch('k')).toBe(source);
      }
      await Promise.all([a.close(), b.close()]);
    });
  });

  it('goes on after SCRIPT FLUSH', async () => {
    const tier = redisTier(clients.ioredis.call, { prefix: prefixed() });
    for (let i = 0; i < 3; i++) {
      await admin.script('FLUSH');
      const read = await tier.read(`k${String(i)}`, 1000);
      await admin.script('FLUSH');
      expect(await tier.fill(`k${String(i)}`, 'v', 1000, (read as { fence: string }).fence)).toBe(true);
    }
  });

  it('after FLUSHALL no load that began before can fill, and the source stays calm', async () => {
    const name = prefixed();
    let [running, peak, loads, source] = [0, 0, 0, 1];
    let hold: Promise<void> | undefined;
    const a = cacheOn<number>(connect(), name, {
      maxConcurrentLoads: 4,
      load: async () => {
        loads++;
        peak = Math.max(peak, ++running);
        const value = source;
        await hold;
        running--;
        return value;
      },
    });
    let go = (): void => undefined;
    hold = new Promise((resolve) => (go = resolve));
    const early = a.fetch('k');
    await eventually('the load has begun', () => loads === 1);
    await admin.flushall();
    source = 2;
    await a.delete('k');
    go();
    hold = undefined;
    expect(await early).toBe(1);
    expect(a.stats().fillsRefused).toBe(1);
    expect(await a.fetch('k')).toBe(2);

    const keys = Array.from({ length: 200 }, (_, i) => `key${String(i)}`);
    await Promise.all(keys.map((key) => a.fetch(key)));
    a.clearLocal();
    await admin.flushall();
    peak = 0;
    await Promise.all(keys.map((key) => a.fetch(key)));
    expect(peak).toBe(4);
    expect(loads).toBe(2 + 400);
  });

  it('a server that hangs: reads go to the source, changes reject, and afterwards all is as before', async () => {
    const own = await startRedis();
    const client = ioredisClient(own.url);
    open.push(client);
    let source = 1;
    const a = cacheOn<number>(client, prefixed(), { load: () => source, tierTimeoutMs: 100 });
    await eventually('the bus is up', isUp(a));
    await a.fetch('k');
    process.kill(own.pid, 'SIGSTOP');
    try {
      source = 2;
      await expect(a.delete('k')).rejects.toMatchObject({ code: 'TIER_TIMEOUT' });
      expect(await a.fetch('k')).toBe(2);
      expect(a.stats().l2Errors).toBeGreaterThanOrEqual(2);
      await eventually('the bus is known to be lost', () => !a.stats().busUp);
    } finally {
      process.kill(own.pid, 'SIGCONT');
    }
    await eventually('the bus is up again', isUp(a));
    await a.delete('k');
    source = 3;
    const { l2Misses, l2Errors } = a.stats();
    expect(await a.fetch('k')).toBe(3);
    expect(a.stats()).toMatchObject({ l2Misses: l2Misses + 1, l2Errors });
  });

  it('a connection that is killed is known to be lost, comes back, and the layer is emptied', async () => {
    const a = cacheOn<number>(connect(), prefixed(), { load: () => 1 });
    await eventually('the bus is up', isUp(a));
    await a.fetch('k');
    const { emptied } = a.stats();
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually('the layer is emptied', () => a.stats().emptied > emptied);
    await eventually('the bus is up again', isUp(a));
  });

  it('a text that does not decode is a miss and is overwritten', async () => {
    const prefix = prefixed();
    const a = cacheOn<number>(connect(), prefix, { load: () => 1 });
    await admin.set(`${prefix}{k}`, 'no value of ours', 'PX', 60_000);
    expect(await a.fetch('k')).toBe(1);
    expect(await admin.get(`${prefix}{k}`)).toBe('=1');
  });

  /** Two processes, as far as Redis can tell; the way to the second one's subscription is cut without a word. */
  async function cutWire(heartbeatMs: number): Promise<number | undefined> {
    const wire = await wireTo(server.port);
    open.push(wire);
    const name = prefixed();
    let source = 1;
    const options = { load: (): number => source, heartbeatMs };
    const a = cacheOn<number>(connect(), name, options);
    const b = cacheOn<number>(connect(wire.url), name, options);
    await eventually('both hear the bus', () => isUp(a)() && isUp(b)());
    expect(await b.fetch('k')).toBe(1);
    wire.cut();
    source = 2;
    await a.delete('k');
    // Twice the bound of 200 ms: whoever has not noticed by now does not notice.
    await new Promise((resolve) => setTimeout(resolve, 400));
    const answer = await b.fetch('k');
    wire.mend();
    return answer;
  }

  it('a subscription that is cut without a word answers nothing old after the bound', async () => {
    expect(await cutWire(100)).toBe(2);
  });

  it('and without a heartbeat it does', async () => {
    // Those of the beginning must come back, and no other is ever due.
    expect(await cutWire(1e8)).toBe(1);
  });

  it('whoever dies with the lease in hand is waited for, but not long', async () => {
    const name = prefixed();
    const dying = connect();
    const a = cacheOn<number>(dying, name, { load: () => new Promise<never>(() => undefined), leaseMs: 60_000 });
    const b = cacheOn<number>(connect(), name, { load: () => 2, leaseMs: 60_000, leaseWaitMs: 50 });
    void a.fetch('k').catch(() => undefined);
    await eventually('the lease is taken', async () => (await admin.exists(`${name}{k}:l`)) === 1);
    dying.close();
    expect(await b.fetch('k')).toBe(2);
    expect(b.stats().leaseWaits).toBe(1);
  });
});
