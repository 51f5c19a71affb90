/**
 * Deadlines: of many calls that all have equally long, those that have taken too long.
 *
 * Since all have equally long, they run out in the order in which they began: a queue, and one timer for its head.
 *
 * What has run out is given one more turn. After a long turn of the event loop, timers run before the sockets are read,
 * so an answer may already be there, unread: without this, a busy process would take its own slowness for the store's.
 *
 * Invariants: the queue is sorted by `dueMs`; while it is not empty one timer is set, for its head; else none.
 */
import type { Clock, Timers } from './environment.ts';

/** One call under way. */
export interface Deadline {
  readonly dueMs: number;
  readonly expire: () => void;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  pending: boolean;
}

export class Deadlines {
  private readonly afterMs: number;
  private readonly clock: Clock;
  private readonly timers: Timers;
  private head: Deadline | undefined;
  private tail: Deadline | undefined;
  private timer: unknown;

  constructor(afterMs: number, clock: Clock, timers: Timers) {
    this.afterMs = afterMs;
    this.clock = clock;
    this.timers = timers;
  }

  /** Calls `expire` once, after the deadline, unless it was met before. O(1). */
  add(expire: () => void): Deadline {
    const deadline: Deadline = {
      dueMs: this.clock() + this.afterMs,
      expire,
      previous: this.tail,
      next: undefined,
      pending: true,
    };
    if (this.tail === undefined) this.head = deadline;
    else this.tail.next = deadline;
    this.tail = deadline;
    if (this.head === deadline) this.arm(this.afterMs);
    return deadline;
  }

  /** The call was answered. O(1). */
  meet(deadline: Deadline): void {
    this.remove(deadline);
    // Whoever comes next is due later: the timer may go off early, but not stay when there is nobody.
    if (this.head === undefined) this.disarm();
  }

  private arm(delayMs: number): void {
    this.timer = this.timers.set(() => this.look(), Math.max(1, Math.ceil(delayMs)));
  }

  private disarm(): void {
    if (this.timer !== undefined) this.timers.clear(this.timer);
    this.timer = undefined;
  }

  /** The timer went off. */
  private look(): void {
    this.timer = undefined;
    if (this.head === undefined) return;
    const nowMs = this.clock();
    if (this.head.dueMs > nowMs) this.arm(this.head.dueMs - nowMs);
    else this.timer = this.timers.set(() => this.giveUp(nowMs), 0);
  }

  /** The turn after: whoever was due when the timer went off, and still is, will not be waited for. */
  private giveUp(dueMs: number): void {
    this.timer = undefined;
    while (this.head !== undefined && this.head.dueMs <= dueMs) {
      const { head } = this;
      this.remove(head);
      head.expire();
    }
    if (this.head !== undefined && this.timer === undefined) this.arm(this.head.dueMs - this.clock());
  }

  private remove(deadline: Deadline): void {
    const { previous, next } = deadline;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.tail = previous;
    else next.previous = previous;
    deadline.pending = false;
  }
}
