import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LRUCache } from '../../src/compat/index.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('ttlAutopurge', () => {
  it('removes an entry when it is older than its ttl, not when it is as old', () => {
    const gone: unknown[] = [];
    const cache = new LRUCache<string, number>({
      ttl: 10,
      ttlAutopurge: true,
      ttlResolution: 0,
      dispose: (...told) => gone.push(told),
    });
    cache.set('a', 1);
    vi.advanceTimersByTime(10);
    expect(cache.size).toBe(1);
    vi.advanceTimersByTime(1);
    expect(cache.size).toBe(0);
    expect(gone).toEqual([[1, 'a', 'expire']]);
  });

  it('arms one timer for any number of entries, and none when there are none', () => {
    const cache = new LRUCache<number, number>({ ttl: 1, ttlAutopurge: true, ttlResolution: 0 });
    for (let i = 0; i < 1000; i++) cache.set(i, i, { ttl: 10 + (i % 500) });
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(600);
    expect(cache.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    cache.set(1, 1).delete(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes who is due at the same time in the order in which the ttls were set, and all others by time', () => {
    const gone: [due: number, turn: number][] = [];
    const cache = new LRUCache<number, [due: number, turn: number]>({
      ttl: 1,
      ttlAutopurge: true,
      ttlResolution: 0,
      dispose: (value, _, reason) => reason === 'expire' && gone.push(value),
    });
    // Every third is given another time, every seventh deleted.
    for (let turn = 0; turn < 300; turn++) {
      const [key, ttl] = [(turn * 37) % 200, 1 + ((turn * 13) % 11)];
      cache.set(key, [ttl, turn], { ttl });
      if (turn % 7 === 0) cache.delete(key);
    }
    const left = cache.size;
    vi.advanceTimersByTime(20);
    expect(gone.length).toBe(left);
    expect(gone).toEqual(gone.toSorted(([due, turn], [dueB, turnB]) => due - dueB || turn - turnB));
  });

  it('goes on after a callback that throws', () => {
    const cache = new LRUCache<string, number>({
      ttl: 5,
      ttlAutopurge: true,
      ttlResolution: 0,
      dispose: (value) => {
        if (value === 1) throw new Error('dispose');
      },
    });
    cache.set('a', 1).set('b', 2);
    expect(() => vi.advanceTimersByTime(6)).toThrow('dispose');
    vi.advanceTimersByTime(1);
    expect(cache.has('b')).toBe(false);
    expect(cache.size).toBeLessThan(2);
  });

  it('waits for what was used meanwhile, and loses sight of nothing', () => {
    const cache = new LRUCache<string, number>({ ttl: 10, ttlAutopurge: true, updateAgeOnGet: true });
    cache.set('a', 1);
    vi.advanceTimersByTime(6);
    cache.get('a');
    vi.advanceTimersByTime(9);
    expect(cache.has('a')).toBe(true);
    vi.advanceTimersByTime(4);
    expect(cache.size).toBe(0);
  });

  it('keeps an entry without ttl, and one that never ends', () => {
    const cache = new LRUCache<string, number>({ ttl: 10, ttlAutopurge: true, ttlResolution: 0 });
    cache.set('a', 1, { ttl: 0 }).set('b', 1, { ttl: Infinity }).set('c', 1).set('c', 2, { ttl: 0 });
    vi.advanceTimersByTime(100_000);
    expect([...cache.keys()]).toEqual(['c', 'b', 'a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts from when the first ttl is set, as in lru-cache', () => {
    const cache = new LRUCache<string, number>({ max: 5 });
    cache.ttlAutopurge = true;
    cache.set('a', 1, { ttl: 5 });
    cache.ttlAutopurge = false;
    cache.set('b', 1, { ttl: 5 });
    vi.advanceTimersByTime(10);
    expect(cache.size).toBe(0);
  });
});

describe('ttlResolution', () => {
  it('keeps a reading of the clock for so long', () => {
    const cache = new LRUCache<string, number>({ max: 5, ttl: 10, ttlResolution: 50 });
    vi.advanceTimersByTime(1);
    cache.set('a', 1);
    expect(cache.has('a')).toBe(true);
    vi.advanceTimersByTime(20);
    expect(cache.has('a')).toBe(true);
    vi.advanceTimersByTime(30);
    expect(cache.has('a')).toBe(false);
  });
});
