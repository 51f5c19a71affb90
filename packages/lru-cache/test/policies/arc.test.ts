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

/** The policy with a cache reduced to its bound around it. Fingerprints are the keys. */
class Bare {
  evicted: number[] = [];
  private readonly policy = arc();
  private readonly keys: number[] = [];
  private free: number[];
  private max: number;

  constructor(max: number) {
    this.max = max;
    this.free = Array.from({ length: max }, (_, n) => max - n);
    this.policy.attach({ max, hashOf: (slot) => this.keys[slot] as number });
    this.policy.grow(max);
  }

  evict(hash: number): void {
    const slot = this.policy.evict(hash);
    this.evicted.push(this.keys[slot] as number);
    this.free.push(slot);
  }

  /** A miss; answers the slot. */
  insert(hash: number): number {
    if (this.free.length === 0) this.evict(hash);
    const slot = this.free.pop() as number;
    this.keys[slot] = hash;
    this.policy.insert(slot, hash);
    return slot;
  }

  hit(slot: number): void {
    this.policy.hit(slot);
  }

  reset(): void {
    this.policy.reset();
    this.evicted = [];
    this.free = Array.from({ length: this.max }, (_, n) => this.max - n);
  }

  /** To a smaller bound, with the cache full. */
  resize(max: number): void {
    for (let n = max; n < this.max; n++) this.evict(0);
    this.free.length = 0;
    this.max = max;
    this.policy.resize(max);
  }
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
    // The second eviction for 3, a ghost, is announced or not: nothing may depend on it.
    const victims = (announced: number): number[] => {
      const bare = new Bare(8);
      for (const key of [1, 2]) bare.hit(bare.insert(key));
      for (const key of [3, 4, 5, 6, 7, 8, 9, 10]) bare.insert(key);
      bare.evict(3);
      bare.evict(announced);
      bare.insert(3);
      for (let key = 20; key < 40; key++) bare.insert(key);
      return bare.evicted;
    };
    expect(victims(3).slice(0, 4)).toEqual([3, 4, 5, 6]);
    expect(victims(3)).toEqual(victims(0));
  });

  it('forgets its target at a reset', () => {
    const bare = new Bare(4);
    for (const key of [1, 2]) bare.hit(bare.insert(key));
    for (const key of [3, 4, 5, 3, 4]) bare.insert(key);
    // Two regrets: what was used once has a claim to two places, and what was used twice pays.
    expect(bare.evicted).toEqual([3, 4, 1]);
    bare.reset();
    for (const key of [1, 2]) bare.hit(bare.insert(key));
    for (const key of [3, 4, 5]) bare.insert(key);
    expect(bare.evicted).toEqual([3]);
  });

  it('cuts its target to the size of a smaller cache', () => {
    const bare = new Bare(4);
    for (const key of [1, 2]) bare.hit(bare.insert(key));
    for (const key of [3, 4, 5, 3, 4, 6, 7, 8, 5]) bare.insert(key);
    // All four places belong to what was used once by now.
    expect(bare.evicted).toEqual([3, 4, 1, 2, 3, 5, 4]);
    bare.resize(2);
    // Two places now; so the second regret for what was used twice leaves none to the others.
    for (const key of [5, 4]) bare.insert(key);
    expect(bare.evicted.slice(7)).toEqual([5, 6, 7, 8]);
  });
});
