/** A real directory: the same log, one owner at a time, and what `kill -9` leaves behind. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Log } from '../src/index.ts';
import { lockDirectory } from '../src/node/dir-lock.ts';
import { fileStorage } from '../src/node/index.ts';
import { seeded } from './sim-storage.ts';
import { readAll, text, turn, values } from './support.ts';

let root = '';
let made = 0;
const newDir = (): string => join(root, `log-${made++}`);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'commit-log-'));
  await compileSources(join(root, 'js'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** The sources as JavaScript: the oldest Node that we support runs no TypeScript, and a child is a plain Node. */
async function compileSources(to: string): Promise<void> {
  const from = join(import.meta.dirname, '..', 'src');
  const compilerOptions: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
  };
  for (const name of await readdir(from, { recursive: true })) {
    if (!name.endsWith('.ts')) continue;
    const { outputText } = ts.transpileModule(await readFile(join(from, name), 'utf8'), { compilerOptions });
    await mkdir(join(to, name, '..'), { recursive: true });
    await writeFile(join(to, name.replace(/\.ts$/, '.js')), outputText);
  }
  await writeFile(join(to, 'package.json'), '{"type":"module"}');
}

const CHILD = `
import { writeSync } from 'node:fs';
import { Log } from './index.js';
import { fileStorage } from './node/index.js';
const [dir, durability, appenders] = process.argv.slice(2);
const log = await Log.open({ storage: fileStorage(dir), durability, segmentBytes: 64 * 1024, maxBatchBytes: 16 * 1024 });
const run = async (who) => {
  for (let i = 0; ; i++) {
    const values = Array.from({ length: 1 + (i % 3) }, (_, j) => \`\${process.pid} \${who} \${i} \${j} \${'x'.repeat((i * 37) % 900)}\`);
    const { baseOffset } = await log.append(values.map((value) => ({ value })));
    // Synchronous: what was written to the pipe before the kill arrives.
    writeSync(1, values.map((value, j) => \`\${baseOffset + j} \${value}\\n\`).join(''));
  }
};
writeSync(1, 'open\\n');
for (let who = 0; who < Number(appenders); who++) void run(who);
`;

interface Writer {
  readonly process: ChildProcess;
  /** Offset and value of everything it acknowledged. */
  readonly acknowledged: Map<number, string>;
  /** Resolves after this many acknowledgements. */
  readonly reached: (count: number) => Promise<void>;
  readonly kill: () => Promise<void>;
}

