/**
 * Sheds by how long the event loop's turn has lasted already. Experimental: nothing uses it unless you do.
 *
 * When a server is short of CPU, the requests of one turn wait for each other, and a limit on those under way sees
 * nothing: each handler runs from start to end before the next one starts. The first call in a turn remembers the time;
 * calls in the same turn that come more than `budgetMs` later are told to shed. Delay of the loop says nothing about
 * waiting for a pool or for I/O: use `aimd` for that.
 */
import { systemClock, type Clock } from '../environment.ts';
import { requireNumber } from './check.ts';

export interface TurnShedderOptions {
  /** How long a turn may have lasted for a request to be taken on, 1..60,000 ms. */
  readonly budgetMs: number;
  /** Default: monotonic time. */
  readonly clock?: Clock;
  /** Runs a function when this turn is over: `setImmediate` in Node. A microtask is too early. */
  readonly defer: (fn: () => void) => void;
}

export interface TurnShedder {
  /** Whether to refuse the request that is about to be handled. O(1). */
  shouldShed(): boolean;
}

/** @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed */
export function createTurnShedder({ budgetMs, clock = systemClock, defer }: TurnShedderOptions): TurnShedder {
  requireNumber('budgetMs', budgetMs, 1, 60_000);
  if (typeof defer !== 'function') throw new TypeError(`defer must be a function; got ${typeof defer}`);
  let sinceMs: number | undefined;
  return {
    shouldShed() {
      if (sinceMs !== undefined) return clock() - sinceMs > budgetMs;
      sinceMs = clock();
      defer(() => {
        sinceMs = undefined;
      });
      return false;
    },
  };
}
