/** Starting and stopping: what keeps the shop from opening is one line that says what to do, and an exit code. */
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { advice } from '../src/advice.ts';
import { readArguments, usage, type Arguments } from '../src/arguments.ts';
import { start, type Storefront } from './process.ts';
import { ShopClient } from './shop-client.ts';
import { makePackages, newDir, until } from './support.ts';

let nodeModules = '';
beforeAll(async () => {
  nodeModules = await makePackages(path.join(await newDir(), 'node_modules'), [{ name: 'one' }, { name: 'two' }]);
});

const shop = (data: string, ...args: string[]): Storefront =>
  start(['--packages', nodeModules, '--data', data, ...(args.includes('--port') ? [] : ['--port', '0']), ...args]);

/** It ended by itself, and what it wrote to the terminal's error side is exactly this many lines. */
async function refusal(storefront: Storefront, code: number, lines: number): Promise<string[]> {
  expect(await storefront.ended).toEqual({ code, signal: null });
  expect(storefront.err()).toMatch(new RegExp(`^([^\\n]+\\n){${lines}}$`));
  expect(storefront.err()).not.toMatch(/^\s+at |Error:|node:internal/m);
  return storefront.err().split('\n');
}

describe('it does not open, and one line says what to do', () => {
  test('the port is in use', async () => {
    const listener = net.createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as net.AddressInfo;
    const dir = path.join(await newDir(), 'data');
    const [line] = await refusal(shop(dir, '--port', String(port)), 1, 1);
    expect(line).toMatch(new RegExp(`^Port ${port} is in use\\. .*--port \\d+$`));
    await new Promise((resolve) => listener.close(resolve));
    // Its data folder was closed in order.
    const next = shop(dir);
    await next.url();
    expect(next.out()).toContain('The last shop was closed in order.');
    next.child.kill('SIGKILL');
    await next.ended;
  });

  test('the data folder cannot be written: it would be below a file, or is one', async () => {
    const file = path.join(await newDir(), 'file');
    await writeFile(file, '');
    const answers = await Promise.all([path.join(file, 'data'), file].map((dir) => refusal(shop(dir), 1, 1)));
    for (const [line] of answers)
      expect(line).toMatch(/^The data folder \S+ cannot be written \(E\w+\)\. .*--data <folder>$/);
  });

  test('another instance has the data folder; that one goes on', async () => {
    const dir = path.join(await newDir(), 'data');
    const first = shop(dir);
    const client = new ShopClient(await first.url());
    const [line] = await refusal(shop(dir), 1, 1);
    expect(line).toContain(`process ${first.child.pid}`);
    expect(line).toContain('--data <folder>');
    expect((await client.ask('GET', '/api/ring')).status).toBe(200);
    first.child.kill('SIGKILL');
    await first.ended;
  });

  test('there is nothing to sell', async () => {
    const empty = await newDir();
    const [line] = await refusal(start(['--packages', empty, '--data', path.join(empty, 'data'), '--port', '0']), 1, 1);
    expect(line).toContain(`no packages to sell in ${empty}`);
  });

  test('an argument is wrong: a second line shows the usage, and the exit code is 2', async () => {
    const [line, second] = await refusal(start(['--nope']), 2, 2);
    expect(line).toContain("'--nope'");
    expect(second).toBe(usage);
  });
});

describe('arguments', () => {
  const read = (args: readonly string[], port?: string): Arguments => readArguments(args, port, '/shop/');

  test('have defaults, and the port may come from the environment', () => {
    expect(read([])).toMatchObject({ port: 4600, dataDir: path.resolve('/shop/data') });
    expect(read([], '80').port).toBe(80);
    expect(read(['--port', '0'], '80').port).toBe(0);
    // `npm start -- --port 1` may bring the dashes along.
    expect(read(['--', '--data', '/x', '--packages', '/y'])).toMatchObject({
      dataDir: path.resolve('/x'),
      nodeModules: path.resolve('/y'),
    });
  });

  test.each([
    ['an option there is not', ['--nope'], undefined],
    ['a word that is no option', ['open'], undefined],
    ['an option without its value', ['--port'], undefined],
    ['a port that is no number', ['--port', 'http'], undefined],
    ['a port that is too large', ['--port', '65536'], undefined],
    ['a port that is negative', ['--port=-1'], undefined],
    ['a port that is empty', ['--port='], undefined],
    ['an empty folder name', ['--data='], undefined],
    ['an empty folder name', ['--packages', ''], undefined],
    ['a port of the environment that is none', [], 'abc'],
  ])('%s is refused with one line: %j', (_what, args, port) => {
    expect(() => read(args, port)).toThrow(/^[^\n]{10,}$/);
  });
});

describe('the next start says how the last one ended', () => {
  test.skipIf(process.platform === 'win32')(
    'Ctrl-C closes in order; kill -9 does not, and nothing is lost',
    async () => {
      const dir = path.join(await newDir(), 'data');
      const first = shop(dir);
      const client = new ShopClient(await first.url());
      expect(first.out()).not.toContain('The last shop');
      const { json } = await client.ask('POST', '/api/orders', { body: { sku: 'one', quantity: 2 } });
      await until('the order is complete', async () => {
        return (await client.ask('GET', `/api/orders/${json.id}`)).json.status === 'completed';
      });
      const page = await client.live();
      first.child.kill('SIGINT');
      expect(await first.ended).toEqual({ code: 0, signal: null });
      expect(first.err()).toBe('');
      page.close();

      const second = shop(dir);
      await second.url();
      expect(second.out()).toContain('The last shop was closed in order. Replayed 2 events, took up 0 open orders.');
      expect(second.out()).toContain('200 delivered = 198 on hand + 0 reserved + 2 sold: they add up');
      second.child.kill('SIGKILL');
      await second.ended;

      const third = shop(dir);
      await third.url();
      expect(third.out()).toContain('The last shop was killed. Replayed 2 events, took up 0 open orders.');
      third.child.kill('SIGTERM');
      expect(await third.ended).toEqual({ code: 0, signal: null });
    },
  );

  test.skipIf(process.platform === 'win32')('also when nobody had ordered anything', async () => {
    const dir = path.join(await newDir(), 'data');
    const first = shop(dir);
    await first.url();
    first.child.kill('SIGINT');
    await first.ended;
    const second = shop(dir);
    await second.url();
    expect(second.out()).toContain('The last shop was closed in order.');
    second.child.kill('SIGKILL');
    await second.ended;
  });
});

describe('advice', () => {
  const place = { port: 80, dataDir: '/data' };

  test('tells a port that may not be opened from a folder that may not be written', () => {
    expect(advice(Object.assign(new Error('x'), { code: 'EACCES', syscall: 'listen' }), place)).toMatch(/^Port 80 /);
    expect(advice(Object.assign(new Error('x'), { code: 'EACCES', syscall: 'mkdir' }), place)).toContain('/data');
  });

  test('of the last port names one that there is', () => {
    const error = Object.assign(new Error('x'), { code: 'EADDRINUSE' });
    expect(advice(error, { ...place, port: 65_535 })).toContain('--port 65534');
  });

  test('is one line, whatever went wrong', () => {
    const codes = [
      'EADDRINUSE',
      'LOG_LOCKED',
      'EACCES',
      'ENOTDIR',
      'STORAGE_FULL',
      'LOG_FAILED',
      'LOG_CORRUPT',
      'OTHER',
    ];
    for (const code of codes) {
      expect(advice(Object.assign(new Error('two\n  lines'), { code }), place)).toMatch(/^[^\n]{5,}$/);
    }
    expect(advice('a text', place)).toBe('a text');
  });
});
