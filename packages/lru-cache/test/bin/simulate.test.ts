import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { help, main } from '../../src/bin/simulate.ts';
import { generatedTraceNames } from '../../src/simulate/generated-traces.ts';
import type { Row } from '../../src/simulate/simulate.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadbearing-simulate-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function lruCache(args: readonly string[], stdin = ''): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main(args, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    stdin: Readable.from([Buffer.from(stdin)]),
    color: false,
  });
  return { code, out, err };
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** A loop over four keys: LRU with room for three never hits, the optimum does. */
const loop = 'a\nb\nc\nd\n'.repeat(25);

describe('lru-cache simulate', () => {
  it('replays a trace from a file and prints hit ratios, a plot and a ranking', async () => {
    const { code, out, err } = await lruCache(['simulate', await file('loop.txt', loop), '--sizes', '3,4']);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('loop.txt: 100 requests for 4 keys');
    expect(out).toMatch(/^ +3 +0\.00/m);
    expect(out).toMatch(/^ +4 +96\.00\*/m);
    expect(out).toContain('Hit ratio in percent by entries');
    expect(out).toMatch(/L lru {3}B Belady\n/);
    expect(out).toMatch(/^ *96┤.*[LB]/m);
    expect(out).toContain('Share of the way from LRU to the optimum');
    for (const name of ['lru', 'clock', 'sieve', 's3-fifo', 'arc', 'w-tinylfu', 'robust', 'Belady']) {
      expect(out).toContain(name);
    }
  });

  it('gives the same figures for gzip, standard input and columns', async () => {
    const ask = ['--sizes', '3', '--json'];
    const plain = await lruCache(['simulate', await file('plain', loop), ...ask]);
    const columns = await file(
      'columns',
      loop.replace(/^./gm, (key) => `x,${key},y`),
    );
    const others = [
      await lruCache(['simulate', await file('packed', gzipSync(loop)), ...ask]),
      await lruCache(['simulate', '-', ...ask], loop),
      await lruCache(['simulate', columns, '--column', '2', '--separator', ',', ...ask]),
    ];
    const row = JSON.parse(plain.out) as Row;
    expect(row).toMatchObject({ size: 3, requests: 100, beladyHits: 64 });
    expect(row.hits['lru']).toBe(0);
    for (const { code, out } of others) {
      expect(code).toBe(0);
      expect(JSON.parse(out)).toEqual({ ...row, trace: expect.any(String) });
    }
  });

  it('compares only the policies asked for, and LRU', async () => {
    const { out } = await lruCache(['simulate', '-', '--policies', 'sieve', '--sizes', '3', '--json'], loop);
    expect(Object.keys((JSON.parse(out) as Row).hits)).toEqual(['lru', 'sieve']);
  });

  it('generates traces, the same for the same seed', async () => {
    const [name] = generatedTraceNames;
    const ask = (seed: string): Promise<{ out: string }> =>
      lruCache(['simulate', '--generate', name as string, '--seed', seed, '--policies', 'sieve', '--json']);
    const first = await ask('7');
    expect(first.out.split('\n').length).toBeGreaterThan(2);
    expect(await ask('7')).toEqual(first);
    expect((await ask('8')).out).not.toBe(first.out);
  });

  it('draws no plot where there is one size, or none is wanted', async () => {
    for (const args of [
      ['--sizes', '3'],
      ['--sizes', '2,3', '--no-plot'],
    ]) {
      const { code, out } = await lruCache(['simulate', '-', ...args], loop);
      expect(code).toBe(0);
      expect(out).not.toContain('Hit ratio in percent by entries');
    }
  });

  it('says how it is used when asked, and when asked nothing', async () => {
    expect(await lruCache(['--help'])).toEqual({ code: 0, out: help, err: '' });
    expect(await lruCache([])).toEqual({ code: 2, out: help, err: '' });
  });

  it.each([
    [['replay', 'x'], "no command 'replay'"],
    [['simulate'], 'give one trace'],
    [['simulate', 'a', 'b'], 'give one trace'],
    [['simulate', 'a', '--generate', 'zipf'], 'give one trace'],
    [['simulate', '--generate', 'nothing'], "no generated trace 'nothing'"],
    [['simulate', '-', '--policies', 'mru'], "no policy 'mru'"],
    [['simulate', '-', '--policies', 'toString'], "no policy 'toString'"],
    [['simulate', '-', '--sizes', '0'], "got '0'"],
    [['simulate', '-', '--column', 'two'], 'column must be an integer'],
    [['simulate', '-', '--separator', '', '--column', '1'], 'separator must not be empty'],
    [['simulate', '-', '--fast'], "'--fast'"],
  ])('refuses %j', async (args, message) => {
    const { code, out, err } = await lruCache(args, loop);
    expect(err).toContain(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('says what is wrong with a trace', async () => {
    const missing = await lruCache(['simulate', join(folder, 'missing')]);
    expect(missing).toMatchObject({ code: 1, out: '' });
    expect(missing.err).toContain('ENOENT');
    expect(await lruCache(['simulate', '-'])).toMatchObject({ code: 1, err: 'standard input has no requests\n' });
    const short = await lruCache(['simulate', '-', '--column', '2'], 'a 1\nb\n');
    expect(short).toMatchObject({ code: 1, err: expect.stringContaining('line 2 has 1 columns') });
    const cut = await file('cut', gzipSync(loop).subarray(0, 20));
    expect((await lruCache(['simulate', cut])).code).toBe(1);
  });
});
