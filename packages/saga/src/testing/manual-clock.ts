/**
 * A clock that stands still until it is told to move.
 *
 * `advance` fires the timers that come due in their order, each at its own time, so a timer that sets another one
 * within the span sees it fired too. What handlers do asynchronously after a timer is theirs to wait for.
 */
import type { Clock } from '../system.ts';

export interface ManualClock extends Clock {
  /** Moves the time and fires what is due, in order. */
  advance(ms: number): void;
}

/**
 * @param startMs the time it begins with
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { manualClock } from '@loadbearing/saga/testing';
 * const clock = manualClock();
 * let rang = 0;
 * clock.schedule(() => rang++, 1000);
 * clock.advance(999);
 * assert.equal(rang, 0);
 * clock.advance(1);
 * assert.equal(rang, 1);
 * ```
 */
export function manualClock(startMs: number = 1_700_000_000_000): ManualClock {
  // Counted from 0: near the epoch's 1.7e12 a fraction of a millisecond is lost, and a timer could fire for ever.
  let nowMs = 0;
  let order = 0;
  const timers = new Map<number, { readonly atMs: number; readonly fn: () => void }>();
  return {
    now: () => startMs + nowMs,
    monotonic: () => nowMs,
    schedule: (fn, ms) => {
      const id = order++;
      timers.set(id, { atMs: nowMs + Math.max(0, ms), fn });
      return () => {
        timers.delete(id);
      };
    },
    advance: (ms) => {
      const untilMs = nowMs + ms;
      for (;;) {
        let first: [number, { readonly atMs: number; readonly fn: () => void }] | undefined;
        for (const timer of timers) {
          if (timer[1].atMs <= untilMs && (first === undefined || timer[1].atMs < first[1].atMs)) first = timer;
        }
        if (first === undefined) break;
        timers.delete(first[0]);
        nowMs = Math.max(nowMs, first[1].atMs);
        first[1].fn();
      }
      nowMs = untilMs;
    },
  };
}
