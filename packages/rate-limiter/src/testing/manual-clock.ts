/** A clock that moves only when told to. */
export interface ManualClock {
  (): number;
  /** Moves by so many milliseconds; a negative number steps back. */
  advance(ms: number): void;
  /** Moves to this time. */
  set(ms: number): void;
}

/** @example `const clock = manualClock(); createLimiter({ limits, clock }); clock.advance(1000);` */
export function manualClock(startMs: number = 0): ManualClock {
  let nowMs = startMs;
  return Object.assign(() => nowMs, {
    advance(ms: number): void {
      nowMs += ms;
    },
    set(ms: number): void {
      nowMs = ms;
    },
  });
}