async function startWriter(dir: string, durability: string, appenders: number): Promise<Writer> {
  const script = join(root, 'js', 'child.js');
  await writeFile(script, CHILD);
  const child = spawn(process.execPath, [script, dir, durability, `${appenders}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (data) => (complaints += String(data)));
  const acknowledged = new Map<number, string>();
  let onLine = (): void => undefined;
  const lines = createInterface({ input: child.stdout });
  const closed = new Promise<void>((resolve) => lines.once('close', resolve));
  lines.on('line', (line) => {
    const at = line.indexOf(' ');
    if (at > 0) acknowledged.set(Number(line.slice(0, at)), line.slice(at + 1));
    onLine();
  });
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      onLine = () => {
        if (holds()) resolve();
      };
      onLine();
      child.once('exit', () => reject(new Error(`the writer ended early: ${complaints}`)));
    });
  let opened = false;
  lines.once('line', () => (opened = true));
  await until(() => opened);
  return {
    process: child,
    acknowledged,
    reached: (count) => until(() => acknowledged.size >= count),
    kill: async () => {
      child.removeAllListeners('exit');
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
      await closed;
    },
  };
}

describe('a log in a directory', () => {
  test('is found again, with the bytes that were put in', async () => {
    const dir = newDir();
    const expected = Array.from({ length: 200 }, (_, i) => `${i} ${'é'.repeat(i)}`);
    const log = await Log.open({ storage: fileStorage(dir), segmentBytes: 8192, maxBatchBytes: 4096 });
    for (const value of expected) await log.append([{ value }]);
    await log.commit('group', 7, 'note');
    await log.deleteBefore(50);
    expect(await values(log)).toEqual(expected.slice(50));
    await log.close();
    const again = await Log.open({ storage: fileStorage(dir), segmentBytes: 8192, maxBatchBytes: 4096 });
    expect(again.recovery).toMatchObject({ clean: true, scannedBytes: 0 });
    expect(await values(again)).toEqual(expected.slice(50));
    expect(await again.committed('group')).toMatchObject({ offset: 7, metadata: 'note' });
    const names = await readdir(dir);
    await again.close();
    expect(names).toContain('lock');
    expect(await readdir(dir)).not.toContain('lock');
    expect(names.filter((name) => name.startsWith('lock-'))).toEqual([]);
  });

  test('an awaited append loop lets timers run', async () => {
    const log = await Log.open({ storage: fileStorage(newDir()), durability: 'none' });
    let fired = 0;
    const timer = setInterval(() => fired++, 1);
    for (let i = 0; i < 5000; i++) await log.append([{ value: 'x' }]);
    clearInterval(timer);
    expect(fired).toBeGreaterThan(0);
    await log.close();
  });

  test('wrong arguments are refused by name, and a path that is a file by the system', async () => {
    expect(() => fileStorage('')).toThrow(TypeError);
    expect(() => fileStorage('x', { syncConcurrency: 0 })).toThrow('syncConcurrency is 0');
    const file = newDir();
    await writeFile(file, 'not a directory');
    await expect(Log.open({ storage: fileStorage(file) })).rejects.toMatchObject({ code: 'EEXIST' });
    const storage = fileStorage(newDir());
    await expect(storage.open('nothing.log', 'read')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('one process at a time', () => {
  test('a second open in the same process is LOG_LOCKED until the first is closed', async () => {
    const dir = newDir();
    const log = await Log.open({ storage: fileStorage(dir) });
    await expect(Log.open({ storage: fileStorage(dir) })).rejects.toMatchObject({
      code: 'LOG_LOCKED',
      pid: process.pid,
    });
    await log.close();
    await (await Log.open({ storage: fileStorage(dir) })).close();
  });

  test('a second open in another process is LOG_LOCKED with the pid, until kill -9', async () => {
    const dir = newDir();
    const writer = await startWriter(dir, 'none', 1);
    const opening = Log.open({ storage: fileStorage(dir) });
    await expect(opening).rejects.toMatchObject({ code: 'LOG_LOCKED', pid: writer.process.pid });
    await expect(opening).rejects.toThrow(`${dir} is open in process ${writer.process.pid ?? ''}`);
    await writer.reached(10);
    await writer.kill();
    const log = await Log.open({ storage: fileStorage(dir) });
    await log.append([{ value: 'mine now' }]);
    await log.close();
  });

  test('of many that find a dead owner one gets the directory', async () => {
    for (let round = 0; round < 60; round++) {
      const dir = newDir();
      await mkdir(dir);
      const dead = { id: `dead-${round}`, pid: 2 ** 22 + 1, boot: 'x', started: '1' };
      await writeFile(join(dir, 'lock'), round % 2 === 0 ? JSON.stringify(dead) : '');
      // Not all in step: the one that looked at the dead owner early may be the one that acts late.
      const results = await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          for (let wait = 0; wait < (i * round) % 17; wait++) await turn();
          return await lockDirectory(dir);
        }),
      );
      expect(results.filter(({ status }) => status === 'taken')).toHaveLength(1);
      for (const result of results) if (result.status === 'taken') await result.release();
      expect(await readdir(dir)).toEqual([]);
    }
  });

  test.skipIf(process.platform !== 'linux')(
    'an owner is dead whose pid belongs to a later process or boot',
    async () => {
      const dir = newDir();
      await mkdir(dir);
      const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
      const status = async (owner: object): Promise<string> => {
        await writeFile(join(dir, 'lock'), JSON.stringify({ id: 'other', pid: process.pid, boot, ...owner }));
        const result = await lockDirectory(dir);
        if (result.status === 'taken') await result.release();
        return result.status;
      };
      expect(await status({ started: '1' })).toBe('taken');
      expect(await status({ started: '', boot: 'another boot' })).toBe('taken');
      expect(await status({ started: '' })).toBe('locked');
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'an owner is dead that was killed and whose parent has not noticed',
    async () => {
      const dir = newDir();
      await mkdir(dir);
      // The shell becomes a sleep that never asks after the child it was given.
      const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      try {
        const pid = Number(await new Promise((resolve) => parent.stdout.once('data', (data) => resolve(String(data)))));
        const state = async (): Promise<string> => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1] ?? '';
        while (!(await state()).startsWith('Z')) await new Promise((resolve) => setTimeout(resolve, 5));
        const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
        await writeFile(join(dir, 'lock'), JSON.stringify({ id: 'other', pid, boot, started: '' }));
        const result = await lockDirectory(dir);
        expect(result.status).toBe('taken');
        if (result.status === 'taken') await result.release();
      } finally {
        parent.kill('SIGKILL');
      }
    },
  );

  test('an instance that lost its lock does not remove the one of its successor', async () => {
    const dir = newDir();
    await mkdir(dir);
    const first = await lockDirectory(dir);
    await writeFile(join(dir, 'lock'), JSON.stringify({ id: 'successor', pid: process.pid, boot: 'x', started: '1' }));
    if (first.status === 'taken') await first.release();
    expect(await readFile(join(dir, 'lock'), 'utf8')).toContain('successor');
  });
});

describe('kill -9 in the middle of appends', () => {
  test.each([
    ['batch', 16],
    ['batch', 1],
    ['none', 8],
  ] as const)(
    'mode %s, %i appenders: all that was acknowledged is there, and nothing else',
    async (mode, appenders) => {
      const dir = newDir();
      const random = seeded(appenders);
      const known = new Map<number, string>();
      for (let life = 0; life < 4; life++) {
        const writer = await startWriter(dir, mode, appenders);
        await writer.reached(20 + Math.floor(random() * 400));
        await writer.kill();
        for (const [offset, value] of writer.acknowledged) known.set(offset, value);

        const log = await Log.open({ storage: fileStorage(dir), segmentBytes: 64 * 1024, maxBatchBytes: 16 * 1024 });
        expect(log.recovery.clean).toBe(false);
        const records = await readAll(log);
        expect(records.map(({ offset }) => offset)).toEqual(records.map((_, i) => i));
        const found = records.map(({ value }) => text(value)!);
        for (const [offset, value] of known) expect(found[offset]).toBe(value);
        // Every appender's appends stand there in its order, from the first on, each once and whole.
        const next = new Map<string, string>();
        for (const value of found) {
          const [pid, who, i, j, filler] = value.split(' ');
          const appender = `${pid} ${who}`;
          expect(`${i} ${j}`).toBe(next.get(appender) ?? '0 0');
          expect(filler).toBe('x'.repeat((Number(i) * 37) % 900));
          const isLast = Number(j) === Number(i) % 3;
          next.set(appender, isLast ? `${Number(i) + 1} 0` : `${i} ${Number(j) + 1}`);
        }
        for (const expected of next.values()) expect(expected).toMatch(/ 0$/);
        await log.close();
        for (const [offset, value] of found.entries()) known.set(offset, value);
      }
      expect(known.size).toBeGreaterThan(80);
    },
  );
});
