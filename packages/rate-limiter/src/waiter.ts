/**
 * Waiters: callers whose units have been promised to a later time, held back until then.
 *
 * The store decided when each starts, so this only keeps time and order. The waiters of one key form a queue, sorted by
 * promised start and, among equals, by arrival; only its head is let go. So a reply that overtook another on its way, or
 * two timers of which the later fires first, cannot change the order. One timer per key that has waiters, none without.
 *
 * Invariants: a queue in the map is not empty; its timer is set for its head or earlier; what is aborted leaves its
 * queue at once, so memory is bounded by the promises that are open, which the limits bound (`burst + rate * wait`).
 */
import type { Clock, Timers } from './environment.ts';

/** The longest delay of `setTimeout`; a longer one would fire at once. */
const DELAY_MAX = 2 ** 31 - 1;

interface Waiter {
  readonly startMs: number;
  readonly dueMs: number;
  readonly start: () => void;
  previous: Waiter | undefined;
  next: Waiter | undefined;
}

interface Queue {
  readonly key: string;
  head: Waiter | undefined;
  tail: Waiter | undefined;
  timer: unknown;
}

export class Waiters {
  private readonly clock: Clock;
  private readonly timers: Timers;
  private readonly queues = new Map<string, Queue>();

  constructor(clock: Clock, timers: Timers) {
    this.clock = clock;
    this.timers = timers;
  }

  /**
   * Resolves when it is `dueMs` by the clock and those of this key that were promised an earlier `startMs` (in the
   * store's time) have been let go. Rejects with the reason of `signal`, after `giveBack`. O(1) when promises arrive in
   * order.
   */
  async hold(
    key: string,
    startMs: number,
    dueMs: number,
    signal: AbortSignal | undefined,
    giveBack: () => void,
  ): Promise<void> {
    let queue = this.queues.get(key);
    if (queue === undefined) {
      if (dueMs <= this.clock()) return;
      queue = { key, head: undefined, tail: undefined, timer: undefined };
      this.queues.set(key, queue);
    }
    await this.enqueue(queue, startMs, dueMs, signal, giveBack);
  }

  private enqueue(
    queue: Queue,
    startMs: number,
    dueMs: number,
    signal: AbortSignal | undefined,
    giveBack: () => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.remove(queue, waiter);
        giveBack();
        reject(signal!.reason as Error);
        this.advance(queue);
      };
      const start = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const waiter: Waiter = { startMs, dueMs, start, previous: undefined, next: undefined };
      insert(queue, waiter);
      signal?.addEventListener('abort', abort, { once: true });
      this.advance(queue);
    });
  }

  /** Lets go whose time has come, and sees to it that the next one's will be noticed. */
  private advance(queue: Queue): void {
    const nowMs = this.clock();
    while (queue.head !== undefined && queue.head.dueMs <= nowMs) {
      const { start } = queue.head;
      this.remove(queue, queue.head);
      start();
    }
    if (queue.timer !== undefined) this.timers.clear(queue.timer);
    queue.timer = undefined;
    if (queue.head === undefined) {
      if (this.queues.get(queue.key) === queue) this.queues.delete(queue.key);
      return;
    }
    // A timer may fire early by this clock: what is not due is armed again.
    const delayMs = Math.min(DELAY_MAX, Math.max(1, Math.ceil(queue.head.dueMs - nowMs)));
    queue.timer = this.timers.set(() => {
      queue.timer = undefined;
      this.advance(queue);
    }, delayMs);
  }

  private remove(queue: Queue, { previous, next }: Waiter): void {
    if (previous === undefined) queue.head = next;
    else previous.next = next;
    if (next === undefined) queue.tail = previous;
    else next.previous = previous;
  }
}

function insert(queue: Queue, waiter: Waiter): void {
  let before = queue.tail;
  while (before !== undefined && before.startMs > waiter.startMs) before = before.previous;
  waiter.previous = before;
  waiter.next = before === undefined ? queue.head : before.next;
  if (waiter.previous === undefined) queue.head = waiter;
  else waiter.previous.next = waiter;
  if (waiter.next === undefined) queue.tail = waiter;
  else waiter.next.previous = waiter;
}
