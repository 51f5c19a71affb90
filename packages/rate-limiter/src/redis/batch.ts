/**
 * A batch: what is asked in one turn of the event loop goes out as one call.
 *
 * Nothing waits for a timer: a batch leaves when it is full, or else at the end of the turn, after the sockets that have
 * something were read, since what arrived there is what makes callers ask again. The order of the items is kept, within
 * a batch and between batches. At most `most` items are held.
 */
import { systemTimers } from '../environment.ts';

export class Batch<T> {
  private items: T[] = [];
  private isDue = false;
  private readonly most: number;
  private readonly send: (items: readonly T[]) => void;

  constructor(most: number, send: (items: readonly T[]) => void) {
    this.most = most;
    this.send = send;
  }

  add(item: T): void {
    this.items.push(item);
    if (this.items.length >= this.most) {
      this.flush();
    } else if (!this.isDue) {
      this.isDue = true;
      systemTimers.set(() => {
        this.isDue = false;
        this.flush();
      }, 0);
    }
  }

  private flush(): void {
    const { items } = this;
    if (items.length === 0) return;
    this.items = [];
    this.send(items);
  }
}
