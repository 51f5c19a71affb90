/** Loaders, callbacks and promises that do what they should not. */
import { describe, expect, it } from 'vitest';
import { LoadingCache, type Loader } from '../../src/index.ts';
import { byHand, turn } from './by-hand.ts';

type Thenable = PromiseLike<number>;
const thenable = (then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void): Thenable =>
  ({ then }) as unknown as Thenable;

async function loaded(load: Loader<string, number>): Promise<unknown> {
  const cache = new LoadingCache<string, number>({ max: 10, load });
  const outcome = await cache.fetch('a').catch((error: unknown) => error);
  expect(cache.loadsInFlight).toBe(0);
  return outcome;
}

describe('a loader', () => {
  it('that fails is called once, and each of a thousand callers hears of it', async () => {
    const { cache, calls } = byHand();
    const all = Promise.allSettled(Array.from({ length: 1000 }, () => cache.fetch('a')));
    calls[0]?.reject(new Error('down'));
    expect((await all).filter(({ status }) => status === 'rejected')).toHaveLength(1000);
    expect(cache.stats()).toMatchObject({ loads: 1, loadFailures: 1, joined: 999, misses: 1000 });
  });

  it('that throws synchronously is a rejected load', async () => {
    const thrown = new Error('at once');
    expect(
      await loaded(() => {
        throw thrown;
      }),
    ).toBe(thrown);
  });

  it('may return what is no promise, or reject with what is no error', async () => {
    expect(await loaded(() => 5)).toBe(5);
    expect(await loaded(() => undefined)).toBeUndefined();
    expect(await loaded(() => thenable((_, reject) => reject('text')))).toBe('text');
  });

  it('may return a thenable that misbehaves: its first word counts', async () => {
    const twice = (one: () => void, other: () => void): void => {
      one();
      other();
    };
    const both = (first: 'value' | 'error'): Thenable =>
      thenable((resolve, reject) => {
        const [good, bad] = [(): void => resolve(1), (): void => reject('error')];
        if (first === 'value') twice(good, bad);
        else twice(bad, good);
      });
    expect([await loaded(() => both('value')), await loaded(() => both('error'))]).toEqual([1, 'error']);
    expect(
      await loaded(() =>
        thenable((resolve) => {
          resolve(2);
          throw new Error('after');
        }),
      ),
    ).toBe(2);
    const broken = Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('no then');
      },
    });
    expect(await loaded(() => broken as Thenable)).toMatchObject({ message: 'no then' });
  });

  it('that never settles fails at timeoutMs, frees its place, and is told by its signal', async () => {
    const { cache, calls, fire } = byHand({ timeoutMs: 9, maxConcurrentLoads: 1 });
    const first = cache.fetch('a');
    const second = cache.fetch('b');
    const signal = calls[0]?.signal();
    fire(9);
    await expect(first).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' });
    expect(signal?.reason).toMatchObject({ code: 'LOAD_TIMEOUT' });
    calls[1]?.resolve(2);
    calls[0]?.resolve(1);
    expect(await second).toBe(2);
    await turn();
    expect([cache.has('a'), cache.get('b')]).toEqual([false, 2]);
    expect(cache.stats()).toMatchObject({ loads: 2, loadFailures: 1 });
  });

  it("is stopped when its key is written and nobody waits; what it then rejects with is nobody's failure", async () => {
    const told: unknown[] = [];
    const { cache, calls, time } = byHand({
      ...{ ttl: 10, staleWhileRevalidateMs: 10 },
      onLoadError: (error) => told.push(error),
    });
    cache.set('a', 1);
    time.now = 10;
    expect(await cache.fetch('a')).toBe(1);
    cache.set('a', 2);
    calls[0]?.reject(new Error('aborted'));
    await turn();
    expect(told).toEqual([]);
    expect(cache.stats()).toMatchObject({ loads: 1, loadFailures: 0, discarded: 1 });
  });

  it('that finds nothing takes the old value away, though absence itself is not remembered', async () => {
    const { cache, calls } = byHand();
    cache.set('a', 1);
    const fetched = cache.fetch('a', { refresh: true });
    calls[0]?.resolve(undefined);
    expect(await fetched).toBeUndefined();
    expect([cache.state('a'), cache.size]).toEqual(['missing', 0]);
  });

  it('sees an aborted signal even if it looks at it for the first time too late', async () => {
    const { cache, calls } = byHand();
    const leaver = new AbortController();
    const fetched = cache.fetch('a', { signal: leaver.signal });
    leaver.abort(new Error('left'));
    await expect(fetched).rejects.toThrow('left');
    expect(calls[0]?.signal()).toMatchObject({ aborted: true, reason: { message: 'left' } });
  });

  it('that gives a nonsense ttl fails like any other, and nothing is stored', async () => {
    for (const ttl of [0, -1, NaN, '5' as unknown as number]) {
      const cache = new LoadingCache<string, number>({ max: 10, load: (_, { setTtl }) => (setTtl(ttl), 1) });
      await expect(cache.fetch('a')).rejects.toThrow(/^ttl must be/);
      expect(cache.size).toBe(0);
    }
  });

  it('may ask for a ttl once too late: that changes nothing', async () => {
    const { cache, calls, time } = byHand({ ttl: 10 });
    const fetched = cache.fetch('a');
    calls[0]?.resolve(1);
    await fetched;
    calls[0]?.setTtl(1);
    time.now = 9;
    expect(cache.get('a')).toBe(1);
  });
});

