/**
 * The only file that touches the outside world: clock, timers, randomness.
 *
 * Globals are looked up at each call, so that a test's fake timers work, and nothing is kept at
 * module level, so that an ESM and a CommonJS copy of the package can live in one process.
 * Timers are unref'ed where the runtime has that notion: a pending time-out of a load must not
 * keep a finished program alive.
 */
import type { Clock, Timers } from './types.ts';

export const systemClock: Clock = { now: () => performance.now() };

export const systemTimers: Timers = {
  set(run: () => void, delayMs: number): unknown {
    const handle: unknown = setTimeout(run, delayMs);
    // Node answers an object, browsers a number.
    if (typeof handle === 'object') (handle as { unref?: () => void } | null)?.unref?.();
    return handle;
  },
  clear(handle: unknown): void {
    clearTimeout(handle as Parameters<typeof clearTimeout>[0]);
  },
};

export const systemRandom = (): number => Math.random();
