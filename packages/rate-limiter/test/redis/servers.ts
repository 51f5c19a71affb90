/**
 * Redis servers of their own for tests, on free loopback ports.
 *
 * A server must not outlive its test, however that ends: it is the child of a shell that waits at its standard input,
 * and that kills it and removes its folder when the input closes.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Says in one line what is missing; with REQUIRE_SERVICES=1 that is a failure. */
export function hasRedis(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true;
  const what = 'there is no program redis-server on PATH to start servers with';
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`REQUIRE_SERVICES=1, and ${what}`);
  // Past the reporter, which may keep to itself what a test prints.
  writeSync(2, `skipped: ${what}\n`);
  return false;
}

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
  readonly pid: number;
  readonly url: string;
  /** SIGKILL: nothing is said or kept. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Starts a server that keeps nothing, on `port` or a free one; resolves when it accepts connections. */
export async function startRedis(options: readonly string[] = [], port?: number): Promise<RedisServer> {
  const at = port ?? (await freePort());
  const dir = mkdtempSync(path.join(tmpdir(), 'redis-test-'));
  const all = ['--port', String(at), '--dir', dir, '--save', '', '--bind', '127.0.0.1', ...options];
  const shell = spawn('sh', ['-c', keeper, 'sh', dir, ...all], { stdio: ['pipe', 'pipe', 'ignore'] });
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
  return {
    port: at,
    pid: Number(/pid (\d+)/.exec(said)?.[1]),
    url: `redis://127.0.0.1:${String(at)}`,
    kill: () => end(shell),
  };
}

function end(shell: ChildProcess): Promise<void> {
  if (!running.delete(shell)) return Promise.resolve();
  return new Promise((resolve) => {
    shell.once('exit', () => resolve());
    shell.stdin?.end();
  });
}

export async function stopRedis(): Promise<void> {
  await Promise.all([...running].map(end));
}

/** Waits until it holds, for at most 20 seconds. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`${what}: not within 20 seconds`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
