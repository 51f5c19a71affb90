import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';
import { s3Fifo, type S3FifoOptions } from '../../src/policies/index.ts';

function cacheOf(max: number, options?: S3FifoOptions): LruCache<number, true> {
  return new LruCache<number, true>({ max, policy: s3Fifo(options) });
}

/** Sets 1..count, oldest first. */
function fill(cache: LruCache<number, true>, count: number): void {
  for (let key = 1; key <= count; key++) cache.set(key, true);
}

describe('s3Fifo', () => {
  it('lets one hit pass and takes two for a promotion', () => {
    const cache = cacheOf(10);
    fill(cache, 10);
    cache.get(1);
    cache.get(2);
    cache.get(2);
    cache.set(11, true);
    expect(cache.has(1)).toBe(false);
    // 2 is in main now, where a scan does not reach it.
    for (let key = 100; key < 200; key++) cache.set(key, true);
    expect(cache.has(2)).toBe(true);
  });

  it('promotes at the number of hits asked for', () => {
    for (const promoteAt of [1, 2, 3]) {
      const cache = cacheOf(10, { promoteAt });
      fill(cache, 10);
      for (let key = 1; key <= 4; key++) for (let hit = 1; hit < key; hit++) cache.get(key);
      for (let key = 100; key < 120; key++) cache.set(key, true);
      expect([1, 2, 3, 4].filter((key) => cache.has(key))).toEqual([2, 3, 4].slice(promoteAt - 1));
    }
  });

  it('puts a key that comes back while it is a ghost straight into main', () => {
    const cache = cacheOf(10);
    fill(cache, 11); // 1 is a ghost
    cache.set(1, true);
    for (let key = 100; key < 200; key++) cache.set(key, true);
    expect(cache.has(1)).toBe(true);
    // The ghost is as long as main, 9 here: one that has waited longer is as good as new.
    const late = cacheOf(10);
    fill(late, 20);
    late.set(1, true);
    for (let key = 100; key < 200; key++) late.set(key, true);
    expect(late.has(1)).toBe(false);
  });

  it('keeps what main holds for as many more rounds as it was hit, three at most', () => {
    const cache = cacheOf(10, { promoteAt: 1 });
    const promoted = (from: number, to: number): void => {
      for (let key = from; key < to; key++) {
        cache.set(key, true);
        cache.get(key);
      }
    };
    promoted(1, 11);
    // Pushes everything into main.
    promoted(11, 21);
    const survivor = [...cache.keys()].at(-1) as number;
    for (let hit = 0; hit < 50; hit++) cache.get(survivor);
    promoted(100, 109);
    expect(cache.has(survivor)).toBe(true);
    // Fifty hits count as three: four rounds of main and it is gone.
    promoted(200, 260);
    expect(cache.has(survivor)).toBe(false);
  });

  it('refuses what is out of range, naming the option, the value and what is allowed', () => {
    for (const smallRatio of [0, 1, -0.1, NaN, Infinity]) {
      expect(() => s3Fifo({ smallRatio })).toThrow(
        new RangeError(`smallRatio must be above 0 and below 1; got ${smallRatio}`),
      );
    }
    for (const promoteAt of [0, 4, 1.5, NaN]) {
      expect(() => s3Fifo({ promoteAt })).toThrow(
        new RangeError(`promoteAt must be an integer in 1..3; got ${promoteAt}`),
      );
    }
    expect(() => s3Fifo({ promoteAt: '2' as unknown as number })).toThrow(TypeError);
  });
});
