import { describe, expect, it } from 'vitest';
import { LoadingCache, type LoadingCacheOptions, type RemovalReason } from '../../src/index.ts';

type Options = LoadingCacheOptions<string, number>;
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** A cache whose loads are settled by hand and whose time is a variable. */
function byHand(options: Partial<Options> = {}) {
  const loads: { resolve: (v: number | undefined) => void; reject: (e: unknown) => void; signal: AbortSignal }[] = [];
  const time = { now: 0 };
  const cache = new LoadingCache<string, number>({
    max: 10,
    clock: { now: () => time.now },
    load: (_, { signal }) => new Promise((resolve, reject) => loads.push({ resolve, reject, signal })),
    ...options,
  });
  return { cache, loads, time };
}

describe('a loader that calls back', () => {
  it('may delete its own key: the caller who started it still waits, so the load is not aborted', async () => {
    const cache: LoadingCache<string, number> = new LoadingCache<string, number>({
      max: 10,
      load: async (key, { signal }) => {
        cache.delete(key);
        signal.throwIfAborted();
        return Promise.resolve(1);
      },
    });
    expect(await cache.fetch('a')).toBe(1);
    expect(cache.has('a')).toBe(false);
  });

  it("may abort its caller's signal: that caller is rejected at once", async () => {
    const leaver = new AbortController();
    const { cache, loads } = byHand();
    const fetched = cache.fetch('a', {
      signal: leaver.signal,
      load: (_, { signal }) => {
        leaver.abort(new Error('left'));
        return new Promise((resolve, reject) => loads.push({ resolve, reject, signal }));
      },
    });
    await expect(fetched).rejects.toThrow('left');
    expect(loads[0]?.signal.aborted).toBe(true);
  });

  it('may fetch another key that waits behind it', async () => {
    const cache: LoadingCache<string, number> = new LoadingCache<string, number>({
      max: 10,
      maxConcurrentLoads: 1,
      load: (key) => {
        if (key === 'a') void cache.fetch('b');
        return 1;
      },
    });
    expect(await cache.fetch('a')).toBe(1);
    await turn();
    expect(cache.peek('b')).toBe(1);
    expect(cache.loadsInFlight).toBe(0);
  });
});

describe('a fetch', () => {
  it('is rejected, and not thrown, when a removal callback throws', async () => {
    const { cache, time } = byHand({
      ttl: 1,
      onRemove: () => {
        throw new Error('callback');
      },
    });
    cache.set('a', 1);
    time.now = 1;
    let fetched: Promise<unknown> | undefined;
    expect(() => (fetched = cache.fetch('a'))).not.toThrow();
    await expect(fetched).rejects.toThrow('callback');
  });

  it('settles, and frees its place, when remembering its failure makes a removal callback throw', async () => {
    const told: unknown[] = [];
    const { cache, loads } = byHand({
      max: 1,
      errorTtlMs: 10,
      maxConcurrentLoads: 1,
      onRemove: () => {
        throw new Error('callback');
      },
      onLoadError: (error) => told.push((error as Error).message),
    });
    cache.set('a', 1);
    const failing = cache.fetch('b');
    loads[0]?.reject(new Error('down'));
    await expect(failing).rejects.toThrow('down');
    expect(told).toEqual(['callback']);
    const next = cache.fetch('c');
    loads[1]?.resolve(3);
    expect(await next).toBe(3);
    expect(cache.loadsInFlight).toBe(0);
  });

  it('loads what is stale under a clock that starts below zero', async () => {
    const { cache, loads, time } = byHand({ ttl: 10, staleIfErrorMs: 100 });
    time.now = -1000;
    cache.set('a', 1);
    time.now = -990;
    const fetched = cache.fetch('a');
    loads[0]?.resolve(2);
    expect(await fetched).toBe(2);
  });

  it('answers a remembered failure with that failure until it is gone, never with "absent"', async () => {
    let now = 0;
    const cache = new LoadingCache<string, number>({
      max: 10,
      errorTtlMs: 20,
      staleWhileRevalidateMs: 5,
      clock: { now: () => now++ },
      load: () => {
        throw new Error('down');
      },
    });
    for (let i = 0; i < 100; i++) await expect(cache.fetch('a')).rejects.toThrow('down');
    expect(cache.stats().loads).toBeGreaterThan(1);
  });

  it('joins a refresh behind; when it is detached and its last waiter leaves, it is aborted', async () => {
    const { cache, loads, time } = byHand({ ttl: 10, staleWhileRevalidateMs: 5 });
    cache.set('a', 1);
    time.now = 10;
    expect(await cache.fetch('a')).toBe(1);
    time.now = 15;
    const leaver = new AbortController();
    const joined = cache.fetch('a', { signal: leaver.signal });
    cache.delete('a');
    expect(loads).toHaveLength(1);
    expect(loads[0]?.signal.aborted).toBe(false);
    leaver.abort(new Error('left'));
    await expect(joined).rejects.toThrow('left');
    expect(loads[0]?.signal.aborted).toBe(true);
  });

  it('keeps its load alive for a caller without a signal when the others have left', async () => {
    const { cache, loads } = byHand();
    const leaver = new AbortController();
    const gone = cache.fetch('a', { signal: leaver.signal });
    const stays = cache.fetch('a');
    leaver.abort(new Error('left'));
    await expect(gone).rejects.toThrow('left');
    expect(loads[0]?.signal.aborted).toBe(false);
    loads[0]?.resolve(1);
    expect(await stays).toBe(1);
    expect(cache.peek('a')).toBe(1);
  });

  it('leaves no listener on the signal of a caller who was answered', async () => {
    const { cache, loads } = byHand();
    let listeners = 0;
    const { signal } = new AbortController();
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...given: Parameters<typeof add>): void => {
      listeners++;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>): void => {
      listeners--;
      remove(...given);
    };
    const fetched = cache.fetch('a', { signal });
    expect(listeners).toBe(1);
    loads[0]?.resolve(1);
    await fetched;
    expect(listeners).toBe(0);
  });

  it('of a key that was refreshed in vain keeps the old value and its deadline', async () => {
    const { cache, loads, time } = byHand({ ttl: 10 });
    cache.set('a', 1);
    time.now = 5;
    const refreshed = cache.fetch('a', { refresh: true });
    loads[0]?.reject(new Error('down'));
    await expect(refreshed).rejects.toThrow('down');
    time.now = 9;
    expect(cache.get('a')).toBe(1);
    time.now = 10;
    expect(cache.get('a')).toBeUndefined();
  });

  it('falls back on a stale value until staleIfErrorMs is over and not at its end', async () => {
    for (const [age, falls] of [
      [4, true],
      [5, false],
    ] as const) {
      const { cache, loads, time } = byHand({ ttl: 10, staleIfErrorMs: 5, staleWhileRevalidateMs: 20 });
      cache.set('a', 1);
      time.now = 10 + age;
      const refreshed = cache.fetch('a', { refresh: true });
      loads[0]?.reject(new Error('down'));
      if (falls) expect(await refreshed).toBe(1);
      else await expect(refreshed).rejects.toThrow('down');
    }
  });

  it('may be given its own ttl by the loader', async () => {
    const { cache, time } = byHand({ ttl: 10 });
    await cache.fetch('a', { load: (_, { setTtl }) => (setTtl(3), 1) });
    time.now = 2;
    expect(cache.state('a')).toBe('fresh');
    time.now = 3;
    expect(cache.state('a')).toBe('missing');
  });
});

