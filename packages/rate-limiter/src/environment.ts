/**
 * The only file that touches the outside world: the clock and randomness.
 *
 * The clock is monotonic, so a wall clock that is set back cannot stop or refill anybody's quota. Both are looked up
 * at each call, so that a test's fake timers work.
 */

/** Milliseconds; the origin is arbitrary. A limiter rounds down to whole milliseconds. */
export type Clock = () => number;

export const systemClock: Clock = () => performance.now();

export const systemRandom = (): number => Math.random();
