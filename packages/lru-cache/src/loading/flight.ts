/**
 * Flight: one load on its way, and everybody who waits for it.
 *
 * A flight lives beside the store and not in a slot, so eviction cannot touch it. Each waiter has
 * a promise of its own: a caller's AbortSignal rejects that caller alone, and the load's signal
 * aborts when the last waiter has left (reference counting). A background refresh counts as a
 * waiter that never leaves.
 *
 * `attached` says whether the result may still be stored. `set`, `delete` and `clear` detach the
 * key's flight: those who wait get its result, the cache does not, so a load begun before an
 * invalidation can never bring the old value back.
 *
 * Invariant: a waiter is in the set exactly as long as its promise is pending.
 */
export interface Waiter<V> {
  readonly settle: (outcome: Outcome<V>) => void;
}

export type Outcome<V> =
  { readonly ok: true; readonly value: V | undefined } | { readonly ok: false; readonly error: unknown };

export class Flight<V> {
  readonly controller: AbortController = new AbortController();
  readonly waiters: Set<Waiter<V>> = new Set();
  readonly background: boolean;
  attached = true;
  done = false;

  constructor(background: boolean) {
    this.background = background;
  }

  /** `onEmpty` runs when this caller's abort leaves a foreground load without waiters. */
  wait(signal: AbortSignal | undefined, onEmpty: (reason: unknown) => void): Promise<V | undefined> {
    return new Promise((resolve, reject) => {
      // A loader may reject with anything; it is passed on as it came.
      const fail: (error: Error) => void = reject;
      const leave = (): void => {
        this.waiters.delete(waiter);
        signal?.removeEventListener('abort', leave);
        reject(signal?.reason as Error);
        if (this.waiters.size === 0 && !this.background) onEmpty(signal?.reason);
      };
      const waiter: Waiter<V> = {
        settle: (outcome) => {
          signal?.removeEventListener('abort', leave);
          if (outcome.ok) resolve(outcome.value);
          else fail(outcome.error as Error);
        },
      };
      this.waiters.add(waiter);
      signal?.addEventListener('abort', leave);
    });
  }

  settleAll(outcome: Outcome<V>): void {
    const waiters = [...this.waiters];
    this.waiters.clear();
    for (const waiter of waiters) waiter.settle(outcome);
  }
}
