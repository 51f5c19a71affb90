import { describe, expect, it } from 'vitest';
import { LoadingCache } from '../../src/index.ts';
import { byHand, turn } from './by-hand.ts';

describe('refreshAhead', () => {
  it('answers at once and loads behind from that part of the ttl on, once', async () => {
    const { cache, calls, time } = byHand({ ttl: 100, refreshAhead: 0.75 });
    cache.set('a', 1);
    time.now = 74;
    expect(await cache.fetch('a')).toBe(1);
    expect(calls).toHaveLength(0);
    time.now = 75;
    expect(await Promise.all([cache.fetch('a'), cache.fetch('a', {})])).toEqual([1, 1]);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.stale).toBe(1);
    calls[0]?.resolve(2);
    await turn();
    time.now = 149;
    expect(await cache.fetch('a')).toBe(2);
    expect(calls).toHaveLength(1);
    time.now = 150;
    expect(await cache.fetch('a')).toBe(2);
    expect(calls).toHaveLength(2);
  });

  it('goes by the life an entry has, which its loader, its set or its jitter may have chosen', async () => {
    const { cache, calls, time } = byHand({ ttl: 100, refreshAhead: 0.5, ttlJitter: 0.5, random: () => 0.8 });
    cache.set('short', 1, { ttl: 10 });
    time.now = 2;
    await cache.fetch('short');
    expect(calls).toHaveLength(0);
    time.now = 3;
    await cache.fetch('short');
    expect(calls).toHaveLength(1);
  });

  it('keeps the value and its end when the refresh fails, and does not ask again while the failure is remembered', async () => {
    const told: unknown[] = [];
    const { cache, calls, time } = byHand({
      ...{ ttl: 100, refreshAhead: 0.5, errorTtlMs: 10 },
      onLoadError: (error) => told.push((error as Error).message),
    });
    cache.set('a', 1);
    time.now = 50;
    await cache.fetch('a');
    calls[0]?.reject(new Error('down'));
    await turn();
    expect(told).toEqual(['down']);
    time.now = 59;
    expect([await cache.fetch('a'), cache.get('a'), cache.state('a')]).toEqual([1, 1, 'fresh']);
    expect(calls).toHaveLength(1);
    time.now = 60;
    expect(await cache.fetch('a')).toBe(1);
    expect(calls).toHaveLength(2);
    time.now = 99;
    expect(cache.get('a')).toBe(1);
    time.now = 100;
    expect(cache.get('a')).toBeUndefined();
  });

  it('reports that there was no room for it, and never makes the caller wait', async () => {
    const told: unknown[] = [];
    const { cache, time } = byHand({
      ...{ ttl: 100, refreshAhead: 0, maxConcurrentLoads: 1, maxQueuedLoads: 0 },
      onLoadError: (error) => told.push((error as { code?: string }).code),
    });
    cache.set('a', 1);
    void cache.fetch('b');
    time.now = 1;
    expect(await cache.fetch('a')).toBe(1);
    expect(told).toEqual(['LOAD_QUEUE_FULL']);
  });
});

