/**
 * Waiters: those who wait for something to change about a run.
 *
 * A waiter registers before it looks at the store, so a change between the look and the wait is not missed. Hints may
 * be lost: where the run is not in this process, waiting ends after the poll interval in any case.
 */
import type { RunState } from './evolve.ts';
import type { Clock } from './system.ts';

export interface Change {
  /** Resolves at the change, with the state if it is known; after `pollMs` (null: never); rejects when aborted. */
  wait(clock: Clock, pollMs: number | null, signal: AbortSignal | undefined): Promise<RunState | null>;
  forget(): void;
}

type Wake = (state: RunState | null) => void;

export class Waiters {
  private readonly byRun = new Map<string, Set<Wake>>();

  next(id: string): Change {
    let resolve: Wake = () => undefined;
    const changed = new Promise<RunState | null>((r) => {
      resolve = r;
    });
    const wake: Wake = (state) => resolve(state);
    const set = this.byRun.get(id) ?? new Set();
    this.byRun.set(id, set.add(wake));
    return {
      wait: async (clock, pollMs, signal) => {
        if (pollMs === null && signal === undefined) return changed;
        signal?.throwIfAborted();
        const cancel = pollMs === null ? undefined : clock.schedule(() => resolve(null), pollMs);
        const onAbort = (): void => resolve(null);
        signal?.addEventListener('abort', onAbort);
        try {
          const state = await changed;
          signal?.throwIfAborted();
          return state;
        } finally {
          cancel?.();
          signal?.removeEventListener('abort', onAbort);
        }
      },
      forget: () => {
        set.delete(wake);
        if (set.size === 0 && this.byRun.get(id) === set) this.byRun.delete(id);
      },
    };
  }

  wake(id: string, state: RunState | null): void {
    for (const wake of this.byRun.get(id) ?? []) wake(state);
  }

  wakeAll(): void {
    for (const set of this.byRun.values()) for (const wake of set) wake(null);
  }
}
