import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';
import { clock } from '../../src/policies/index.ts';

describe('clock', () => {
  it('spares once, in order of arrival, what was used since the hand was there', () => {
    const cache = new LruCache<string, number>({ max: 3, policy: clock() });
    cache.set('a', 1).set('b', 2).set('c', 3);
    cache.get('a');
    cache.get('c');
    cache.set('d', 4);
    expect([cache.has('a'), cache.has('b'), cache.has('c')]).toEqual([true, false, true]);
    // The hand has gone past a, which is unused now; c still has its mark, d none.
    cache.set('e', 5);
    expect([cache.has('a'), cache.has('c'), cache.has('d')]).toEqual([false, true, true]);
  });

  it('counts the arrival itself as no use', () => {
    const cache = new LruCache<string, number>({ max: 2, policy: clock() });
    cache.set('a', 1).set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    expect(cache.has('b')).toBe(false);
  });

  it('finds the few that are left in a ring made for many', () => {
    const policy = clock();
    const slots = 100_000;
    policy.attach({ max: slots, hashOf: () => 0 });
    policy.grow(slots);
    for (let slot = 1; slot <= slots; slot++) policy.insert(slot, 0);
    const kept = [1, 7, 8, 9, 4097, 99_999, 100_000];
    for (let slot = 1; slot <= slots; slot++) if (!kept.includes(slot)) policy.remove(slot);
    policy.hit(8);
    policy.hit(100_000);
    expect(kept.map(() => policy.evict(0))).toEqual([1, 7, 9, 4097, 99_999, 8, 100_000]);
    expect(policy.evict(0)).toBe(0);
  });
});
