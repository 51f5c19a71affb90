/**
 * Claimer: finds work. Due runs that nobody owns, and runs whose owner's lease has expired.
 *
 * It sleeps until the store says something will be due, a hint arrives, or `pollMs` has passed, whichever is first;
 * hints only make it earlier. One claim is in flight at a time and asks for no more runs than there is room for.
 */
import { isFinal } from './batcher.ts';
import type { SagaStore, StoredRun } from './store.ts';
import type { Clock } from './system.ts';

const CLAIM_MAX = 100;

export interface ClaimerOptions {
  readonly store: SagaStore;
  readonly clock: Clock;
  readonly kinds: readonly string[];
  readonly pollMs: number;
  /** The worker to claim for, or null while its lease is not valid. */
  readonly worker: () => string | null;
  readonly room: () => number;
  readonly onRun: (run: StoredRun, worker: string) => void;
  readonly onFailed: (error: unknown) => void;
}

export class Claimer {
  private readonly options: ClaimerOptions;
  private claiming = false;
  private again = false;
  private stopped = false;
  private cancelNext: (() => void) | undefined;

  constructor(options: ClaimerOptions) {
    this.options = options;
  }

  /** Looks now, or once more if it is just looking. */
  wake(): void {
    if (this.stopped) return;
    if (this.claiming) {
      this.again = true;
      return;
    }
    this.claiming = true;
    this.cancelNext?.();
    void this.loop();
  }

  stop(): void {
    this.stopped = true;
    this.cancelNext?.();
  }

  private async loop(): Promise<void> {
    let sleepMs: number;
    do {
      this.again = false;
      sleepMs = await this.once();
    } while (this.wantsMore(sleepMs));
    // In the same turn as the test above, or a wake in between would be lost.
    this.claiming = false;
    if (!this.stopped) this.cancelNext = this.options.clock.schedule(() => this.wake(), sleepMs);
  }

  private wantsMore(sleepMs: number): boolean {
    return (this.again || sleepMs === 0) && !this.stopped;
  }

  /** Milliseconds to sleep. */
  private async once(): Promise<number> {
    const { store, kinds, pollMs, worker, room, onRun, onFailed } = this.options;
    const by = worker();
    const limit = Math.min(CLAIM_MAX, room());
    if (by === null || limit <= 0) return pollMs;
    try {
      const { runs, nextDueInMs } = await store.claim({ worker: by, kinds, limit });
      // Claimed is claimed: even a stopping worker takes note, and hands them back when it retires.
      for (const run of runs) onRun(run, by);
      if (runs.length > 0) return 0;
      return Math.max(1, Math.min(pollMs, nextDueInMs ?? pollMs));
    } catch (error) {
      if (isFinal(error)) {
        onFailed(error);
        this.stop();
      }
      return pollMs;
    }
  }
}
