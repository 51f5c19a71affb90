/**
 * The only file that touches the outside world: clock, timers, randomness.
 *
 * Globals are looked up at each call, so that a test's fake timers work. Timers are unref'ed where the runtime has that
 * notion: nothing here keeps a finished program alive.
 *
 * `systemClock` is coarse, because asking the system costs half a cache hit. It keeps a reading until a timer of 1 ms
 * fires, or for 32 reads where the program is too busy for timers (or a browser has slowed those of a hidden page), or
 * until somebody has put another `setTimeout` in place, as fake timers do. So it may lag: 1 ms in a program that
 * returns to its event loop, 32 reads in one that does not. It is never early. Do not time work with it; `exactClock` is
 * for that. Its reading is the one thing kept at module level: two copies of the package keep one each, and agree.
 */
import type { Clock, Timers } from './types.ts';

const readsMost = 32;
let reading = 0;
let readsLeft = 0;
/** The `setTimeout` whose timer will end the reading. */
let armedBy: typeof setTimeout | undefined;

export const exactClock: Clock = { now: () => performance.now() };

export const systemClock: Clock = {
  now: () => (readsLeft > 0 && armedBy === setTimeout ? (readsLeft--, reading) : read()),
};

function read(): number {
  reading = performance.now();
  if (armedBy !== setTimeout) {
    armedBy = setTimeout;
    systemTimers.set(lapse, 1);
  }
  readsLeft = readsMost - 1;
  return reading;
}

function lapse(): void {
  armedBy = undefined;
}

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