describe('a loader that fetches its own key', () => {
  it('hears LOAD_CYCLE before its first await, itself or through another key', async () => {
    const direct: LoadingCache<string, number> = new LoadingCache<string, number>({
      max: 10,
      load: (key) => direct.fetch(key),
    });
    await expect(direct.fetch('a')).rejects.toMatchObject({ code: 'LOAD_CYCLE', name: 'LoadCycleError' });
    const mutual: LoadingCache<string, number> = new LoadingCache<string, number>({
      max: 10,
      load: async (key) => ((await mutual.fetch(key === 'a' ? 'b' : 'a')) ?? 0) + 1,
    });
    await expect(mutual.fetch('a')).rejects.toMatchObject({ code: 'LOAD_CYCLE' });
    expect([direct.loadsInFlight, mutual.loadsInFlight, mutual.size]).toEqual([0, 0, 0]);
  });

  it('later than that waits for itself, and no longer than timeoutMs', async () => {
    const { cache, fire } = byHand({
      timeoutMs: 7,
      load: async (key): Promise<number | undefined> => {
        await Promise.resolve();
        return cache.fetch(key);
      },
    });
    const fetched = cache.fetch('a');
    await turn();
    expect(cache.loadsInFlight).toBe(1);
    fire(7);
    await expect(fetched).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' });
    expect(cache.loadsInFlight).toBe(0);
  });

  it('gets the stale value where a stale answer is allowed: that is no cycle', async () => {
    const time = { now: 0 };
    const cache: LoadingCache<string, number> = new LoadingCache<string, number>({
      ...{ max: 10, ttl: 10, staleWhileRevalidateMs: 10, clock: { now: () => time.now } },
      load: async (key) => ((await cache.fetch(key)) ?? 0) + 1,
    });
    cache.set('a', 1);
    time.now = 10;
    expect(await cache.fetch('a')).toBe(1);
    await turn();
    expect(cache.get('a')).toBe(2);
  });
});

describe('a callback', () => {
  it('weigh that throws for a loaded value: callers have it, the cache does not, the old one stays', async () => {
    const told: unknown[] = [];
    const { cache, calls } = byHand({
      weigh: (value) => {
        if (value === 13) throw new Error('unlucky');
        return value === 14 ? NaN : 1;
      },
      onLoadError: (error) => told.push((error as Error).message),
    });
    cache.set('a', 1);
    for (const value of [13, 14]) {
      const fetched = cache.fetch('a', { refresh: true });
      calls.at(-1)?.resolve(value);
      expect(await fetched).toBe(value);
      expect(cache.get('a')).toBe(1);
    }
    expect(told).toEqual(['unlucky', expect.stringMatching(/^weight must be/)]);
  });

  it('onLoadError that throws hurts nobody', async () => {
    const { cache, calls, time } = byHand({
      ...{ ttl: 10, staleWhileRevalidateMs: 10 },
      onLoadError: () => {
        throw new Error('in the callback');
      },
    });
    cache.set('a', 1);
    time.now = 10;
    expect(await cache.fetch('a')).toBe(1);
    calls[0]?.reject(new Error('down'));
    await turn();
    expect(cache.loadsInFlight).toBe(0);
    expect(await cache.fetch('a')).toBe(1);
    expect(calls).toHaveLength(2);
  });

  it('an abort listener that fetches runs when the write is complete: its load cannot overwrite it', async () => {
    const { cache, calls, time } = byHand({ ttl: 10, staleWhileRevalidateMs: 10 });
    const seen: (number | undefined)[] = [];
    cache.set('a', 1);
    time.now = 10;
    await cache.fetch('a');
    calls[0]?.signal().addEventListener('abort', () => {
      seen.push(cache.peek('a'));
      void cache.fetch('a');
    });
    cache.set('a', 2);
    expect(seen).toEqual([2]);
    expect(calls).toHaveLength(1);
  });

  it('onRemove may set and delete what a load just replaced', async () => {
    const told: string[] = [];
    const { cache, calls } = byHand({
      onRemove: (value, key, why) => {
        told.push(`${String(value)}:${why}`);
        if (value === 1) cache.delete(key);
        if (value === 2) cache.set(key, 3);
      },
    });
    cache.set('a', 1);
    const fetched = cache.fetch('a', { refresh: true });
    calls[0]?.resolve(2);
    expect(await fetched).toBe(2);
    expect(told).toEqual(['1:replace', '2:delete']);
    expect(cache.get('a')).toBe(3);
  });
});
