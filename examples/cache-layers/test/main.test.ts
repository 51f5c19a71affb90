/** Starting and stopping: what keeps it from starting is one line that says what to do, and an exit code. */
import net from 'node:net';
import { describe, expect, test } from 'vitest';
import { advice } from '../src/advice.ts';
import { portDefault, readArguments, usage } from '../src/arguments.ts';
import { start, type Example } from './support.ts';

const timeoutMs = 180_000;

/** It ended by itself, and what it wrote to the terminal's error side is exactly this many lines. */
async function refusal(example: Example, code: number, lines: number): Promise<string[]> {
  expect(await example.ended).toEqual({ code, signal: null });
  expect(example.err()).toMatch(new RegExp(`^([^\\n]+\\n){${lines}}$`));
  expect(example.err()).not.toMatch(/^\s+at |node:internal/m);
  return example.err().split('\n');
}

/** Takes connections and never says a word. */
async function silent(): Promise<{ port: number; close(): void }> {
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as net.AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}

describe('it does not start, and one line says what to do', () => {
  test(
    'the database that was named does not answer',
    async () => {
      const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
      const [line] = await refusal(start(['--once', '--quick'], env), 1, 1);
      expect(line).toMatch(/^The database of DATABASE_URL does not answer \(.+\)\. Start it, or unset DATABASE_URL/);
    },
    timeoutMs,
  );

  test(
    'the Redis that was named hangs',
    async () => {
      const hung = await silent();
      const env = { REDIS_URL: `redis://127.0.0.1:${hung.port}` };
      const [line] = await refusal(start(['--once', '--quick'], env), 1, 1);
      expect(line).toMatch(/^The Redis of REDIS_URL does not answer \(.+\)\. Start it, or unset REDIS_URL/);
      hung.close();
    },
    timeoutMs,
  );

  test('an argument is wrong: a second line shows the usage, and the exit code is 2', async () => {
    const [line, second] = await refusal(start(['--nope']), 2, 2);
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
    [['--port', ''], '--port must be a whole number from 0 to 65535; got ""'],
    [['--seed', '-1'], /seed/],
    [['--seed=1.5'], '--seed must be a whole number from 0 to 4294967295; got "1.5"'],
    [['page'], /page/],
  ])('%j is refused', (args, message) => expect(() => readArguments(args, 1)).toThrow(message));
});

test('advice is one line and names what to do', () => {
  const inUse = { code: 'EADDRINUSE', syscall: 'listen' };
  expect(advice(inUse, 8090)).toBe(
    'Port 8090 is in use. Stop what listens there, or choose another: npm start cache-layers -- --port 8091',
  );
  expect(advice({ code: 'EACCES', syscall: 'listen' }, 80)).toContain('--port 8090');
  expect(advice(new Error('two\n lines'), 1)).toBe('two lines');
});
