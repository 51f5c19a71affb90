/** The ring lab as a process of its own: started as `npm start` does it, watched, and killed. */
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

export interface Lab {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  out(): string;
  err(): string;
  /** The first match in what it wrote. Rejects when it ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Lab {
  // No addresses from outside: a test says itself which engine it is about.
  const { REDIS_URL: _, REDIS_URLS: __, ...rest } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(root, 'src/main.ts'), ...args], {
    cwd: root,
    env: { ...rest, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  let hasEnded = false;
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
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
    said: (pattern) =>
      until(`the ring lab says ${pattern.source}`, () => {
        const match = pattern.exec(out) ?? undefined;
        if (match === undefined && hasEnded) throw new Error(`the ring lab ended first: ${out}${err}`);
        return match;
      }),
  };
}
