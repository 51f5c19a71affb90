/** A clock that stands still until it is moved, timers that fire when it is, and caches on one tier and one bus. */
import { memoryBus, memoryTier, TieredCache, type TieredCacheOptions } from '../../src/tiered/index.ts';
import type { InvalidationBus, MemoryTier } from '../../src/tiered/index.ts';
import type { Clock, Timers } from '../../src/types.ts';
import { drain } from './world.ts';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export class BenchTop {
  now = 0;
  readonly clock: Clock = { now: () => this.now };
  readonly tier: MemoryTier = memoryTier({ clock: this.clock });
  readonly bus: InvalidationBus = memoryBus();
  readonly pending: Set<Timer> = new Set();
  readonly timers: Timers = {
    set: (run, delayMs) => {
      const timer = { at: this.now + delayMs, run };
      this.pending.add(timer);
      return timer;
    },
    clear: (handle) => void this.pending.delete(handle as Timer),
  };

  /** Moves the clock, firing what is due on the way. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await drain();
      const [first] = [...this.pending].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (first === undefined) break;
      this.pending.delete(first);
      this.now = Math.max(this.now, first.at);
      first.run();
    }
    this.now = end;
    await drain();
  }

  cache<V extends object | string | number | null>(
    options: Partial<TieredCacheOptions<V>> & Pick<TieredCacheOptions<V>, 'load'>,
  ): TieredCache<V> {
    const { clock, timers, tier, bus } = this;
    return new TieredCache<V>({ max: 100, l1Ttl: 10_000, l2Ttl: 60_000, clock, timers, tier, bus, ...options });
  }
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let [resolve, reject]: [(value: T) => void, (error: unknown) => void] = [() => undefined, () => undefined];
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}
