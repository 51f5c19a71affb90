import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';
import { arc } from '../../src/policies/index.ts';

function cacheOf(max: number): LruCache<number, true> {
  return new LruCache<number, true>({ max, policy: arc() });
}

/** A read-through: true when it was there. */
function ask(cache: LruCache<number, true>, key: number): boolean {
  if (cache.get(key) !== undefined) return true;
  cache.set(key, true);
  return false;
}

describe('arc', () => {
  it('lets a scan pass through what was used once', () => {
    const cache = cacheOf(20);
    for (let key = 1; key <= 10; key++) {
      ask(cache, key);
      ask(cache, key);
    }
    for (let key = 100; key < 1100; key++) ask(cache, key);
    for (let key = 1; key <= 10; key++) expect(cache.has(key)).toBe(true);
  });

  it('gives room to what was used once as soon as it is missed', () => {
    const cache = cacheOf(20);
    for (let key = 1; key <= 20; key++) {
      ask(cache, key);
      ask(cache, key);
    }
    // All of it was used twice, none of it any more. A loop of 12 keys finds no place at first, then its ghosts claim one.
    const hits: number[] = [];
    for (let round = 0; round < 8; round++) {
      let found = 0;
      for (let key = 100; key < 112; key++) if (ask(cache, key)) found++;
      hits.push(found);
    }
    expect(hits[0]).toBe(0);
    expect(hits.at(-1)).toBe(12);
  });

  it('adapts once to a key that comes back, however many evictions its weight takes', () => {
    // Hashes are keys here. The second eviction for 3, a ghost, is announced or not: nothing may depend on it.
    const victims = (announced: number): number[] => {
      const policy = arc();
      const hashes: number[] = [];
      policy.attach({ max: 8, hashOf: (slot) => hashes[slot] as number });
      policy.grow(8);
      const free = [8, 7, 6, 5, 4, 3, 2, 1];
      const evicted: number[] = [];
      const evict = (hash: number): void => {
        const slot = policy.evict(hash);
        evicted.push(hashes[slot] as number);
        free.push(slot);
      };
      const insert = (hash: number): number => {
        if (free.length === 0) evict(hash);
        const slot = free.pop() as number;
        hashes[slot] = hash;
        policy.insert(slot, hash);
        return slot;
      };
      for (const hash of [1, 2]) policy.hit(insert(hash));
      for (const hash of [3, 4, 5, 6, 7, 8, 9, 10]) insert(hash);
      evict(3);
      evict(announced);
      insert(3);
      for (let hash = 20; hash < 40; hash++) insert(hash);
      return evicted;
    };
    expect(victims(3).slice(0, 4)).toEqual([3, 4, 5, 6]);
    expect(victims(3)).toEqual(victims(0));
  });
});
