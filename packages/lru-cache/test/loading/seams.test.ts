/** What the cache shares with LruCache: policy, expirer, weights, observer, statistics. */
import { describe, expect, it } from 'vitest';
import type { CacheObserver, Expirer, ExpirerHost, Policy } from '../../src/types.ts';
import { byHand, turn } from './by-hand.ts';

/** First in, first out, and it writes down what it is told. */
function fifo(log: string[]): Policy {
  const slots: number[] = [];
  const out = (slot: number): void => void slots.splice(slots.indexOf(slot), 1);
  return {
    name: 'fifo',
    needsMax: true,
    attach: () => undefined,
    grow: () => undefined,
    reset: () => void slots.splice(0),
    resize: () => undefined,
    insert: (slot) => slots.push(slot),
    hit: (slot) => log.push(`hit ${String(slot)}`),
    remove: out,
    evict: () => slots.shift() ?? 0,
  };
}

describe('a policy', () => {
  it('chooses the victims and hears of hits, stale answers and refreshed values, not of peeks', async () => {
    const log: string[] = [];
    const { cache, calls, time } = byHand({ max: 2, ttl: 10, staleWhileRevalidateMs: 5, policy: fifo(log) });
    cache.set('a', 1).set('b', 2);
    cache.peek('a');
    cache.has('a');
    cache.state('a');
    expect(log).toEqual([]);
    await cache.fetch('a');
    cache.get('a');
    time.now = 10;
    await cache.fetch('a');
    expect(log).toEqual(['hit 1', 'hit 1', 'hit 1']);
    calls[0]?.resolve(3);
    await turn();
    cache.set('c', 4);
    // Strict LRU would have let b go.
    expect([cache.peek('a'), cache.state('b'), cache.peek('c')]).toEqual([undefined, 'stale', 4]);
  });

  it('that needs max is refused without, like every option of the store, before anything is attached', () => {
    const attached: string[] = [];
    const policy = { ...fifo([]), attach: () => void attached.push('attached') };
    expect(() => byHand({ max: undefined as unknown as number, maxWeight: 5, policy })).toThrow(/^max is required/);
    expect(() => byHand({ policy, initialCapacity: 11 })).toThrow(/^initialCapacity must be/);
    expect(() => byHand({ policy, refreshAhead: 2 })).toThrow(/^refreshAhead must be/);
    expect(attached).toEqual([]);
  });
});

describe('an expirer', () => {
  it('is told when entries are gone for good, stale windows included, and removes them', async () => {
    const deadlines = new Map<number, number>();
    const told: string[] = [];
    let host: ExpirerHost | undefined;
    const expirer: Expirer = {
      attach: (to) => (host = to),
      schedule: (slot, deadline) => deadlines.set(slot, deadline),
      cancel: (slot) => deadlines.delete(slot),
      grow: () => undefined,
    };
    const { cache, calls } = byHand({
      ...{ ttl: 10, staleWhileRevalidateMs: 5, absentTtlMs: 7, expirer },
      onRemove: (value, key, why) => told.push(`${key}:${String(value)}:${why}`),
    });
    cache.set('a', 1).set('b', 2, { ttl: Infinity });
    const none = cache.fetch('c');
    calls[0]?.resolve(undefined);
    await none;
    expect([...deadlines.values()]).toEqual([15, 7]);
    for (const slot of [...deadlines.keys()]) host?.expire(slot);
    expect([cache.size, cache.stats().expired]).toEqual([1, 2]);
    expect(told).toEqual(['a:1:expire']);
  });
});

