/**
 * The script itself, small: a shard joins and one leaves while mover and router are killed with SIGKILL. On shards in
 * memory always, on Redis where there is one.
 */
import { readdir, readFile } from 'node:fs/promises';
import { findProgram } from '@loadbearing-examples/page-kit/guarded.ts';
import { createClient } from 'redis';
import { describe, expect, test } from 'vitest';
import { fileSlotMapStore } from '../src/engines/file-store.ts';
import { start, type Lab } from './process.ts';
import { newDir, until } from './support.ts';

const timeoutMs = 180_000;
const binary = findProgram('redis-server');
const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const isLinux = process.platform === 'linux';
const isRequired = process.env['REQUIRE_SERVICES'] === '1';

/** A client, or undefined when nothing answers. */
async function redisAt(address: string) {
  const client = createClient({ url: address, socket: { connectTimeout: 1000, reconnectStrategy: false } });
  client.on('error', () => undefined);
  return client.connect().catch(() => undefined);
}
const client = await redisAt(url);

function have(what: unknown, name: string, start: string): boolean {
  if (what !== undefined || isRequired) return true;
  console.warn(`skipped: ${name}. ${start}`);
  return false;
}
const hasBinary = have(binary, 'the script on Redis servers of its own', 'Put redis-server on PATH.');
const hasRedis = have(client, `the script on ${url}`, 'Start a Redis there, or name another in REDIS_URL.');

async function held(lab: Lab): Promise<void> {
  const { code } = await lab.ended;
  expect(lab.out() + lab.err()).toContain('lost, stale, resurrected');
  expect(lab.out()).not.toContain('FAILED');
  expect(lab.out().match(/: lost, stale, resurrected +0, 0, 0 +0, 0, 0 +ok/g)).toHaveLength(2);
  expect(lab.out().match(/^ {2}kill -9 \d+, the mover/gm)).toHaveLength(4);
  expect(lab.out().match(/^ {2}kill -9 \d+, the router/gm)).toHaveLength(2);
  expect(lab.err()).toBe('');
  expect(code).toBe(0);
}

describe('nothing acknowledged is lost, stale or resurrected', () => {
  test(
    'on shards in memory, the slot map in a folder',
    async () => {
      await held(start(['--engine', 'memory', '--quick', '--no-page', '--seed', '1']));
    },
    timeoutMs,
  );

  test.runIf(hasBinary)(
    'on Redis servers of its own, which go away with their folder',
    async () => {
      expect(binary).toBeDefined();
      const dir = await newDir();
      await held(start(['--engine', 'redis', '--quick', '--no-page', '--seed', '2'], { TMPDIR: dir }));
      if (isLinux) expect(await commandLinesWith(dir)).toEqual([]);
      expect((await readdir(dir)).filter((name) => name.startsWith('shard-router-'))).toEqual([]);
    },
    timeoutMs,
  );

  test.runIf(hasRedis)(
    'on the Redis that is named, where nothing is left behind',
    async () => {
      const before = await keysOf();
      await held(start(['--quick', '--no-page', '--seed', '3'], { REDIS_URLS: `${url}, ${url}` }));
      expect((await keysOf()).filter((key) => !before.includes(key))).toEqual([]);
      client!.destroy();
    },
    timeoutMs,
  );
});

const keysOf = async (): Promise<string[]> => client!.keys('shard-router:*');

describe('what outlives the world', () => {
  test.runIf(hasBinary && isLinux)(
    'no Redis server of its own does, even when the world is killed',
    async () => {
      const dir = await newDir();
      const lab = start(['--engine', 'redis', '--quick', '--no-page'], { TMPDIR: dir });
      await lab.said(/4 Redis servers/);
      expect(await commandLinesWith(dir)).not.toEqual([]);
      lab.child.kill('SIGKILL');
      await until('they are gone', async () => (await commandLinesWith(dir)).length === 0);
    },
    timeoutMs,
  );

  test.runIf(isLinux)(
    'a whole slot map does, and no child',
    async () => {
      const dir = await newDir();
      const lab = start(['--engine', 'memory', '--quick', '--no-page'], { TMPDIR: dir });
      await lab.said(/kill -9 \d+, the mover/);
      lab.child.kill('SIGKILL');
      await until('its children are gone', async () => (await commandLinesWith(dir)).length === 0);
      const folder = (await readdir(dir)).find((name) => name.startsWith('shard-router-'))!;
      const store = await fileSlotMapStore(`${dir}/${folder}/slot-map`);
      expect((await store.load())!.goal?.map(({ id }) => id)).toContain('shard-5');
    },
    timeoutMs,
  );
});

/** Of the processes that run, those that name the folder. Only Linux tells. */
async function commandLinesWith(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(folder)) found.push(line.replaceAll('\0', ' '));
  }
  return found;
}