describe('set and removal', () => {
  it('a set whose weigh throws changes nothing: a load under way is still stored', async () => {
    const { cache, loads } = byHand({ weigh: (value) => value });
    const fetched = cache.fetch('a');
    expect(() => cache.set('a', NaN)).toThrow(RangeError);
    loads[0]?.resolve(5);
    expect(await fetched).toBe(5);
    expect(cache.peek('a')).toBe(5);
  });

  it('tells of every value that leaves, once, whatever a callback sets meanwhile', () => {
    const told: string[] = [];
    const { cache } = byHand({
      onRemove: (value: number, key: string, why: RemovalReason) => {
        told.push(`${key}:${String(value)}:${why}`);
        if (key === 'trigger') cache.set('a', 2).set('a', 1);
      },
    });
    cache.set('a', 1).set('trigger', 0);
    cache.delete('trigger');
    expect(told).toEqual(['trigger:0:delete', 'a:1:replace', 'a:2:replace']);
    expect(cache.peek('a')).toBe(1);
  });

  it('does not tell of a value that replaces itself, and tells of one that "absent" replaces', async () => {
    const told: string[] = [];
    const { cache, loads } = byHand({
      absentTtlMs: 10,
      onRemove: (value, key, why) => told.push(`${key}:${String(value)}:${why}`),
    });
    cache.set('a', 1).set('a', 1);
    expect(told).toEqual([]);
    const fetched = cache.fetch('a', { refresh: true });
    loads[0]?.resolve(undefined);
    expect(await fetched).toBeUndefined();
    expect(told).toEqual(['a:1:replace']);
    cache.set('a', 2);
    cache.clear();
    expect(told).toEqual(['a:1:replace', 'a:2:clear']);
  });

  it('tells of a value that a too heavy successor, itself again, drives out', () => {
    const told: string[] = [];
    const { cache } = byHand({
      maxWeight: 10,
      maxEntryWeight: 5,
      onRemove: (value, key, why) => told.push(`${key}:${String(value)}:${why}`),
    });
    cache.set('a', 1).set('a', 1, { weight: 6 });
    expect(told).toEqual(['a:1:replace']);
    expect(cache.size).toBe(0);
  });
});

describe('configuration', () => {
  it('is refused by name', () => {
    const make = (options: object) => (): unknown => byHand(options);
    for (const [name, value] of Object.entries({
      load: 1,
      staleWhileRevalidateMs: -1,
      staleIfErrorMs: Infinity,
      timeoutMs: 0,
      absentTtlMs: '1',
      errorTtlMs: NaN,
      maxConcurrentLoads: 0,
      maxQueuedLoads: 1.5,
      ttlFrom: 'access',
      ttl: 0,
      weigh: 1,
      onLoadError: 'log',
      timers: {},
      clock: 5,
    })) {
      expect(make({ [name]: value }), name).toThrow(new RegExp(`^${name}`));
    }
  });
});
