/**
 * Time as an argument.
 *
 * The log asks for the time (default timestamps, the length of a recovery) and for one thing later (the sync of mode
 * `interval`). Both come from here, so that a test decides when it is what time, and no test has to wait.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `fn` once, `ms` milliseconds from now; the returned function cancels it. */
  schedule(fn: () => void, ms: number): () => void;
}

/** The clock of the machine. A pending timer does not keep a Node process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule: (fn, ms) => {
    const timer: unknown = setTimeout(fn, ms);
    // Browsers hand out a number here, Node an object that can be told not to hold the process.
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
};
