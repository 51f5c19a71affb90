/** Time by hand: a clock that stands still until it is moved, and timers that fire when it passes them. */
import type { Clock, Timers } from '../../src/types.ts';

export class World implements Clock, Timers {
  private time: number;
  private armed: { readonly run: () => void; readonly due: number } | undefined;
  /** How often a timer was set, and has fired. */
  sets = 0;
  fired = 0;

  constructor(time: number = 0) {
    this.time = time;
  }

  now(): number {
    return this.time;
  }

  get timersArmed(): number {
    return this.armed === undefined ? 0 : 1;
  }

  set(run: () => void, delayMs: number): unknown {
    if (this.armed !== undefined) throw new Error('a second timer was set');
    if (!Number.isInteger(delayMs) || delayMs < 1 || delayMs > 2 ** 31 - 1) throw new Error(`a delay of ${delayMs}`);
    this.sets++;
    this.armed = { run, due: this.time + delayMs };
    return this.armed;
  }

  clear(handle: unknown): void {
    if (handle === undefined || handle !== this.armed) throw new Error('a timer was cleared that is not armed');
    this.armed = undefined;
  }

  /** Lets time pass; every timer fires at its time. */
  advance(ms: number): void {
    const until = this.time + ms;
    while (this.armed !== undefined && this.armed.due <= until) {
      const { run, due } = this.armed;
      this.time = Math.max(this.time, due);
      this.armed = undefined;
      this.fired++;
      run();
    }
    this.time = until;
  }

  /** Lets time pass as it does while the program is busy: no timer fires until it is over. */
  block(ms: number): void {
    this.time += ms;
  }
}
