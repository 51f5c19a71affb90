/** The Redis engine: what a dead process left on its way is ended, and nothing of a run stays behind. */
import { findProgram } from '@loadbearing-examples/page-kit/guarded.ts';
import { createClient } from 'redis';
import { afterAll, describe, expect, test } from 'vitest';
import { chooseEngine } from '../src/engines/choose.ts';
import { RedisConnections } from '../src/engines/redis-connections.ts';
import { givenServers, redisEngine } from '../src/engines/redis-engine.ts';
import { ownServers } from '../src/engines/redis-servers.ts';
import { newDir } from './support.ts';

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const client = createClient({ url, socket: { connectTimeout: 1000, reconnectStrategy: false } });
client.on('error', () => undefined);
const hasRedis =
  (await client.connect().then(
    () => true,
    () => false,
  )) || process.env['REQUIRE_SERVICES'] === '1';
if (!hasRedis) console.warn(`skipped: the Redis engine on ${url}. Start a Redis there, or name another in REDIS_URL.`);
afterAll(() => client.destroy());

describe.runIf(hasRedis)('on the Redis that is named', () => {
  test('a run leaves nothing, and two runs do not meet', async () => {
    const [one, other] = [await redisEngine(givenServers([url])), await redisEngine(givenServers([url]))];
    for (const engine of [one, other]) await engine.add('shard-2');
    await one.shard('shard-2').set(3, 1, 'key', 'of one');
    expect(await other.shard('shard-2').get(3, 1, 'key')).toBeUndefined();
    expect(await one.store.save({ epoch: 1, slots: {} as never, goal: null, garbage: [] })).toBe(true);
    expect(await other.store.load()).toBeUndefined();
    await other.close();
    expect(await one.shard('shard-2').get(3, 1, 'key')).toBe('of one');
    const { slotMap } = one;
    const prefix = slotMap.kind === 'redis' ? slotMap.key.replace('slot-map', '') : '';
    expect((await client.keys(`${prefix}*`)).length).toBeGreaterThan(1);
    await one.close();
    expect(await client.keys(`${prefix}*`)).toEqual([]);
  });

  test('after a burial the connections of the dead are gone, and those of the living are not', async () => {
    const engine = await redisEngine(givenServers([url]));
    const named = (name: string) => createClient({ url, name, socket: { reconnectStrategy: false } });
    const [dead, alive] = [named('test-dead'), named('test-alive')];
    const closed = new Promise((resolve) => dead.once('error', resolve));
    await dead.connect();
    await alive.connect();
    expect(await engine.bury('test-dead')).toBe(true);
    await closed;
    await expect(dead.ping()).rejects.toThrow();
    expect(await alive.ping()).toBe('PONG');
    expect(await engine.bury('test-dead')).toBe(true);
    alive.destroy();
    await engine.close();
  });

  test('several addresses take turns', async () => {
    const engine = await chooseEngine('auto', '/nowhere', { REDIS_URLS: `${url}/1,, ${url}/2 ` });
    expect([engine.kind, engine.servers]).toEqual(['redis', 2]);
    const addresses = await Promise.all(['shard-1', 'shard-2', 'shard-3'].map((id) => engine.add(id)));
    expect(addresses.map(({ redis }) => redis!.url)).toEqual([`${url}/1`, `${url}/2`, `${url}/1`]);
    await engine.close();
  });
});

const hasBinary = findProgram('redis-server') !== undefined || process.env['REQUIRE_SERVICES'] === '1';
describe.runIf(hasBinary)('servers of our own', () => {
  test('start on ports of their own, want their password, and are gone after close', async () => {
    const servers = ownServers(findProgram('redis-server')!, await newDir());
    const urls = [await servers.next(), await servers.next()];
    expect(new Set(urls).size).toBe(2);
    expect(servers.count).toBe(2);
    const connections = new RedisConnections('test');
    expect(await (await connections.client(urls[0]!)).ping()).toBe('PONG');
    const stranger = new RedisConnections('stranger');
    const { port } = new URL(urls[1]!);
    await expect(stranger.client(`redis://127.0.0.1:${port}`)).rejects.toThrow(/NOAUTH/);
    await connections.close();
    await servers.close();
    await expect(new RedisConnections('late').client(urls[0]!)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

test('without an address and without a binary it is memory', async () => {
  const engine = await chooseEngine('auto', await newDir(), { PATH: '' });
  expect([engine.kind, engine.servers]).toEqual(['memory', 1]);
});
