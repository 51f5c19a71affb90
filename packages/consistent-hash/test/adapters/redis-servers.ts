/**
 * Redis for tests: the one at REDIS_URL, and servers of their own on free ports.
 *
 * A server that a test starts must not outlive it, however the test ends. So each is the child of a shell that waits
 * at its standard input: when that closes, because the test said so or because its process is gone, the shell kills
 * the server and removes its directory.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';

/** Says in one line what is missing; with REQUIRE_SERVICES=1 that is a failure. */
function missing(what: string): false {
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`REQUIRE_SERVICES=1, and ${what}`);
  // Past the reporter, which may keep to itself what a test prints.
  writeSync(2, `skipped: ${what}\n`);
  return false;
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

const isInstalled = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

export function hasRedisServer(): boolean {
  return isInstalled() || missing('there is no program redis-server on PATH to start servers with');
}

/** A Redis that answers: at REDIS_URL, or at its usual place, or started here. Undefined where there is none. */
export async function redisUrl(): Promise<string | undefined> {
  const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
  if (await answers(url)) return url;
  // Who names a server wants it, and no other.
  if (process.env['REDIS_URL'] === undefined && isInstalled()) return (await startRedis()).url;
  missing(`no Redis answers at ${url}; start one: docker compose up -d --wait redis`);
  return undefined;
}

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Below the ports that systems give to outgoing connections, as is the port for the cluster's bus: 10000 above. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 12_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

const KEEPER = 'dir=$1; shift; redis-server "$@" & read -r _; kill -9 $!; wait; rm -rf "$dir"';

/** Starts a server that keeps nothing and resolves when it accepts connections. */
export async function startRedis(...args: string[]): Promise<RedisServer> {
  const port = await freePort();
  const dir = mkdtempSync(path.join(tmpdir(), 'redis-test-'));
  const options = ['--port', String(port), '--dir', dir, '--save', '', '--bind', '127.0.0.1', ...args];
  const shell = spawn('sh', ['-c', KEEPER, 'sh', dir, ...options], { stdio: ['pipe', 'pipe', 'ignore'] });
  running.add(shell);
  const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
  const stop = (): Promise<void> => {
    running.delete(shell);
    shell.stdin.end();
    return ended;
  };
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`redis-server did not start:\n${said}`)), 20_000);
    shell.stdout.on('data', (text: Buffer) => {
      said += text.toString();
      if (!said.includes('Ready to accept connections')) return;
      clearTimeout(late);
      resolve();
    });
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { port, url: `redis://127.0.0.1:${String(port)}`, stop };
}

/** For `afterAll`: whatever is still running. */
export async function stopAll(): Promise<void> {
  await Promise.all(
    [...running].map((shell) => {
      shell.stdin?.end();
      return new Promise((resolve) => shell.once('exit', resolve));
    }),
  );
  running.clear();
}

export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 20 seconds`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface RedisCluster {
  readonly servers: readonly RedisServer[];
  /** A connection to each server alone. */
  readonly clients: readonly Redis[];
  /** The cluster's own names of the servers. */
  readonly ids: readonly string[];
}

/** First slot of each of n equal parts, and one for the end. */
function bounds(n: number): number[] {
  return Array.from({ length: n + 1 }, (_, i) => Math.round((i * 16_384) / n));
}

/** Masters without replicas that share the slots in equal, contiguous parts. */
export async function startCluster(n: number): Promise<RedisCluster> {
  const servers = await Promise.all(
    Array.from({ length: n }, () => startRedis('--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no')),
  );
  const clients = servers.map(({ url }) => new Redis(url));
  const ids = await Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'MYID'))));
  const from = bounds(n);
  for (const [i, client] of clients.entries()) {
    const owned = Array.from({ length: from[i + 1]! - from[i]! }, (_, j) => from[i]! + j);
    await client.call('CLUSTER', 'ADDSLOTS', ...owned);
    // Different from the start, or servers with equal epochs would have to sort that out first.
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
  }
  for (const { port } of servers.slice(1)) await clients[0]!.call('CLUSTER', 'MEET', '127.0.0.1', port);
  await eventually('the cluster agrees about its slots', async () => {
    const views = await Promise.all(clients.map((client) => client.call('CLUSTER', 'SLOTS')));
    const infos = await Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'INFO'))));
    return (
      infos.every((info) => info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${String(n)}\r`)) &&
      views.every((view) => (view as []).length === n)
    );
  });
  return { servers, clients, ids };
}
