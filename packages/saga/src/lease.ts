/**
 * Lease: one per worker, not one per run.
 *
 * It is renewed every third of its length. An expired lease cannot be renewed; the worker comes back under a new
 * incarnation. Each answer carries the store's time: `storeNow` is that time plus what has passed on the monotonic
 * clock since the answer *arrived*, hence never ahead of the store, while the lease is counted from when the request
 * was *sent*, hence never longer than the store's. No wall clock of a worker is read.
 *
 * When two thirds have passed without an answer the worker stops by itself. Safety never depends on it (the journal's
 * fence is what protects a run); it spares the participants a second caller.
 */
import { isFinal } from './batcher.ts';
import type { SagaStore, StoredMail } from './store.ts';
import type { Clock } from './system.ts';

export interface LeaseOptions {
  readonly store: SagaStore;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly incarnation: () => string;
  readonly onMail: (mail: readonly StoredMail[]) => void;
  /** The worker must drop everything it does; a new incarnation is coming. */
  readonly onLost: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class Lease {
  worker: string;
  private readonly options: LeaseOptions;
  private readonly soleMs: number;
  private sentMs = -Infinity;
  private storeMs = 0;
  private arrivedMs = 0;
  private renewing: Promise<void> | null = null;
  private again = false;
  private stopped = false;
  private cancelNext: (() => void) | undefined;
  private cancelFence: (() => void) | undefined;

  constructor(options: LeaseOptions) {
    this.options = options;
    this.worker = options.incarnation();
    this.soleMs = Math.floor((options.leaseMs * 2) / 3);
  }

  /** The store's time as far as it is known; never ahead of it. */
  storeNow(): number {
    return this.storeMs + Math.max(0, this.options.clock.monotonic() - this.arrivedMs);
  }

  isValid(): boolean {
    return !this.stopped && this.options.clock.monotonic() - this.sentMs < this.soleMs;
  }

  /** Renews now; a call while one is under way asks for one more after it. */
  renew(): Promise<void> {
    if (this.renewing !== null) {
      this.again = true;
      return this.renewing;
    }
    this.renewing = this.loop();
    return this.renewing;
  }

  stop(): void {
    this.stopped = true;
    this.cancelNext?.();
    this.cancelFence?.();
  }

  private async loop(): Promise<void> {
    do {
      this.again = false;
      await this.once();
    } while (this.wantsMore());
    // In the same turn as the test above, or a call in between would be lost.
    this.renewing = null;
  }

  private wantsMore(): boolean {
    return this.again && !this.stopped;
  }

  private async once(): Promise<void> {
    const { store, clock, leaseMs, onMail, onFailed } = this.options;
    this.cancelNext?.();
    const sentMs = clock.monotonic();
    const { worker } = this;
    let nextMs = leaseMs / 3;
    try {
      const { nowMs, lost, mail } = await store.renew(worker, leaseMs);
      if (this.stopped) return;
      if (worker !== this.worker) this.again = true;
      else if (lost) {
        this.lose();
        this.again = true;
      } else {
        this.sentMs = sentMs;
        this.storeMs = Math.max(nowMs, this.storeNow());
        this.arrivedMs = clock.monotonic();
        this.armFence();
        onMail(mail);
      }
    } catch (error) {
      if (this.stopped) return;
      if (isFinal(error)) {
        onFailed(error);
        return;
      }
      nextMs = Math.min(1000, leaseMs / 10);
    }
    this.cancelNext = clock.schedule(() => void this.renew(), nextMs);
  }

  private armFence(): void {
    const { clock } = this.options;
    this.cancelFence?.();
    const restMs = this.sentMs + this.soleMs - clock.monotonic();
    this.cancelFence = clock.schedule(() => {
      if (this.isValid()) this.armFence();
      else if (!this.stopped) {
        this.lose();
        void this.renew();
      }
    }, Math.ceil(restMs));
  }

  private lose(): void {
    this.sentMs = -Infinity;
    this.cancelFence?.();
    this.options.onLost();
    this.worker = this.options.incarnation();
  }
}
