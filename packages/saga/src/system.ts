/**
 * The only place that reads the time of the machine, sets its timers or draws its randomness.
 *
 * Everything else is given a Clock and a random function, so a test or simulation decides what time it is. `now` is
 * the wall clock and may jump; `monotonic` never goes back and is what durations are measured with. `schedule` takes
 * any delay: setTimeout fires at once for more than 2^31 - 1 ms, so longer delays are armed again on the way.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonic(): number;
  /** Calls `fn` once, after `ms`, unless the returned function is called before. */
  schedule(fn: () => void, ms: number): () => void;
}

const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: (fn, ms) => {
    let rest = Math.max(0, ms);
    let timer: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      const part = Math.min(rest, TIMER_MS_MAX);
      rest -= part;
      timer = setTimeout(() => {
        if (rest > 0) arm();
        else fn();
      }, part);
    };
    arm();
    return () => {
      clearTimeout(timer);
    };
  },
};

export const systemRandom = (): number => Math.random();
