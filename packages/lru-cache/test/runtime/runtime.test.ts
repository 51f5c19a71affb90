/**
 * Every entry but `./diagnostics` runs where there is no Node: in a browser, a worker, under a strict content security
 * policy. The tests bundle the sources as a user's bundler would and run them in worlds that lack what they must not need.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build, type Format } from 'esbuild';
import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import webpack from 'webpack';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};
const nodeOnly = ['./diagnostics', './package.json'];
const entries = Object.keys(exports).filter((name) => !nodeOnly.includes(name));

function sourceOf(name: string): string {
  const path = name === '.' ? 'index' : name.slice(2);
  const file = [`src/${path}.ts`, `src/${path}/index.ts`].find((candidate) => existsSync(join(root, candidate)));
  if (file === undefined) throw new Error(`no source for the entry ${name}`);
  return join(root, file);
}

async function bundle(name: string, format: Format): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [sourceOf(name)],
    bundle: true,
    write: false,
    metafile: true,
    format,
    globalName: 'loaded',
    platform: 'neutral',
    target: 'es2022',
    logLevel: 'silent',
  });
  // `neutral` leaves whatever it cannot resolve as an import, and nothing may be left.
  const foreign = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect(foreign, name).toEqual([]);
  return outputFiles[0]?.text ?? '';
}

/** A use of the core that touches clock, timers, randomness and promises, as text: it runs in the other world. */
const use = `(async () => {
  const { LruCache, LoadingCache } = loaded;
  const cache = new LruCache({ max: 2, ttl: 1000, ttlJitter: 0.5 });
  cache.set('a', 1).set('b', 2).set(3, 3);
  const rows = new LoadingCache({ max: 10, ttl: 1000, timeoutMs: 500, load: async (key) => key + '!' });
  return JSON.stringify([[...cache.keys()], await Promise.all([rows.fetch('x'), rows.fetch('x')]), rows.stats().loads]);
})()`;
const used = JSON.stringify([[3, 'b'], ['x!', 'x!'], 1]);

/** What a page has of it all, and nothing else. */
const pageGlobals = (): Record<string, unknown> => ({
  performance,
  setTimeout,
  clearTimeout,
  AbortController,
  AbortSignal,
  Request,
  Response,
  Headers,
  URL,
  TextEncoder,
  TextDecoder,
});

describe('without Node', () => {
  it.each(entries)('%s loads under a policy that forbids code from strings', async (name) => {
    const world = createContext(pageGlobals(), { codeGeneration: { strings: false, wasm: false } });
    runInContext(await bundle(name, 'iife'), world);
    expect(runInContext('typeof loaded', world)).toBe('object');
    expect(runInContext('typeof process + typeof require', world)).toBe('undefinedundefined');
  });

  it('the core works there', async () => {
    const world = createContext(pageGlobals(), { codeGeneration: { strings: false, wasm: false } });
    runInContext(await bundle('.', 'iife'), world);
    expect(await (runInContext(use, world) as Promise<string>)).toBe(used);
  });

  it('the core works in jsdom', async () => {
    const { window } = new JSDOM('', { runScripts: 'outside-only' });
    window.eval(`${await bundle('.', 'iife')}; globalThis.loaded = loaded;`);
    expect(await (window.eval(use) as Promise<string>)).toBe(used);
    window.close();
  });

  it('the core works when packed by webpack', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loadbearing-webpack-'));
    try {
      await writeFile(join(folder, 'core.mjs'), await bundle('.', 'esm'));
      await writeFile(join(folder, 'main.mjs'), `import * as loaded from './core.mjs'; globalThis.loaded = loaded;`);
      const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
        webpack(
          {
            mode: 'production',
            target: 'web',
            context: folder,
            entry: './main.mjs',
            output: { path: folder, filename: 'out.js' },
          },
          (error, result) => (error ? reject(error) : resolve(result)),
        );
      });
      expect(stats?.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [], warnings: [] });
      const world = createContext(pageGlobals(), { codeGeneration: { strings: false, wasm: false } });
      runInContext(await readFile(join(folder, 'out.js'), 'utf8'), world);
      expect(await (runInContext(use, world) as Promise<string>)).toBe(used);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('an ESM and a CommonJS copy live in one process', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loadbearing-dual-'));
    try {
      await writeFile(join(folder, 'core.mjs'), await bundle('.', 'esm'));
      await writeFile(join(folder, 'core.cjs'), await bundle('.', 'cjs'));
      type Core = typeof import('../../src/index.ts');
      const esm = (await import(pathToFileURL(join(folder, 'core.mjs')).href)) as Core;
      const cjs = createRequire(import.meta.url)(join(folder, 'core.cjs')) as Core;
      expect(esm.LruCache).not.toBe(cjs.LruCache);
      const made = [new esm.LruCache<string, number>({ max: 1, ttl: 9e9 }), new cjs.LruCache<string, number>(1)];
      made.forEach((cache, i) => cache.set('a', i));
      expect(made.map((cache) => cache.get('a'))).toEqual([0, 1]);
      await expect(
        new cjs.LoadingCache<string, number>({ max: 1, timeoutMs: 1, load: () => new Promise(() => 0) }).fetch('a'),
      ).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
