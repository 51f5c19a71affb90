/** Starting and stopping: what keeps it from starting is one line that says what to do, and an exit code. */
import { describe, expect, test } from 'vitest';
import { advice } from '../src/advice.ts';
import { portDefault, readArguments, usage } from '../src/arguments.ts';
import { start } from './support.ts';

const timeoutMs = 180_000;

describe('it does not start, and says what to do', () => {
  test(
    'the Redis that was named does not answer',
    async () => {
      const example = start(['--once', '--quick'], { REDIS_URL: 'redis://127.0.0.1:1' });
      expect(await example.ended).toEqual({ code: 1, signal: null });
      expect(example.err()).toMatch(
        /^The Redis of REDIS_URL does not answer \(.+\)\. Start it, or unset REDIS_URL to do without\.\n$/,
      );
    },
    timeoutMs,
  );

  test('an argument is wrong: a second line shows the usage, and the exit code is 2', async () => {
    const example = start(['--nope']);
    expect(await example.ended).toEqual({ code: 2, signal: null });
    const [line, second] = example.err().split('\n');
    expect(line).toContain("'--nope'");
    expect(second).toBe(usage);
  });
});

describe('arguments', () => {
  test('defaults, and each one given', () => {
    expect(readArguments([], 5)).toEqual({ port: portDefault, once: false, quick: false, real: false, seed: 5 });
    const given = ['--', '--port', '0', '--once', '--quick', '--real', '--seed', '7'];
    expect(readArguments(given, 5)).toEqual({ port: 0, once: true, quick: true, real: true, seed: 7 });
  });

  test.each([
    [['--port', '65536'], '--port must be a whole number from 0 to 65535; got "65536"'],
    [['--seed=1.5'], '--seed must be a whole number from 0 to 4294967295; got "1.5"'],
    [['page'], /page/],
  ])('%j is refused', (args, message) => expect(() => readArguments(args, 1)).toThrow(message));
});

test('advice is one line and names what to do', () => {
  const inUse = { code: 'EADDRINUSE', syscall: 'listen' };
  expect(advice(inUse, 8100)).toBe(
    'Port 8100 is in use. Stop what listens there, or choose another: npm start api-gateway -- --port 8101',
  );
  expect(advice(new Error('two\n lines'), 1)).toBe('two lines');
});
