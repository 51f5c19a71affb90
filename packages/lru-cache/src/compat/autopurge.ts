/**
 * `ttlAutopurge`: stale entries go when their time comes, by one timer for the whole cache.
 *
 * lru-cache arms a timer per entry; here all stand in a timing wheel with ticks of 1 ms. An entry is looked at when its
 * ttl and 1 ms more have passed since it was set: stale means older than the ttl, not as old. If it was used
 * meanwhile, and its age restarted, it is looked at again when what is left by then has passed.
 */
import { systemTimers } from '../environment.ts';
import { timingWheel } from '../expiry/timing-wheel.ts';
import type { Clock, Expirer } from '../types.ts';

export class Autopurge {
  private readonly wheel: Expirer = timingWheel({ tickMs: 1, timers: systemTimers });
  declare private readonly clock: Clock;
  private readonly deadlines: number[] = [];
  private slots = 16;

  /** `due` is called with a slot whose time has come; it may schedule the slot again. */
  constructor(clock: Clock, due: (slot: number) => void) {
    this.clock = clock;
    this.wheel.attach({ clock, deadlineOf: (slot) => this.deadlines[slot] ?? Infinity, expire: due });
    this.wheel.grow(this.slots);
  }

  /** A delay that is not finite is never over. */
  schedule(slot: number, delayMs: number): void {
    while (slot > this.slots) this.wheel.grow((this.slots *= 2));
    if (!Number.isFinite(delayMs)) {
      this.cancel(slot);
      return;
    }
    while (this.deadlines.length < slot) this.deadlines.push(Infinity);
    const deadline = this.clock.now() + delayMs;
    this.deadlines[slot] = deadline;
    this.wheel.schedule(slot, deadline);
  }

  cancel(slot: number): void {
    if (slot <= this.slots) this.wheel.cancel(slot);
  }
}
