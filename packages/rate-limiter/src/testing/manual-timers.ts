/**
 * Time moved by hand: a clock, and timers that go off by it.
 *
 * What falls due is called in order of time and, among equals, in the order in which it was set. Each call is a turn of
 * its own, as in an event loop: the promises that it settles, and what is chained to them, run before the next one. A
 * timer of 0 ms set meanwhile goes off at the same time, after a turn.
 */
import type { Timers } from '../environment.ts';
import { manualClock, type ManualClock } from './manual-clock.ts';

export interface ManualTimers extends Timers {
  /** Pass it as `clock`. Moved directly, it lets time pass without a timer going off. */
  readonly clock: ManualClock;
  /** Timers set and not yet gone off. */
  readonly pending: number;
  /** Moves time by so many milliseconds, 0 for what is due already. Resolves when all has been called that fell due. */
  advance(ms: number): Promise<void>;
}

interface Timer {
  readonly fn: () => void;
  readonly atMs: number;
  readonly order: number;
}

/** @example `const timers = manualTimers(); createLimiter({ limits, store, timers, clock: timers.clock });` */
export function manualTimers(startMs: number = 0): ManualTimers {
  const clock = manualClock(startMs);
  const timers = new Set<Timer>();
  let order = 0;
  const nextBy = (byMs: number): Timer | undefined => {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.atMs > byMs) continue;
      if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  };
  return {
    clock,
    get pending() {
      return timers.size;
    },
    set(fn, delayMs) {
      const timer: Timer = { fn, atMs: clock() + Math.max(0, delayMs), order: order++ };
      timers.add(timer);
      return timer;
    },
    clear(handle) {
      timers.delete(handle as Timer);
    },
    async advance(ms) {
      const untilMs = clock() + ms;
      await turn();
      for (let timer = nextBy(untilMs); timer !== undefined; timer = nextBy(untilMs)) {
        timers.delete(timer);
        clock.set(Math.max(clock(), timer.atMs));
        timer.fn();
        await turn();
      }
      clock.set(Math.max(clock(), untilMs));
    },
  };
}

/** Ends when no promise reaction is left to run. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
