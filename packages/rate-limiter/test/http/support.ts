/** Tools for tests of guards: a concurrency limiter that only counts, limiters without a synchronous form. */
import type { ConcurrencyLimiter, Permit } from '../../src/adaptive/types.ts';
import type { Limiter, SyncLimiter } from '../../src/index.ts';

/** A fixed number of permits and a queue of a fixed length, first come first served; remembers how permits ended. */
export class CountingConcurrency implements ConcurrencyLimiter {
  inFlight = 0;
  readonly outcomes: string[] = [];
  private readonly waiting: ((permit: Permit | undefined) => void)[] = [];
  readonly limit: number;
  private readonly queueLength: number;
  constructor(limit: number, queueLength: number = 0) {
    this.limit = limit;
    this.queueLength = queueLength;
  }

  get queued(): number {
    return this.waiting.length;
  }

  tryAcquire(): Permit | undefined {
    if (this.inFlight >= this.limit) return undefined;
    this.inFlight++;
    let released = false;
    return {
      release: (outcome = 'ok') => {
        if (released) return;
        released = true;
        this.inFlight--;
        this.outcomes.push(outcome);
        const next = this.waiting.shift();
        next?.(this.tryAcquire());
      },
    };
  }

  acquire({ signal }: { signal?: AbortSignal } = {}): Promise<Permit | undefined> {
    const permit = this.tryAcquire();
    if (permit !== undefined || this.waiting.length >= this.queueLength) return Promise.resolve(permit);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(enter), 1);
        reject(signal!.reason as Error);
      };
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const enter = (given: Permit | undefined): void => {
        signal?.removeEventListener('abort', leave);
        resolve(given);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.waiting.push(enter);
    });
  }
}

/** The same limiter, answering later and without synchronous methods, as one on a store elsewhere. */
export function later(limiter: SyncLimiter, turn: () => Promise<unknown> = async () => undefined): Limiter {
  return {
    name: limiter.name,
    limits: limiter.limits,
    take: async (key, cost) => {
      await turn();
      return limiter.take(key, cost);
    },
    peek: (key, cost) => limiter.peek(key, cost),
    wait: (key, options) => limiter.wait(key, options),
    refund: (decision) => limiter.refund(decision),
    penalize: (key, cost) => limiter.penalize(key, cost),
    block: (key, durationMs) => limiter.block(key, durationMs),
    reset: (key) => limiter.reset(key),
    stats: () => limiter.stats(),
  };
}

/** Resolves when `condition` holds; the test's own time limit is what ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
