/** What the tests share: waiting by condition, and the example as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Asks until the answer is neither undefined nor false; gives up after a time no machine needs. */
export async function until<T>(what: string, ask: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const giveUpAt = performance.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (performance.now() > giveUpAt) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface Example {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  out(): string;
  err(): string;
  /** The first match in what it wrote. Rejects when it ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Started as `npm start` does it. No addresses from outside: a test says itself which servers it is about. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Example {
  const { REDIS_URL: _, DATABASE_URL: __, ...rest } = process.env;
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
      until(`the example says ${pattern.source}`, () => {
        const match = pattern.exec(out) ?? undefined;
        if (match === undefined && hasEnded) throw new Error(`the example ended first: ${out}${err}`);
        return match;
      }),
  };
}