describe('an observer', () => {
  function observed(options: Parameters<typeof byHand>[0] = {}) {
    const log: string[] = [];
    const observer: CacheObserver<string> = {
      miss: (key) => log.push(`miss ${key}`),
      remove: (key, reason) => log.push(`${reason} ${key}`),
      loadStart: (key) => log.push(`start ${key}`),
      loadEnd: (key, ms, outcome) => log.push(`${outcome} ${key} ${String(ms)}`),
    };
    return { log, ...byHand({ ...options, observer }) };
  }

  it('hears of every load how long it took and what it brought, whatever became of it', async () => {
    const { cache, calls, time, fire, log } = observed({ timeoutMs: 50, absentTtlMs: 5 });
    const all = ['value', 'none', 'bad', 'slow', 'overtaken'].map((key) => cache.fetch(key));
    const leaver = new AbortController();
    const settled = Promise.allSettled([...all, cache.fetch('left', { signal: leaver.signal })]);
    log.splice(0);
    time.now = 3;
    calls[0]?.resolve(1);
    calls[1]?.resolve(undefined);
    calls[2]?.reject(new Error('down'));
    cache.delete('overtaken');
    calls[4]?.resolve(5);
    leaver.abort(new Error('left'));
    calls[5]?.reject(new Error('aborted'));
    await turn();
    time.now = 50;
    fire(50);
    await settled;
    expect(log.sort()).toEqual([
      ...[
        'absent none 3',
        'discarded left 3',
        'discarded overtaken 3',
        'error bad 3',
        'error slow 50',
        'value value 3',
      ],
    ]);
    expect(cache.stats()).toMatchObject({ loads: 6, loadFailures: 2, discarded: 2 });
  });

  it('hears of misses and of values that leave, never of marks', async () => {
    const { cache, calls, time, log } = observed({ max: 2, absentTtlMs: 5, errorTtlMs: 5, ttl: 10 });
    cache.get('a');
    const none = cache.fetch('a');
    calls[0]?.resolve(undefined);
    await none;
    const bad = cache.fetch('b');
    calls[1]?.reject(new Error('down'));
    await expect(bad).rejects.toThrow('down');
    expect(cache.size).toBe(2);
    log.splice(0);
    cache.set('c', 1).set('d', 2);
    expect(log).toEqual([]);
    cache.set('c', 3);
    time.now = 10;
    cache.get('c');
    cache.clear();
    expect(log).toEqual(['replace c', 'miss c', 'expire c', 'clear d']);
  });

  it('that throws when a load ends keeps nobody waiting', async () => {
    const told: unknown[] = [];
    const { cache, calls } = byHand({
      observer: {
        loadEnd: () => {
          throw new Error('in the observer');
        },
      },
      onLoadError: (error) => told.push((error as Error).message),
    });
    const fetched = cache.fetch('a');
    calls[0]?.resolve(1);
    expect(await fetched).toBe(1);
    expect(told).toEqual(['in the observer']);
    expect(cache.loadsInFlight).toBe(0);
  });
});

describe('statistics', () => {
  it('count every read as a hit or a miss, and what is stored as new or not', async () => {
    const { cache, calls, time } = byHand({ ttl: 10, staleWhileRevalidateMs: 5, absentTtlMs: 5, errorTtlMs: 5 });
    const a = cache.fetch('a');
    const b = cache.fetch('b');
    calls[0]?.resolve(1);
    calls[1]?.resolve(undefined);
    await Promise.all([a, b]);
    await Promise.all([cache.fetch('a'), cache.fetch('b')]);
    cache.get('a');
    cache.get('b');
    expect(cache.stats()).toMatchObject({ hits: 3, misses: 3, inserts: 1, updates: 0, loads: 2, size: 2 });
    time.now = 10;
    await cache.fetch('a');
    calls[2]?.resolve(2);
    await turn();
    expect(cache.stats()).toMatchObject({ hits: 4, staleServed: 1, inserts: 1, updates: 1 });
    expect(cache.stats().index).toMatch(/^(sampled|learned|map)$/);
  });
});

describe('weights', () => {
  it('of loaded values are bounded; one too heavy is answered, not stored, and takes the old one along', async () => {
    const told: string[] = [];
    const { cache, calls } = byHand({
      ...{ maxWeight: 10, maxEntryWeight: 6, weigh: (value: number) => value },
      onRemove: (value, key, why) => told.push(`${key}:${String(value)}:${why}`),
    });
    cache.set('a', 5).set('b', 5);
    const fetched = cache.fetch('a', { refresh: true });
    calls[0]?.resolve(6);
    expect(await fetched).toBe(6);
    expect(told).toEqual(['a:5:replace', 'b:5:evict']);
    const heavy = cache.fetch('a', { refresh: true });
    calls[1]?.resolve(7);
    expect(await heavy).toBe(7);
    expect([cache.size, cache.stats().weight, cache.stats().rejected, told.at(-1)]).toEqual([0, 0, 1, 'a:6:replace']);
  });

  it('of absence is 1, and where not even that is allowed nothing is remembered', async () => {
    const { cache, calls } = byHand({ maxWeight: 0.5, weigh: () => 0.1, absentTtlMs: 5, errorTtlMs: 5 });
    cache.set('a', 1);
    const none = cache.fetch('a', { refresh: true });
    calls[0]?.resolve(undefined);
    const bad = cache.fetch('b');
    calls[1]?.reject(new Error('down'));
    expect(await none).toBeUndefined();
    await expect(bad).rejects.toThrow('down');
    expect([cache.state('a'), cache.state('b'), cache.size, cache.stats().weight]).toEqual([
      'missing',
      'missing',
      0,
      0,
    ]);
  });
});
