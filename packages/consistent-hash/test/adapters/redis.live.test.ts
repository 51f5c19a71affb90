import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisClient } from '../../src/adapters/redis-client.ts';
import { redisShard } from '../../src/adapters/redis-shard.ts';
import { redisSlotMapStore } from '../../src/adapters/redis-slot-map-store.ts';
import type { SlotMapDocument } from '../../src/migrate/document.ts';
import { FENCED } from '../../src/migrate/shard.ts';
import { hasRedisServer, redisUrl, startRedis, stopAll } from './redis-servers.ts';
import { contentOf, shardContract, shardModel } from './shard-contract.ts';

const RUNS = process.env['NIGHTLY'] === '1' ? 2000 : 25;
const root = `consistent-hash-test:${randomUUID()}:`;
let made = 0;
const nextPrefix = (): string => `${root}${String(made++)}:`;

const url = await redisUrl();
const nodeRedis = createClient({ url: url ?? '', socket: { reconnectStrategy: false } });
const nodeRedis2 = createClient({ url: url ?? '', RESP: 2, socket: { reconnectStrategy: false } });
const ioredis = new Redis(url ?? '', { lazyConnect: true });
const ioredisText = new Redis(url ?? '', { lazyConnect: true, stringNumbers: true });
const ioredisPrefix = new Redis(url ?? '', { lazyConnect: true, keyPrefix: `${root}prefix:` });

// A statement of types too: either client is a RedisClient without a cast.
const clients: [string, RedisClient][] = [
  ['redis, RESP3', nodeRedis],
  ['redis, RESP2', nodeRedis2],
  ['ioredis', ioredis],
  ['ioredis with stringNumbers', ioredisText],
  ['ioredis with keyPrefix', ioredisPrefix],
];

afterAll(stopAll);

