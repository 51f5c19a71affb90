/**
 * The removal queue: who is told of values that left, when the state is complete again, in the order in which they left.
 *
 * A callback may call the cache; what that removes is told after what is being told. If callbacks throw, all are still
 * called and the first error is thrown on. The queue is emptied batch by batch, so it holds no more than one callback's
 * consequences beside what is being told.
 */
import type { RemovalReason } from './types.ts';

interface Removal<K, V> {
  readonly value: V;
  readonly key: K;
  readonly reason: RemovalReason;
}

export class RemovalQueue<K, V> {
  declare private readonly tell: (value: V, key: K, reason: RemovalReason) => void;
  private waiting: Removal<K, V>[] = [];
  private telling = false;

  constructor(tell: (value: V, key: K, reason: RemovalReason) => void) {
    this.tell = tell;
  }

  push(value: V, key: K, reason: RemovalReason): void {
    this.waiting.push({ value, key, reason });
  }

  deliver(): void {
    if (this.telling || this.waiting.length === 0) return;
    this.telling = true;
    const { tell } = this;
    const errors: unknown[] = [];
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      for (const { value, key, reason } of batch) {
        try {
          tell(value, key, reason);
        } catch (error) {
          // Only the first is thrown on: a callback that always throws must not fill the memory with its errors.
          if (errors.length === 0) errors.push(error);
        }
      }
    }
    this.telling = false;
    if (errors.length > 0) throw errors[0];
  }
}
