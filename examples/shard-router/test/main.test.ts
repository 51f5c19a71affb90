/** Starting and stopping: what keeps the ring lab from starting is one line that says what to do, and an exit code. */
import net from 'node:net';
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { advice } from '../src/advice.ts';
import { readArguments, usage } from '../src/arguments.ts';
import { start, type Lab } from './process.ts';
import { newDir } from './support.ts';

/** It ended by itself, and what it wrote to the terminal's error side is exactly this many lines. */
async function refusal(lab: Lab, code: number, lines: number): Promise<string[]> {
  expect(await lab.ended).toEqual({ code, signal: null });
  expect(lab.err()).toMatch(new RegExp(`^([^\\n]+\\n){${lines}}$`));
  expect(lab.err()).not.toMatch(/^\s+at |Error:|node:internal/m);
  return lab.err().split('\n');
}

describe('it does not start, one line says what to do, and nothing is left behind', () => {
  test('the port is in use', async () => {
    const listener = net.createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as net.AddressInfo;
    const dir = await newDir();
    const lab = start(['--engine', 'memory', '--quick', '--port', String(port)], { TMPDIR: dir });
    const [line] = await refusal(lab, 1, 1);
    expect(line).toMatch(new RegExp(`^Port ${port} is in use\\. .*--port \\d+$`));
    expect((await readdir(dir)).filter((name) => name.startsWith('shard-router-'))).toEqual([]);
    await new Promise((resolve) => listener.close(resolve));
  });

  test('the Redis that was named does not answer', async () => {
    const lab = start(['--quick', '--no-page'], { REDIS_URL: 'redis://127.0.0.1:1' });
    const [line] = await refusal(lab, 1, 1);
    expect(line).toMatch(
      /^Redis does not answer \(.*127\.0\.0\.1:1.*\)\. Start it, or unset REDIS_URL and REDIS_URLS\.$/,
    );
  });

  test('Redis was asked for and there is none', async () => {
    const [line] = await refusal(start(['--engine', 'redis', '--no-page'], { PATH: '/nowhere' }), 1, 1);
    expect(line).toMatch(/^There is no Redis: set REDIS_URL/);
  });

  test('an argument is wrong: a second line shows the usage, and the exit code is 2', async () => {
    const [line, second] = await refusal(start(['--nope']), 2, 2);
    expect(line).toContain("'--nope'");
    expect(second).toBe(usage);
  });
});

test('Ctrl-C ends it in the middle of a migration, children and folder included', async () => {
  const dir = await newDir();
  const lab = start(['--engine', 'memory', '--quick', '--port', '0'], { TMPDIR: dir });
  await lab.said(/One more shard joins/);
  lab.child.kill('SIGINT');
  expect(await lab.ended).toEqual({ code: 130, signal: null });
  expect(lab.err()).toBe('');
  expect((await readdir(dir)).filter((name) => name.startsWith('shard-router-'))).toEqual([]);
});

describe('arguments', () => {
  test('have defaults', () => {
    expect(readArguments([], 7)).toEqual({
      port: 8080,
      page: true,
      once: false,
      quick: false,
      engine: 'auto',
      seed: 7,
    });
  });

  test('without a page there is nothing to stay for', () => {
    // `npm start -- --no-page` may bring the dashes along.
    expect(readArguments(['--', '--no-page', '--port', '0', '--seed', '0'], 7)).toMatchObject({
      page: false,
      once: true,
      port: 0,
      seed: 0,
    });
  });

  test.each([
    [['--port', '70000'], '--port must be a whole number from 0 to 65535; got "70000"'],
    [['--engine', 'paper'], '--engine must be memory or redis; got "paper"'],
    [['file'], "'file'"],
    [['--once=maybe'], "'--once'"],
  ])('%j is refused', (args, message) => {
    expect(() => readArguments(args, 1)).toThrow(message);
  });

  test.each([['-1'], ['1e3'], ['0x10'], [''], ['4294967296']])('--seed "%s" is none', (seed) => {
    expect(() => readArguments([`--seed=${seed}`], 1)).toThrow('--seed must be a whole number from 0 to 4294967295');
  });
});

describe('advice', () => {
  test('tells rights to a port from everything else, and is one line', () => {
    expect(advice({ code: 'EACCES', syscall: 'listen' }, 80)).toContain('--port 8080');
    expect(advice({ code: 'EADDRINUSE', syscall: 'listen' }, 65_535)).toContain('--port 65534');
    expect(advice(new Error('one\n  two'), 1)).toBe('one two');
    expect(advice('text', 1)).toBe('text');
  });
});
