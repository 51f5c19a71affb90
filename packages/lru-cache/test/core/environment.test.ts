import { afterEach, describe, expect, it, vi } from 'vitest';
import { LruCache } from '../../src/index.ts';
import { systemClock, systemTimers } from '../../src/environment.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('systemClock', () => {
  it('asks the system once in 32 reads', () => {
    vi.useFakeTimers();
    const asked = vi.spyOn(performance, 'now');
    const first = systemClock.now();
    for (let i = 1; i < 32; i++) expect(systemClock.now()).toBe(first);
    expect(asked).toHaveBeenCalledTimes(1);
    systemClock.now();
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('asks again when a millisecond has passed, with one timer at a time', () => {
    vi.useFakeTimers();
    const first = systemClock.now();
    for (let i = 0; i < 100; i++) systemClock.now();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(5);
    expect(systemClock.now()).toBe(first + 5);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('believes fake timers from the moment they are in place, and the real ones after', () => {
    systemClock.now();
    vi.useFakeTimers({ now: 0 });
    vi.setSystemTime(0);
    const cache = new LruCache<string, number>({ max: 2, ttl: 1000 }).set('a', 1);
    vi.advanceTimersByTime(999);
    expect(cache.get('a')).toBe(1);
    vi.advanceTimersByTime(1);
    expect(cache.get('a')).toBeUndefined();
    const faked = systemClock.now();
    vi.advanceTimersByTime(1e9);
    vi.useRealTimers();
    const real = systemClock.now();
    expect(Math.abs(real - performance.now())).toBeLessThan(1e8);
    expect(real).not.toBe(faked + 1e9);
  });

  it('does not keep a program alive', () => {
    const handle = systemTimers.set(() => undefined, 1e6) as { hasRef(): boolean };
    expect(handle.hasRef()).toBe(false);
    systemTimers.clear(handle);
  });

  it('does not need timers that can be unref’ed, as those of browsers', () => {
    vi.spyOn(globalThis, 'setTimeout').mockReturnValue(7 as never);
    expect(systemTimers.set(() => undefined, 1)).toBe(7);
  });
});