describe('XFetch', () => {
  /** Reads at `readsPerSecond` for ten windows of a second, of which a load takes 50 ms. */
  async function loadsOf(readsPerSecond: number): Promise<{ loads: number; waited: number }> {
    let state = 1;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const { cache, calls, time } = byHand({ ttl: 1000, xfetchBeta: 1, random });
    const due = new Map<number, number>();
    const step = 1000 / readsPerSecond;
    void cache.fetch('a');
    while (time.now < 10_000) {
      for (let i = due.size; i < calls.length; i++) due.set(i, time.now + 50);
      for (const [i, at] of due) {
        if (at > time.now) continue;
        due.set(i, Infinity);
        calls[i]?.resolve(i);
        await turn();
      }
      time.now += step;
      void cache.fetch('a');
    }
    return { loads: calls.length, waited: cache.stats().misses };
  }

  it('starts about one load a window however many read, and from a certain rate on nobody waits', async () => {
    for (const rate of [10, 100, 1000, ...(process.env['NIGHTLY'] === '1' ? [10_000] : [])]) {
      const { loads, waited } = await loadsOf(rate);
      // Ten windows and the first load; a refresh in time shortens a window, so there may be a few more.
      expect(loads, `${String(rate)} reads/s`).toBeGreaterThanOrEqual(10);
      expect(loads, `${String(rate)} reads/s`).toBeLessThanOrEqual(16);
      // While the first load runs, for 50 ms, everybody waits; after it nobody.
      if (rate >= 1000) expect(waited).toBeLessThanOrEqual(rate / 20 + 1);
    }
  });

  it('goes by what the load took, and never refreshes what was set', async () => {
    const { cache, calls, time } = byHand({ ttl: 100, xfetchBeta: 1, random: () => 1 - Math.exp(-1) });
    cache.set('set', 1);
    const fetched = cache.fetch('a');
    time.now = 20;
    calls[0]?.resolve(1);
    await fetched;
    // The draw makes the rule "load time >= remaining": 20 before the end, which is at 120.
    time.now = 99;
    await Promise.all([cache.fetch('a'), cache.fetch('set')]);
    expect(calls).toHaveLength(1);
    time.now = 100.001;
    await cache.fetch('a');
    expect(calls).toHaveLength(2);
  });
});

describe('softTimeoutMs', () => {
  const windows = { ttl: 10, staleIfErrorMs: 100, softTimeoutMs: 5 };

  it('sends waiters home with the stale value; the load goes on and is stored', async () => {
    const { cache, calls, time, fire } = byHand(windows);
    cache.set('a', 1);
    time.now = 10;
    const leaver = new AbortController();
    const both = [cache.fetch('a'), cache.fetch('a', { signal: leaver.signal })];
    fire(5);
    expect(await Promise.all(both)).toEqual([1, 1]);
    // Leaving after having been answered stops nothing.
    leaver.abort(new Error('left'));
    expect(calls[0]?.signal().aborted).toBe(false);
    // Who comes while it is late is sent home at once.
    expect(await cache.fetch('a')).toBe(1);
    calls[0]?.resolve(2);
    await turn();
    expect(cache.get('a')).toBe(2);
    expect(calls).toHaveLength(1);
    expect(cache.stats()).toMatchObject({ staleServed: 3, loads: 1, discarded: 0 });
  });

  it('has no effect where nothing may stand in: callers wait on', async () => {
    const { cache, calls, armed, time, fire } = byHand(windows);
    const missing = cache.fetch('a');
    expect(armed.size).toBe(0);
    cache.set('b', 1);
    time.now = 109;
    const old = cache.fetch('b');
    time.now = 110;
    fire(5);
    const late = cache.fetch('b');
    calls[0]?.resolve(7);
    calls[1]?.resolve(8);
    expect(await Promise.all([missing, old, late])).toEqual([7, 8, 8]);
  });

  it('reports a failure that nobody waited for to the end', async () => {
    const told: unknown[] = [];
    const { cache, calls, time, fire } = byHand({ ...windows, onLoadError: (error) => told.push(error) });
    cache.set('a', 1);
    time.now = 10;
    const fetched = cache.fetch('a');
    fire(5);
    expect(await fetched).toBe(1);
    calls[0]?.reject('down');
    await turn();
    expect(told).toEqual(['down']);
  });

  it('lets a late load go on for its own sake, even when a caller who had to wait for it again has left', async () => {
    const told: unknown[] = [];
    const { cache, calls, time, fire } = byHand({ ...windows, max: 1, onLoadError: (error) => told.push(error) });
    cache.set('a', 1);
    time.now = 10;
    const fetched = cache.fetch('a');
    fire(5);
    expect(await fetched).toBe(1);
    cache.set('b', 1);
    const leaver = new AbortController();
    const again = cache.fetch('a', { signal: leaver.signal });
    leaver.abort(new Error('left'));
    await expect(again).rejects.toThrow('left');
    expect(calls[0]?.signal().aborted).toBe(false);
    calls[0]?.reject('down');
    await turn();
    expect(told).toEqual(['down']);
  });

  it('leaves no timer behind, whether the load lands, is written over or is needed no more', async () => {
    const { cache, calls, armed, time } = byHand(windows);
    cache.set('a', 1).set('b', 1).set('c', 1);
    time.now = 10;
    const a = cache.fetch('a');
    const b = cache.fetch('b');
    const leaver = new AbortController();
    const c = cache.fetch('c', { signal: leaver.signal });
    expect(armed.size).toBe(3);
    calls[0]?.resolve(2);
    cache.set('b', 3);
    leaver.abort(new Error('left'));
    expect(await a).toBe(2);
    await expect(c).rejects.toThrow('left');
    expect(armed.size).toBe(0);
    calls[1]?.resolve(4);
    expect([await b, cache.get('b')]).toEqual([4, 3]);
  });

  it('stops a late load whose key is written, since nobody needs it any more', async () => {
    const { cache, calls, time, fire } = byHand(windows);
    cache.set('a', 1);
    time.now = 10;
    const fetched = cache.fetch('a');
    fire(5);
    expect(await fetched).toBe(1);
    cache.set('a', 2);
    expect(calls[0]?.signal().aborted).toBe(true);
  });
});

