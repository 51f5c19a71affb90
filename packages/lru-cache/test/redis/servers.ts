/**
 * Redis servers of their own for tests, on free loopback ports, and a wire to them that can be cut.
 *
 * A server must not outlive its test, however that ends: it is the child of a shell that waits at its standard input,
 * and that kills it and removes its folder when the input closes.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';

/** Says in one line what is missing; with REQUIRE_SERVICES=1 that is a failure. */
export function hasRedis(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true;
  const what = 'there is no program redis-server on PATH to start servers with';
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`REQUIRE_SERVICES=1, and ${what}`);
  // Past the reporter, which may keep to itself what a test prints.
  writeSync(2, `skipped: ${what}\n`);
  return false;
}

const running = new Set<ChildProcess>();

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Below what systems give to outgoing connections; the bus of a cluster is 10000 above. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 12_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

const keeper = 'dir=$1; shift; redis-server "$@" & echo "pid $!"; read -r _; kill -9 $!; wait; rm -rf "$dir"';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
}

/** Starts a server that keeps nothing; resolves when it accepts connections. */
export async function startRedis(...args: string[]): Promise<RedisServer> {
  const port = await freePort();
  const dir = mkdtempSync(path.join(tmpdir(), 'redis-test-'));
  const options = ['--port', String(port), '--dir', dir, '--save', '', '--bind', '127.0.0.1', ...args];
  const shell = spawn('sh', ['-c', keeper, 'sh', dir, ...options], { stdio: ['pipe', 'pipe', 'ignore'] });
  running.add(shell);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`redis-server did not start:\n${said}`)), 20_000);
    shell.stdout.on('data', (text: Buffer) => {
      said += text.toString();
      if (!said.includes('Ready to accept connections')) return;
      clearTimeout(late);
      resolve();
    });
  });
  return { port, url: `redis://127.0.0.1:${String(port)}`, pid: Number(/pid (\d+)/.exec(said)?.[1]) };
}

export async function stopRedis(): Promise<void> {
  await Promise.all(
    [...running].map((shell) => {
      const ended = new Promise((resolve) => shell.once('exit', resolve));
      shell.stdin?.end();
      return ended;
    }),
  );
  running.clear();
}

export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 20 seconds`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Masters without replicas that share the slots in equal parts. */
export async function startCluster(n: number): Promise<RedisServer[]> {
  const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000'];
  const servers = await Promise.all(Array.from({ length: n }, () => startRedis(...options)));
  const clients = servers.map(({ url }) => new Redis(url));
  for (const [i, client] of clients.entries()) {
    client.on('error', () => undefined);
    const [from, to] = [i, i + 1].map((part) => Math.round((part * 16_384) / n)) as [number, number];
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    if (i > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', servers[0]!.port);
  }
  await eventually('the cluster agrees about its slots', async () => {
    const infos = await Promise.all(clients.map(async (client) => String(await client.call('CLUSTER', 'INFO'))));
    const views = await Promise.all(clients.map((client) => client.call('CLUSTER', 'SLOTS')));
    return infos.every((info) => info.includes('cluster_state:ok')) && views.every((v) => (v as []).length === n);
  });
  for (const client of clients) client.disconnect();
  return servers;
}

export interface Wire {
  readonly url: string;
  /** Nothing passes any more, and nobody is told: what a lost router does. */
  cut(): void;
  /** Every connection is closed, so that the client makes a new one; new ones pass. */
  mend(): void;
  close(): void;
}

/** A way to the server that can be cut. */
export async function wireTo(port: number): Promise<Wire> {
  let isCut = false;
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => isCut || to.write(data));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const closeAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    cut: () => (isCut = true),
    mend: () => {
      isCut = false;
      closeAll();
    },
    close: () => {
      closeAll();
      server.close();
    },
  };
}
