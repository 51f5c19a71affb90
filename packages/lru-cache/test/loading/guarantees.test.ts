import { describe, expect, it } from 'vitest';
import { LoadingCache, type LoadingCacheOptions } from '../../src/index.ts';

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
type Call = {
  key: string;
  signal: AbortSignal;
  resolve: (v: number | undefined) => void;
  reject: (e: unknown) => void;
};

function harness(options: Partial<LoadingCacheOptions<string, number>> = {}) {
  const calls: Call[] = [];
  const armed = new Set<() => void>();
  const time = { now: 0 };
  const cache = new LoadingCache<string, number>({
    max: 10,
    ttl: 10,
    clock: { now: () => time.now },
    timers: { set: (run) => (armed.add(run), run), clear: (h) => armed.delete(h as () => void) },
    load: (key, { signal }) => new Promise((resolve, reject) => calls.push({ key, signal, resolve, reject })),
    ...options,
  });
  return { cache, calls, armed, time };
}

describe('LoadingCache', () => {
  it('loads once for a thousand concurrent callers, and fails once for all of them', async () => {
    const { cache, calls } = harness();
    const all = Promise.all(Array.from({ length: 1000 }, () => cache.fetch('a')));
    calls[0]?.resolve(7);
    expect(new Set(await all)).toEqual(new Set([7]));
    const failing = Promise.allSettled(Array.from({ length: 1000 }, () => cache.fetch('b')));
    calls[1]?.reject(new Error('down'));
    expect((await failing).every((r) => r.status === 'rejected')).toBe(true);
    expect(cache.stats()).toMatchObject({ loads: 2, loadFailures: 1, joined: 1998 });
  });

  it('delivers a detached result to its waiters and does not store it', async () => {
    const { cache, calls } = harness();
    const waiting = cache.fetch('a');
    cache.delete('a');
    const next = cache.fetch('a');
    calls[0]?.resolve(1);
    expect(await waiting).toBe(1);
    expect(cache.has('a')).toBe(false);
    calls[1]?.resolve(2);
    expect(await next).toBe(2);
    expect(cache.get('a')).toBe(2);
    expect(cache.stats().discarded).toBe(1);
  });

  it('aborts the load when the last waiter leaves and not before', async () => {
    const { cache, calls } = harness();
    const [one, two] = [new AbortController(), new AbortController()];
    const both = Promise.allSettled([
      cache.fetch('a', { signal: one.signal }),
      cache.fetch('a', { signal: two.signal }),
    ]);
    one.abort(new Error('one'));
    expect(calls[0]?.signal.aborted).toBe(false);
    two.abort(new Error('two'));
    expect(calls[0]?.signal.aborted).toBe(true);
    expect((await both).map((r) => r.status)).toEqual(['rejected', 'rejected']);
  });

  it('serves stale at once within staleWhileRevalidateMs and refreshes behind', async () => {
    const { cache, calls, time } = harness({ staleWhileRevalidateMs: 5 });
    cache.set('a', 1);
    time.now = 10;
    expect(cache.get('a')).toBeUndefined();
    expect(await cache.fetch('a')).toBe(1);
    calls[0]?.resolve(2);
    await turn();
    expect(await cache.fetch('a')).toBe(2);
    time.now = 25;
    void cache.fetch('a');
    expect(calls).toHaveLength(2);
  });

  it('serves stale within staleIfErrorMs only if the load fails, and asks again after errorTtlMs', async () => {
    const { cache, calls, time } = harness({ staleIfErrorMs: 50, errorTtlMs: 5 });
    cache.set('a', 1);
    time.now = 10;
    const first = cache.fetch('a');
    calls[0]?.reject(new Error('down'));
    expect(await first).toBe(1);
    expect(await cache.fetch('a')).toBe(1);
    expect(calls).toHaveLength(1);
    time.now = 15;
    const second = cache.fetch('a');
    calls[1]?.resolve(2);
    expect(await second).toBe(2);
  });

  it('remembers absence and failure for their ttl and shows neither', async () => {
    const { cache, calls, time } = harness({ absentTtlMs: 3, errorTtlMs: 3 });
    const none = cache.fetch('a');
    const bad = cache.fetch('b');
    calls[0]?.resolve(undefined);
    calls[1]?.reject(new Error('down'));
    expect(await none).toBeUndefined();
    await expect(bad).rejects.toThrow('down');
    expect(await cache.fetch('a')).toBeUndefined();
    await expect(cache.fetch('b')).rejects.toThrow('down');
    expect([cache.state('a'), cache.state('b'), [...cache.entries()]]).toEqual(['absent', 'error', []]);
    time.now = 3;
    void cache.fetch('a');
    void cache.fetch('b');
    expect(calls).toHaveLength(4);
  });

  it('starts the ttl when the load completes', async () => {
    const { cache, calls, time } = harness();
    const slow = cache.fetch('a');
    time.now = 100;
    calls[0]?.resolve(1);
    await slow;
    time.now = 109;
    expect(cache.get('a')).toBe(1);
    time.now = 110;
    expect(cache.get('a')).toBeUndefined();
  });

  it('frees the place of a load that ignores its time-out, in order, and refuses beyond the queue', async () => {
    const { cache, calls, armed } = harness({ timeoutMs: 5, maxConcurrentLoads: 1, maxQueuedLoads: 1 });
    const a = cache.fetch('a');
    const b = cache.fetch('b');
    await expect(cache.fetch('c')).rejects.toMatchObject({ code: 'LOAD_QUEUE_FULL' });
    expect(calls.map((c) => c.key)).toEqual(['a']);
    for (const run of [...armed]) run();
    await expect(a).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' });
    expect(calls.map((c) => c.key)).toEqual(['a', 'b']);
    calls[0]?.resolve(1);
    calls[1]?.resolve(2);
    expect(await b).toBe(2);
    expect(cache.has('a')).toBe(false);
  });
});
