import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';
import { SlotStore } from '../../src/slot-store.ts';

describe('the order of use', () => {
  it.each(['a', 'b', 'c', 'd'])('brings %s to the front from wherever it is, and keeps the rest as it was', (key) => {
    for (const use of ['get', 'touch', 'set'] as const) {
      const cache = new LruCache<string, number>(4).set('a', 1).set('b', 1).set('c', 1).set('d', 1);
      if (use === 'set') cache.set(key, 2);
      else cache[use](key);
      expect([...cache.keys()]).toEqual([key, ...['d', 'c', 'b', 'a'].filter((it) => it !== key)]);
    }
  });
});

describe('a slot that changes hands', () => {
  it('leaves its deadline behind, whether or not anybody watched', () => {
    for (const onRemove of [undefined, (): void => undefined]) {
      const store = new SlotStore<string, number>({ max: 1, maxWeight: Infinity, clock: { now: () => 0 }, onRemove });
      store.find('a');
      store.setDeadline(store.insert('a', 1, 1), 10);
      store.find('b');
      const slot = store.insert('b', 2, 1);
      expect([slot, store.deadline(slot), store.evictions, store.size]).toEqual([1, Infinity, 1, 1]);
    }
  });

  it('leaves its own ttl and its weight behind', () => {
    const cache = new LruCache<string, number>({ max: 1, ttl: 10, clock: { now: () => 0 } });
    cache.set('a', 1, { ttl: 5, weight: 7 }).set('b', 1);
    cache.touch('b');
    expect([cache.remainingTtl('b'), cache.weight]).toEqual([10, 1]);
    cache.set('c', 1, { ttl: Infinity }).set('d', 1);
    expect(cache.remainingTtl('d')).toBe(10);
  });
});
