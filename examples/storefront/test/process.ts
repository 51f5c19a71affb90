/** The storefront as a process of its own: started as `npm start` does it, watched, and killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { until } from './support.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Storefront {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out(): string;
  err(): string;
  /** Its address, when it is open. Rejects when it ends before. */
  url(): Promise<string>;
}

export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Storefront {
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(root, 'src/main.ts'), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  let hasEnded = false;
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      hasEnded = true;
      running.delete(child);
      resolve({ code, signal });
    });
  });
  return {
    child,
    ended,
    out: () => out,
    err: () => err,
    url: () =>
      until('the shop is open', () => {
        const address = /The storefront is open: (\S+)[^]*Ctrl-C/.exec(out)?.[1];
        if (address === undefined && hasEnded) throw new Error(`the shop ended before it was open: ${err}`);
        return address;
      }),
  };
}
