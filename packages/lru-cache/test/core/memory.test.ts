import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Thing {
  readonly n: number;
}

describe('memory', () => {
  it.each(['delete', 'evict', 'expire', 'clear', 'replace', 'recycle'] as const)(
    'neither key nor value is held after %s',
    async (way) => {
      let now = 0;
      const cache = new LruCache<Thing, Thing>({ max: 10, ttl: 10, clock: { now: () => now } });
      const refs: WeakRef<Thing>[] = [];
      const held: Thing[] = [];
      (() => {
        for (let n = 0; n < 10; n++) {
          const [key, value] = [{ n }, { n }];
          cache.set(key, value);
          refs.push(new WeakRef(value));
          if (way === 'replace') held.push(key);
          else refs.push(new WeakRef(key));
        }
        const keys = [...cache.keys()];
        if (way === 'delete') keys.forEach((key) => cache.delete(key));
        else if (way === 'evict') cache.evict(10);
        else if (way === 'clear') cache.clear();
        else if (way === 'replace') keys.forEach((key) => cache.set(key, { n: 0 }));
        else if (way === 'recycle') for (let n = 0; n < 10; n++) cache.set({ n }, { n });
        else {
          now = 10;
          expect(cache.purgeExpired()).toBe(10);
        }
      })();
      // A WeakRef keeps its target until the job is over.
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
      expect(cache.size).toBe(way === 'replace' || way === 'recycle' ? 10 : 0);
    },
  );

  it('ten times what fits, in values of a megabyte, passes through a heap of 64', async () => {
    const built = buildSync({
      entryPoints: [new URL('../../src/lru-cache.ts', import.meta.url).pathname],
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'neutral',
    });
    const code = `${built.outputFiles[0]?.text ?? ''}
      const cache = new module.exports.LruCache(8);
      for (let i = 0; i < 80; i++) cache.set('key' + i, new Array(131072).fill(i));
      cache.clear();
      const told = new module.exports.LruCache({ max: 8, onRemove: () => undefined });
      for (let i = 0; i < 80; i++) told.set('key' + i, new Array(131072).fill(i));
      require('node:worker_threads').parentPort.postMessage([cache.size, told.size]);`;
    const worker = new Worker(code, {
      eval: true,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
    });
    const sizes = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    expect(sizes).toEqual([0, 8]);
  });

  it('a full cache that evicts allocates no more slots', () => {
    const cache = new LruCache<number, number>({ max: 100 });
    const store = Reflect.get(cache, 'store') as object;
    const room = (): number => (Reflect.get(store, 'entries') as unknown[]).length;
    for (let i = 0; i < 100; i++) cache.set(i, i);
    const before = [room(), Reflect.get(store, 'top')];
    for (let i = 0; i < 5000; i++) {
      cache.set(i, i);
      if (i % 3 === 0) cache.delete(i - 5);
      if (i % 500 === 0) cache.evict(7);
    }
    expect([room(), Reflect.get(store, 'top')]).toEqual(before);
    expect(room()).toBe(2 * 101);
  });
});
