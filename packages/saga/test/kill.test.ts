/** A real process, a real disk, and SIGKILL. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, it } from 'vitest';

const RUNS = 60;
const dir = mkdtempSync(join(tmpdir(), 'saga-kill-'));

beforeAll(async () => {
  await build({
    config: false,
    silent: true,
    entry: [join(import.meta.dirname, 'fixtures/worker.ts')],
    outDir: dir,
    format: 'esm',
    platform: 'node',
    noExternal: [/.*/],
  });
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs the worker until it ends, or until `killAfter` lines beginning with `word`. */
function live(word: string, killAfter: number): Promise<{ readonly lines: string[]; readonly signal: string | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(dir, 'worker.js'), dir, String(RUNS)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let problems = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      const seen = out.split('\n').filter((line) => line.startsWith(word)).length;
      if (seen >= killAfter) child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (problems += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code !== 0 && signal === null) reject(new Error(`exit ${code}: ${problems}`));
      else resolve({ lines: out.split('\n').filter((line) => line !== ''), signal });
    });
  });
}

it('resumes every acknowledged run of a killed process, and ends each with its books in order', async () => {
  const acknowledged = new Set<string>();
  const ended = new Map<string, string>();
  let kills = 0;
  const note = (lines: readonly string[]): void => {
    for (const line of lines) {
      const [word, id, status] = line.split(' ');
      if (word === 'acknowledged') acknowledged.add(id!);
      if (word !== 'end') continue;
      // What was once told as the end is the end, in every later process.
      expect(ended.get(id!) ?? status).toBe(status);
      ended.set(id!, status!);
    }
  };
  // Killed after the first acknowledgements, in the middle, and near the end of the runs.
  for (const [word, count] of [
    ['acknowledged', 1],
    ['acknowledged', RUNS],
    ['end', 10],
    ['end', 30],
  ] as const) {
    const { lines, signal } = await live(word, count);
    if (signal === 'SIGKILL') kills++;
    note(lines);
  }
  expect(kills).toBe(4);
  const { lines, signal } = await live('end', Infinity);
  expect(signal).toBeNull();
  note(lines);
  expect(lines).toContain('left 0');
  expect(acknowledged.size).toBe(RUNS);
  expect(ended.size).toBe(RUNS);

  const books = readFileSync(join(dir, 'books.txt'), 'utf8').split('\n').filter(Boolean);
  expect(new Set(books).size).toBe(books.length);
  for (let i = 0; i < RUNS; i++) {
    const mine = books.filter((line) => line.split(' ')[1]!.startsWith(`r${i}/`));
    const signs = (step: string): string =>
      mine
        .filter((l) => l.endsWith(`/${step}`))
        .map((l) => l[0])
        .join('');
    if (i % 3 === 0) {
      expect(ended.get(`r${i}`)).toBe('compensated');
      expect([signs('reserve'), signs('charge'), signs('ship')]).toEqual(['+-', '', '']);
    } else {
      expect(ended.get(`r${i}`)).toBe('completed');
      expect([signs('reserve'), signs('charge'), signs('ship')]).toEqual(['+', '+', '+']);
    }
  }
});