describe.skipIf(url === undefined)('on Redis', () => {
  beforeAll(async () => {
    await Promise.all([
      nodeRedis.connect(),
      nodeRedis2.connect(),
      ioredis.connect(),
      ioredisText.connect(),
      ioredisPrefix.connect(),
    ]);
  });

  afterAll(async () => {
    const keys = await ioredis.keys(`${root}*`);
    if (keys.length > 0) await ioredis.unlink(...keys);
    nodeRedis.destroy();
    nodeRedis2.destroy();
    ioredis.disconnect();
    ioredisText.disconnect();
    ioredisPrefix.disconnect();
  });

  describe.each(clients)('with the client %s', (name, client) => {
    const law = client === nodeRedis || client === ioredis ? shardContract : shardModel;
    law(`on Redis (${name})`, () => redisShard(client, { prefix: nextPrefix() }), RUNS);

    const document = (epoch: number, id: string): SlotMapDocument => ({
      epoch,
      slots: { v: 1, kind: 'slots', hash: 'xxh32', seed: 0, nodes: [{ id, weight: 1 }], fingerprint: '' },
      goal: null,
      garbage: [],
    });

    it('stores a slot map only behind its predecessor', async () => {
      const store = redisSlotMapStore(client, nextPrefix());
      expect(await store.load()).toBeUndefined();
      expect(await store.save(document(2, 'a'))).toBe(false);
      expect(await store.load()).toBeUndefined();
      expect(await store.save(document(1, 'a'))).toBe(true);
      expect(await store.save(document(1, 'b'))).toBe(false);
      expect(await store.load()).toEqual(document(1, 'a'));
      expect(await store.save(document(2, 'é"\\'))).toBe(true);
      expect(await store.save(document(4, 'c'))).toBe(false);
      expect(await store.load()).toEqual(document(2, 'é"\\'));
    });

    it('lets one of many movers with the same map save', async () => {
      const store = redisSlotMapStore(client, nextPrefix());
      for (let epoch = 1; epoch <= 20; epoch++) {
        const saved = await Promise.all(['a', 'b', 'c', 'd'].map((id) => store.save(document(epoch, id))));
        expect(saved.filter(Boolean)).toHaveLength(1);
      }
    });

    it('says that what is stored is no slot map', async () => {
      const key = nextPrefix();
      await ioredis.set(key, 'hello');
      await ioredisPrefix.set(key, 'hello');
      const store = redisSlotMapStore(client, key);
      await expect(store.load()).rejects.toThrow(SyntaxError);
      await expect(store.save(document(1, 'a'))).rejects.toThrow();
      expect(await ioredis.get(key)).toBe('hello');
    });
  });

  it('keeps both keys of a slot under one hash tag', async () => {
    const prefix = nextPrefix();
    const shard = redisShard(ioredis, { prefix });
    await shard.set(77, 1, 'k', 'v');
    await shard.fence(77, 3);
    expect((await ioredis.keys(`${prefix}*`)).sort()).toEqual([`${prefix}{77}:d`, `${prefix}{77}:f`]);
    expect(await ioredis.get(`${prefix}{77}:f`)).toBe('3');
    expect(await ioredis.hgetall(`${prefix}{77}:d`)).toEqual({ k: 'v' });
    // Whatever else the client puts before them.
    const prefixed = redisShard(ioredisPrefix, { prefix });
    await prefixed.apply(77, 1, [['k', 'v']], []);
    await prefixed.fence(77, 3);
    const found = await ioredis.keys(`${root}prefix:${prefix}*`);
    expect(found.sort()).toEqual(['d', 'f'].map((part) => `${root}prefix:${prefix}{77}:${part}`));
    expect(await prefixed.get(77, 2, 'k')).toBe(FENCED);
  });

  it('is fenced under an epoch that is no number', async () => {
    const shard = redisShard(ioredis, { prefix: nextPrefix() });
    expect(await shard.set(0, NaN, 'k', 'v')).toBe(FENCED);
    expect(await shard.get(0, 1, 'k')).toBeUndefined();
    await expect(shard.set(0, undefined as unknown as number, 'k', 'v')).rejects.toThrow(/arithmetic/);
    await shard.fence(0, NaN);
    expect(await shard.get(0, 1, 'k')).toBeUndefined();
  });

  it('lets writes and a fence race, and no write behind the fence', async () => {
    const shard = redisShard(nodeRedis, { prefix: nextPrefix() });
    const other = redisShard(ioredis, { prefix: `${root}${String(made - 1)}:` });
    const writes = Array.from({ length: 400 }, (_, i) => shard.set(0, 1, String(i), 'v'));
    const frozen = other.fence(0, 2).then(() => contentOf(other, 0, 2));
    const refused = (await Promise.all(writes)).map((answer) => answer === FENCED);
    const kept = await frozen;
    expect(refused.map((no, i) => (no ? 'refused' : kept.has(String(i)) ? 'kept' : 'lost'))).not.toContain('lost');
    expect(kept.size).toBe(refused.filter((no) => !no).length);
  });
});

describe.skipIf(!hasRedisServer())('on two servers, of which one takes over from the other', () => {
  it('a scan does not go on where its cursor means nothing', async () => {
    const servers = await Promise.all([startRedis(), startRedis()]);
    const connections = servers.map(({ url }) => new Redis(url));
    const [old, now] = connections.map((client) => redisShard(client, { prefix: 'p:' }));
    const entries = Array.from({ length: 1000 }, (_, i) => [`k${String(i)}`, ''] as const);
    await Promise.all([old!.apply(1, 1, entries, []), now!.apply(1, 1, entries, [])]);
    const page = await old!.scan(1, 1, undefined, 100);
    if (page === FENCED || page.cursor === undefined) throw new Error('a thousand entries in one page of a hundred');
    await expect(now!.scan(1, 1, page.cursor, 100)).rejects.toThrow(/scan slot 1 again: a new Redis process/);
    expect(await old!.scan(1, 1, page.cursor, 100)).toMatchObject({ entries: expect.any(Array) });
    for (const client of connections) client.disconnect();
  });
});
