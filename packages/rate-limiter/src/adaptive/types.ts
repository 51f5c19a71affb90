/**
 * The words of concurrency limiting, after Netflix's concurrency-limits: a permit is the right to work on one request,
 * and its release says how that went, which is what an adaptive limit learns from.
 */

/** The right to work on one request. */
export interface Permit {
  /**
   * Gives it back; the first call counts, further ones do nothing. 'ok' (default): the time since it was given is a
   * sample. 'dropped': the work timed out or was refused further down, so there is too much of it. 'ignored': says
   * nothing about the load, for example a request that was answered without work.
   */
  release(outcome?: 'ok' | 'dropped' | 'ignored'): void;
}

/** Bounds the requests that are under way at once, and lets those of a higher class go first. */
export interface ConcurrencyLimiter {
  /** A permit now, or undefined. `priority` 0 (default) is the highest class. O(1). */
  tryAcquire(priority?: number): Permit | undefined;
  /** A permit now or after waiting in the queue; undefined when shed. Rejects with the reason of `signal`. */
  acquire(options?: { priority?: number; signal?: AbortSignal }): Promise<Permit | undefined>;
  /** How many may be under way now. */
  readonly limit: number;
  readonly inFlight: number;
  readonly queued: number;
}
