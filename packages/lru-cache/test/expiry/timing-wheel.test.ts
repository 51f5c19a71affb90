import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { timingWheel } from '../../src/expiry/index.ts';
import { LruCache } from '../../src/index.ts';
import type { LruCacheOptions, Timers } from '../../src/types.ts';
import { World } from './world.ts';

function cacheIn(world: World, options: Partial<LruCacheOptions<string, number>> = {}): LruCache<string, number> {
  return new LruCache<string, number>({
    max: 100,
    clock: world,
    expirer: timingWheel({ tickMs: 100, timers: world }),
    ...options,
  });
}

describe('a cache with a timing wheel', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('loses what has expired although nobody asks', () => {
    const world = new World();
    const told: string[] = [];
    const cache = cacheIn(world, { onRemove: (value, key, reason) => void told.push(`${key}=${value} ${reason}`) });
    cache.set('a', 1, { ttl: 1000 }).set('b', 2, { ttl: 250 }).set('c', 3);
    world.advance(249);
    expect(cache.size).toBe(3);
    world.advance(100);
    expect(told).toEqual(['b=2 expire']);
    world.advance(1000);
    expect(told).toEqual(['b=2 expire', 'a=1 expire']);
    expect([cache.size, cache.stats().expired, world.timersArmed]).toEqual([1, 2, 0]);
  });

  it('has no timer when what could expire was deleted, evicted, cleared or set for ever', () => {
    const world = new World();
    const cache = cacheIn(world, { max: 2 });
    expect(world.timersArmed).toBe(0);
    const leave: readonly (() => unknown)[] = [
      () => cache.delete('a'),
      () => cache.clear(),
      () => cache.set('b', 1).set('c', 1),
      () => cache.set('a', 2, { ttl: Infinity }),
      () => cache.touch('a', Infinity),
    ];
    for (const act of leave) {
      cache.clear();
      cache.set('a', 1, { ttl: 500 });
      expect(world.timersArmed).toBe(1);
      act();
      expect(world.timersArmed).toBe(0);
    }
  });

  it('follows a sliding ttl', () => {
    const world = new World();
    const cache = cacheIn(world, { ttl: 1000, ttlFrom: 'access' });
    cache.set('used', 1).set('unused', 2);
    for (let round = 0; round < 10; round++) {
      world.advance(900);
      expect(cache.get('used')).toBe(1);
    }
    expect(cache.size).toBe(1);
    world.advance(1100);
    expect(cache.size).toBe(0);
  });

  it('lets onRemove call the cache: set, shorten, lengthen, delete, clear', () => {
    const world = new World();
    const gone: string[] = [];
    const cache: LruCache<string, number> = cacheIn(world, {
      onRemove: (_, key, reason) => {
        if (reason !== 'expire') return;
        gone.push(key);
        if (key === 'a') {
          // The last one that could expire goes in between, and comes back.
          cache.delete('b');
          // 64 ticks after the one being served: its bucket is the one being emptied, one round later.
          cache.set('w', 1, { ttl: 6100 });
          cache.set('x', 1, { ttl: 6400 });
          cache.set('y', 1, { ttl: 1 });
          cache.touch('x', 300);
        }
        if (key === 'y') cache.set('z', 1, { ttl: 50 });
        if (key === 'x') cache.clear();
      },
    });
    cache.set('a', 1, { ttl: 100 }).set('b', 1, { ttl: 100 });
    world.block(350);
    world.advance(1);
    expect(gone[0]).toBe('a');
    world.advance(1000);
    // b had expired when it was deleted.
    expect(gone).toEqual(['a', 'b', 'y', 'z', 'x']);
    expect([cache.size, world.timersArmed]).toEqual([0, 0]);
  });

  it('goes on when onRemove throws, and throws the first error when all is done', () => {
    const world = new World();
    const cache = cacheIn(world, {
      onRemove: (value) => {
        if (value < 3) throw new Error(`no ${value}`);
      },
    });
    for (let n = 1; n <= 5; n++) cache.set(`k${n}`, n, { ttl: 100 });
    cache.set('later', 9, { ttl: 5000 });
    expect(() => world.advance(200)).toThrow('no 1');
    expect([cache.size, world.timersArmed]).toEqual([1, 1]);
    world.advance(5000);
    expect(cache.size).toBe(0);
  });

  it('removes many entries that expire at once in one go', () => {
    const world = new World();
    const count = 20_000;
    const cache = cacheIn(world, { max: count, ttl: 1000 });
    for (let n = 0; n < count; n++) cache.set(`k${n}`, n);
    world.advance(1100);
    expect([cache.size, cache.stats().expired, world.fired]).toEqual([0, count, expect.any(Number) as number]);
    expect(world.fired).toBeLessThanOrEqual(2);
  });

  it('runs on timers that a test has put in place of the real ones', () => {
    vi.useFakeTimers();
    const cache = new LruCache<string, number>({ max: 10, ttl: 5000, expirer: timingWheel() });
    cache.set('a', 1);
    vi.advanceTimersByTime(4900);
    expect(cache.size).toBe(1);
    vi.advanceTimersByTime(1200);
    expect(cache.size).toBe(0);
  });

  it('serves one cache only', () => {
    const expirer = timingWheel();
    new LruCache({ max: 1, expirer });
    expect(() => new LruCache({ max: 1, expirer })).toThrow(TypeError);
  });

  it('refuses what it cannot keep, naming the option, the value and what is allowed', () => {
    for (const tickMs of [0, 0.5, -1, NaN, Infinity, 2 ** 31]) {
      expect(() => timingWheel({ tickMs })).toThrow(new RangeError(`tickMs must be in 1..2147483647; got ${tickMs}`));
    }
    expect(() => timingWheel({ tickMs: '9' as unknown as number })).toThrow(TypeError);
    expect(() => timingWheel({ timers: {} as Timers })).toThrow(TypeError);
  });
});

describe('a process with nothing else to do', () => {
  /** What a program prints that fills a cache and returns; it is bundled and run by itself. */
  function output(timers: string): string {
    const contents = `
      import { LruCache } from './lru-cache.ts';
      import { timingWheel } from './expiry/index.ts';
      const timers = ${timers};
      const onRemove = (value, key, reason) => console.log(key, reason);
      new LruCache({ max: 10, ttl: 300, onRemove, expirer: timingWheel({ tickMs: 10, ...timers }) }).set('a', 1);`;
    const resolveDir = fileURLToPath(new URL('../../src', import.meta.url));
    const built = buildSync({ stdin: { contents, resolveDir }, bundle: true, format: 'esm', write: false });
    const code = built.outputFiles[0]?.text ?? '';
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 50_000 });
    expect([run.status, run.stderr]).toEqual([0, '']);
    return run.stdout.trim();
  }

  it('ends, although an entry has not expired yet', () => {
    expect(output('{}')).toBe('');
  });

  it('would have waited for it with timers that keep it alive', () => {
    expect(output('{ timers: { set: setTimeout, clear: clearTimeout } }')).toBe('a expire');
  });
});
