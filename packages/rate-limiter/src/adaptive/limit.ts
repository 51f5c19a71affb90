/**
 * What decides how many requests may be under way: a state, and a function from a state and a sample to the next state.
 *
 * It holds no clock and no counters, so an algorithm can be read, replayed and tested alone; the limiter keeps the
 * state. The words are those of Netflix's concurrency-limits.
 */

/** What one finished request tells. */
export interface Sample {
  /** When it finished. */
  readonly nowMs: number;
  /** From the permit to its release. */
  readonly latencyMs: number;
  /** How many were under way when it finished, itself included. */
  readonly inFlight: number;
  /** It timed out or was refused further down. */
  readonly dropped: boolean;
}

export interface LimitState {
  /** At least 1. A fraction is kept, so that steps below 1 add up; the limiter admits whole requests. */
  readonly limit: number;
}

/** An algorithm that finds the limit: {@link fixedLimit}, {@link aimd}, or one of your own. */
export interface ConcurrencyLimit<S extends LimitState = LimitState> {
  readonly initial: S;
  next(state: S, sample: Sample): S;
}