describe('stale-if-error', () => {
  it('tells onLoadError of a failure in whose place every caller got a stale value', async () => {
    const told: unknown[] = [];
    const { cache, calls, time } = byHand({ ttl: 10, staleIfErrorMs: 10, onLoadError: (error) => told.push(error) });
    cache.set('a', 1);
    time.now = 10;
    const fetched = cache.fetch('a');
    calls[0]?.reject('down');
    expect(await fetched).toBe(1);
    expect(told).toEqual(['down']);
  });

  it('remembers a failure for errorTtlMs even when the value beside it is gone before', async () => {
    const told: string[] = [];
    const { cache, calls, time } = byHand({
      ...{ ttl: 10, staleIfErrorMs: 5, errorTtlMs: 100 },
      onRemove: (value, key, why) => told.push(`${key}:${String(value)}:${why}`),
    });
    cache.set('a', 1);
    time.now = 10;
    const fetched = cache.fetch('a');
    calls[0]?.reject(new Error('down'));
    expect(await fetched).toBe(1);
    expect(cache.state('a')).toBe('stale');
    time.now = 15;
    expect(cache.state('a')).toBe('error');
    await expect(cache.fetch('a')).rejects.toThrow('down');
    expect(told).toEqual(['a:1:expire']);
    time.now = 109;
    await expect(cache.fetch('a')).rejects.toThrow('down');
    expect(calls).toHaveLength(1);
    time.now = 110;
    expect(cache.state('a')).toBe('missing');
    void cache.fetch('a');
    expect(calls).toHaveLength(2);
    expect(told).toHaveLength(1);
  });

  it('keeps absence, and null, beside a remembered failure, and restores them when that is over', async () => {
    const { cache, calls, time } = byHand({ ttl: 100, absentTtlMs: 100, errorTtlMs: 10 });
    const nullable = new LoadingCache<string, null>({
      ...{ max: 10, ttl: 100, errorTtlMs: 10, clock: { now: () => time.now } },
      load: () => Promise.reject(new Error('down')),
    });
    nullable.set('n', null);
    const none = cache.fetch('a');
    calls[0]?.resolve(undefined);
    expect(await none).toBeUndefined();
    const refreshed = cache.fetch('a', { refresh: true });
    calls[1]?.reject(new Error('down'));
    await expect(refreshed).rejects.toThrow('down');
    await expect(nullable.fetch('n', { refresh: true })).rejects.toThrow('down');
    expect([await cache.fetch('a'), cache.state('a'), await nullable.fetch('n')]).toEqual([undefined, 'absent', null]);
    time.now = 10;
    expect([await cache.fetch('a'), cache.state('a'), await nullable.fetch('n')]).toEqual([undefined, 'absent', null]);
    time.now = 99;
    expect([cache.state('a'), nullable.get('n')]).toEqual(['absent', null]);
    time.now = 100;
    expect([cache.state('a'), nullable.state('n'), calls.length]).toEqual(['missing', 'missing', 2]);
  });
});
