/**
 * Redis servers of our own: `redis-server` on a free port of loopback each, without persistence, in a folder that goes
 * away with them. Each is guarded: it does not outlive us, not even when we are killed.
 *
 * A password of its own tells our server from one that somebody else started on the same port a moment earlier.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { freePort, startGuarded, type Guarded } from '@loadbearing-examples/page-kit/guarded.ts';
import type { Servers } from './redis-engine.ts';

const serversMax = 12;
const attemptsMax = 5;
const upWithinMs = 5000;

/** `folder` is the caller's, to remove after `close`. */
export function ownServers(binary: string, folder: string): Servers {
  const servers: Guarded[] = [];
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
      const server = startGuarded(binary, args, 'KILL');
      servers.push(server);
      if (await answers(server, port, secret)) return `redis://:${secret}@127.0.0.1:${port}`;
      await server.stop();
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
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** Whether a server with this password answers before the time is up. */
async function answers(server: Guarded, port: number, secret: string): Promise<boolean> {
  const giveUpAtMs = performance.now() + upWithinMs;
  while (server.isRunning && performance.now() < giveUpAtMs) {
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
