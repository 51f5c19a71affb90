/**
 * Redis servers of our own: `redis-server` on a free port of loopback each, without persistence, in a folder that goes
 * away with them.
 *
 * They must not outlive us, not even when we are killed. So each has a guard, a shell that starts it and then reads a
 * pipe from us that nobody writes to; when the pipe ends, be it by `close` or by our death, the guard kills its server.
 * Guard and server are a session of their own, where Ctrl-C does not reach them while we still need them.
 *
 * A password of its own tells our server from one that somebody else started on the same port a moment earlier.
 */
import { randomBytes } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import type { Servers } from './redis-engine.ts';

const serversMax = 12;
const attemptsMax = 5;
const upWithinMs = 5000;
const guard = '"$@" >/dev/null 2>&1 & server=$!; read -r _; kill -9 $server 2>/dev/null; wait $server';

/** The path of redis-server, if there is one on PATH. */
export function findRedisServer(searched: string | undefined = process.env['PATH']): string | undefined {
  return searched
    ?.split(path.delimiter)
    .map((folder) => path.join(folder, 'redis-server'))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** `folder` is the caller's, to remove after `close`. */
export function ownServers(binary: string, folder: string): Servers {
  const guards: ChildProcess[] = [];
  const urls: string[] = [];
  let taken = 0;

  async function start(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      // Somebody may take the port in between; then the next attempt has another one.
      const port = await freePort();
      const secret = randomBytes(12).toString('hex');
      const dir = path.join(folder, `redis-${port}`);
      await mkdir(dir, { recursive: true });
      const options = { bind: '127.0.0.1', port: String(port), requirepass: secret, save: '', appendonly: 'no', dir };
      const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
      const child = spawn('/bin/sh', ['-c', guard, 'guard', binary, ...args], {
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      guards.push(child);
      if (await answers(child, port, secret)) return `redis://:${secret}@127.0.0.1:${port}`;
      child.stdin.end();
      if (attempt === attemptsMax) throw new Error(`${binary} did not start on port ${port}`);
    }
  }

  return {
    get count() {
      return urls.length;
    },
    next: async () => {
      if (taken === urls.length && urls.length < serversMax) urls.push(await start());
      return urls[taken++ % urls.length]!;
    },
    close: async () => {
      await Promise.all(
        guards.map(async (child) => {
          if (child.exitCode !== null) return;
          const ended = new Promise((resolve) => child.once('exit', resolve));
          child.stdin?.end();
          await ended;
        }),
      );
    },
  };
}

async function freePort(): Promise<number> {
  const listener = net.createServer();
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', resolve);
  });
  const { port } = listener.address() as net.AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** Whether a server with this password answers before the time is up. */
async function answers(child: ChildProcess, port: number, secret: string): Promise<boolean> {
  const giveUpAtMs = performance.now() + upWithinMs;
  while (child.exitCode === null && performance.now() < giveUpAtMs) {
    const greeting = await new Promise<string>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.write(`AUTH ${secret}\r\n`));
      socket.setTimeout(1000, () => socket.destroy());
      socket.once('data', (data) => {
        resolve(String(data));
        socket.destroy();
      });
      socket.once('error', () => undefined);
      socket.once('close', () => resolve(''));
    });
    if (greeting.startsWith('+OK')) return true;
    // Another's: waiting does not change that.
    if (greeting !== '') return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
