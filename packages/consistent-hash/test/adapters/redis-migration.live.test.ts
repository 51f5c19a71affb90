/**
 * A migration on real Redis: three shards become four while clients write, read and delete.
 *
 * Every client has keys of its own, so it knows what an acknowledged operation has left and checks each answer.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisShard, redisSlotMapStore } from '../../src/adapters/redis.ts';
import { initSlotMap, setGoal, slotMover, slotRouter } from '../../src/migrate/index.ts';
import type { ClientShard, SlotRouter } from '../../src/migrate/index.ts';
import { slots } from '../../src/slots.ts';
import { redisUrl, stopAll } from './redis-servers.ts';
import { contentOf } from './shard-contract.ts';
import type { FullShard } from './shard-contract.ts';

const root = `consistent-hash-test:${randomUUID()}:`;
const SLOTS = 64;
const CLIENTS = 6;
const KEYS_PER_CLIENT = process.env['NIGHTLY'] === '1' ? 5000 : 150;
const clock = { now: () => performance.now(), sleep: (ms: number) => sleep(ms) };

const url = await redisUrl();
const nodeRedis = createClient({ url: url ?? '', socket: { reconnectStrategy: false } });
const ioredis = new Redis(url ?? '', { lazyConnect: true, autoResendUnfulfilledCommands: false });

describe.skipIf(url === undefined)('a migration on Redis', () => {
  beforeAll(async () => {
    await Promise.all([nodeRedis.connect(), ioredis.connect()]);
  });

  afterAll(async () => {
    const keys = await ioredis.keys(`${root}*`);
    if (keys.length > 0) await ioredis.unlink(...keys);
    nodeRedis.destroy();
    ioredis.disconnect();
    await stopAll();
  });

  it('loses no acknowledged write and brings none back, with two movers and clients that do not stop', async () => {
    // Movers and clients reach the same shards over different connections, as processes would.
    const shards = (client: typeof nodeRedis | Redis): Map<string, FullShard> =>
      new Map(['a', 'b', 'c', 'd'].map((id) => [id, redisShard(client, { prefix: `${root}${id}:` })]));
    const [movers, clients] = [shards(nodeRedis), shards(ioredis)];
    const store = redisSlotMapStore(nodeRedis, `${root}map`);
    expect(await initSlotMap(store, slots(['a', 'b', 'c'], { count: SLOTS }))).toBe(true);

    const known = new Map<string, string | undefined>();
    let stopped = false;
    let operations = 0;

    async function on<R>(
      router: SlotRouter,
      key: string,
      op: (shard: ClientShard, slot: number, epoch: number) => Promise<R>,
    ): Promise<unknown> {
      const result = await router.run<unknown>(key, ({ id, slot, epoch }) => op(clients.get(id)!, slot, epoch));
      if (!result.ok) throw new Error(`${key}: ${result.reason}`);
      operations++;
      return result.value;
    }

    async function client(c: number, router: SlotRouter, rounds: number): Promise<void> {
      for (let i = 0; i < rounds && !stopped; i++) {
        const key = `${String(c)}:${String((i * 7) % KEYS_PER_CLIENT)}`;
        expect(await on(router, key, (shard, slot, epoch) => shard.get(slot, epoch, key))).toBe(known.get(key));
        if (i % 5 === 4) {
          const was = await on(router, key, (shard, slot, epoch) => shard.delete(slot, epoch, key));
          expect(was).toBe(known.get(key) !== undefined);
          known.set(key, undefined);
        } else {
          const value = `${key}=${String(i)}`;
          await on(router, key, (shard, slot, epoch) => shard.set(slot, epoch, key, value));
          known.set(key, value);
        }
      }
    }

    const routers = await Promise.all(
      Array.from({ length: CLIENTS }, () => slotRouter({ store: redisSlotMapStore(ioredis, `${root}map`), clock })),
    );
    await Promise.all(routers.map((router, c) => client(c, router, KEYS_PER_CLIENT)));
    const loaded = operations;

    await setGoal(store, ['a', 'b', 'c', 'd']);
    const running = Promise.all(routers.map((router, c) => client(c, router, Infinity)));
    const mover = (): Promise<{ moved: number }> =>
      slotMover({ store, shard: (id) => movers.get(id), batchSlots: 4, pageSize: 10 }).run();
    // The second one begins in the middle of the first one's work. Who is beaten to it too often gives up, which is fine.
    const [first, second] = await Promise.allSettled([mover(), sleep(30).then(mover)]);
    expect([first, second].some(({ status }) => status === 'fulfilled')).toBe(true);
    stopped = true;
    await running;
    expect(operations - loaded).toBeGreaterThan(100);

    const after = (await slotRouter({ store, clock })).slots;
    const { epoch, goal, garbage } = (await store.load())!;
    expect({ goal, garbage }).toEqual({ goal: null, garbage: [] });
    expect(after.slotsOf('d')).toHaveLength(SLOTS / 4);
    // Every row is with its owner, and nobody else has any of its slot.
    const found = new Map<string, string>();
    for (let slot = 0; slot < SLOTS; slot++) {
      for (const [id, shard] of movers) {
        const rows = await contentOf(shard, slot, epoch);
        if (after.owner(slot).id === id) for (const [key, value] of rows) found.set(key, value);
        else expect(rows.size).toBe(0);
      }
    }
    expect(found).toEqual(new Map([...known].filter(([, value]) => value !== undefined)));
  });
});
