/** A Redis of our own: no persistence, loopback, a free port, a password that tells it from anybody else's. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { freePort, listens, startGuarded, type Guarded } from './guarded.ts';

const attemptsMax = 5;
const upWithinMs = 5000;

/** Rejects when it does not start. `folder` is the caller's, to remove after `stop`. */
export async function ownRedis(
  binary: string,
  folder: string,
): Promise<{ readonly url: string; readonly server: Guarded }> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const port = await freePort();
    const secret = randomBytes(12).toString('hex');
    const dir = path.join(folder, `redis-${port}`);
    await mkdir(dir, { recursive: true });
    const options = { bind: '127.0.0.1', port: String(port), requirepass: secret, save: '', appendonly: 'no', dir };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const server = startGuarded(binary, args, 'KILL');
    if (await listens(server, port, upWithinMs)) return { url: `redis://:${secret}@127.0.0.1:${port}`, server };
    await server.stop();
  }
  throw new Error(`${binary} did not start`);
}
