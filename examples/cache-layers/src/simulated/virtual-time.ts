/**
 * Time that passes only when told to: the clock, the timers and the sleeps of a simulation.
 *
 * `advance` goes from timer to timer and lets every promise that a timer settles run to its end before the clock moves
 * on, so a run is the same each time, and an hour of it takes as long as its work.
 */
import type { Clock, Timers } from '@loadbearing/lru-cache';

export interface VirtualTime extends Clock {
  readonly timers: Timers;
  sleep(ms: number): Promise<void>;
  advance(ms: number): Promise<void>;
}

/** Resolves when all promises that can settle have settled. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function virtualTime(): VirtualTime {
  let now = 0;
  let last = 0;
  const waiting = new Map<number, { readonly atMs: number; readonly run: () => void }>();
  const timers: Timers = {
    set: (run, delayMs) => {
      waiting.set(++last, { atMs: now + delayMs, run });
      return last;
    },
    clear: (handle) => void waiting.delete(handle as number),
  };
  return {
    now: () => now,
    timers,
    sleep: (ms) => new Promise((wake) => void timers.set(wake, ms)),
    advance: async (ms) => {
      const end = now + ms;
      for (;;) {
        let next: number | undefined;
        for (const [handle, { atMs }] of waiting) {
          if (atMs <= end && (next === undefined || atMs < waiting.get(next)!.atMs)) next = handle;
        }
        if (next === undefined) break;
        const { atMs, run } = waiting.get(next)!;
        waiting.delete(next);
        now = Math.max(now, atMs);
        run();
        await settled();
      }
      now = end;
    },
  };
}
