/**
 * Gate: how many loads may run at once, and how many may wait for their turn.
 *
 * A place is taken by `enter` and given back by `leave`; a task that finds no place waits in
 * arrival order, and one that finds no room to wait is refused, so the queue has a bound. A
 * waiting task may give up its turn with `cancel`.
 *
 * Invariant: running <= limit, and waiting > 0 only while running = limit.
 */
export class Gate {
  declare private readonly limit: number;
  declare private readonly room: number;
  private running = 0;
  /** A Set keeps insertion order and lets a waiter leave from the middle in O(1). */
  private readonly waiting = new Set<() => void>();

  constructor(limit: number, room: number) {
    this.limit = limit;
    this.room = room;
  }

  /** Whether one more task would be refused. */
  get full(): boolean {
    return this.running >= this.limit && this.waiting.size >= this.room;
  }

  /** Runs the task now or in its turn; false = refused. */
  enter(task: () => void): boolean {
    if (this.full) return false;
    if (this.running < this.limit) {
      this.running++;
      task();
    } else {
      this.waiting.add(task);
    }
    return true;
  }

  leave(): void {
    for (const task of this.waiting) {
      // The place passes from hand to hand, so nobody can slip in between.
      this.waiting.delete(task);
      task();
      return;
    }
    this.running--;
  }

  cancel(task: () => void): void {
    this.waiting.delete(task);
  }
}
