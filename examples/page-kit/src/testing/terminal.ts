/** An example as a person runs it in a terminal: started as `npm start` does it, watched, and killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { until } from './until.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Example {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out(): string;
  err(): string;
  /** The first match in what it wrote. Rejects when it ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Addresses of services: a test says itself which of them its example is told. */
const services = ['REDIS_URL', 'REDIS_URLS', 'DATABASE_URL', 'NATS_URL'];
const running = new Set<ChildProcess>();

/** Kills what a failed test left behind; goes into `afterAll`. */
export function killExamples(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** `root`: the example's folder. */
export function startExample(
  root: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Example {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !services.includes(name)));
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(root, 'src/main.ts'), ...args], {
    cwd: root,
    env: { ...inherited, ...env },
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
    said: (pattern) =>
      until(`the example says ${pattern.source}`, () => {
        const match = pattern.exec(out) ?? undefined;
        if (match === undefined && hasEnded) throw new Error(`the example ended first: ${out}${err}`);
        return match;
      }),
  };
}
