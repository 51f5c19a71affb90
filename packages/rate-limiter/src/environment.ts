/**
 * The only file that touches the outside world: the clock, timers and randomness.
 *
 * The clock is monotonic, so a wall clock that is set back cannot stop or refill anybody's quota. All are looked up
 * at each call, so that a test's fake timers work.
 */

/** Milliseconds; the origin is arbitrary. A limiter rounds down to whole milliseconds. */
export type Clock = () => number;

export const systemClock: Clock = () => performance.now();

/** Milliseconds since 1970, for what is written for others to read; nothing is decided by it. */
export const systemWallClock: Clock = () => Date.now();

export const systemRandom = (): number => Math.random();

/** Calls back later: what `setTimeout` and `clearTimeout` do. */
export interface Timers {
  /** Calls `fn` once, after `delayMs` in 0..2^31-1; 0 = after what has already arrived by now has been handled. */
  set(fn: () => void, delayMs: number): unknown;
  /** Forgets a call that has not been made. */
  clear(handle: unknown): void;
}

interface Host {
  setTimeout(fn: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
  setImmediate?: (fn: () => void) => object;
  clearImmediate?: (handle: unknown) => void;
}

const host = globalThis as unknown as Host;
const immediates = new WeakSet<object>();

/**
 * In Node a timer of 0 ms is one of 1 ms, and may run before the sockets are read if the callbacks in front of it take
 * that long. `setImmediate` runs after they were read, so it is used for 0 where it exists.
 */
export const systemTimers: Timers = {
  set(fn, delayMs) {
    if (delayMs > 0 || host.setImmediate === undefined) return host.setTimeout(fn, delayMs);
    const handle = host.setImmediate(fn);
    immediates.add(handle);
    return handle;
  },
  clear(handle) {
    if (typeof handle === 'object' && handle !== null && immediates.has(handle)) host.clearImmediate?.(handle);
    else host.clearTimeout(handle);
  },
};
