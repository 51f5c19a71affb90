/**
 * The concurrency limiter: the shell around a limit algorithm, shares and a queue. It keeps the counts, the clock and
 * one timer; the decisions are theirs.
 *
 * A rate says how many may arrive, which is only right while each costs what it did. How many are under way is right
 * whatever they cost: by Little's law it is rate times latency, so when the work gets slower, fewer are let in. What
 * comes above that is refused at once, while its caller can still do something else.
 *
 * Invariants: after each call, whoever is first in the queue has no room, so no arrival can overtake it. Every permit
 * counts once from when it is given until its first release. There is a timer exactly while somebody waits.
 */
import { requireInteger } from '../check.ts';
import { systemClock, systemTimers, type Clock, type Timers } from '../environment.ts';
import { requireNumber } from './check.ts';
import type { ConcurrencyLimit, LimitState } from './limit.ts';
import { ClassQueue, type Waiting } from './queue.ts';
import { fits, requireShares } from './shares.ts';
import type { ConcurrencyLimiter, Permit } from './types.ts';

export interface ConcurrencyLimiterOptions<S extends LimitState = LimitState> {
  /** Says how many may be under way: `fixedLimit` or `aimd`. It may be shared: the state is the limiter's. */
  readonly limit: ConcurrencyLimit<S>;
  /** The part of the limit that each class may fill: 1..8 numbers, the first 1, not increasing. Default [1, 0.8]. */
  readonly shares?: readonly number[];
  /** Who may wait for room: 1..65,536 requests, for 1..600,000 ms. Without it nobody waits. */
  readonly queue?: { readonly maxLength: number; readonly maxAgeMs: number };
  /** Default: monotonic time. */
  readonly clock?: Clock;
  /** Default: the host's. */
  readonly timers?: Timers;
}

type Outcome = Parameters<Permit['release']>[0];

interface Waiter extends Waiting {
  settle(permit: Permit | undefined): void;
}

/**
 * Makes a concurrency limiter.
 *
 * @example
 * const limiter = createConcurrencyLimiter({ limit: aimd({ targetMs: 100 }) });
 * const permit = limiter.tryAcquire();
 * if (permit === undefined) return refuse503();
 * try { await work(); permit.release(); } catch (e) { permit.release('dropped'); throw e; }
 *
 * @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed
 */
export function createConcurrencyLimiter<S extends LimitState>(
  options: ConcurrencyLimiterOptions<S>,
): ConcurrencyLimiter {
  return new Limiter(options);
}

class Limiter<S extends LimitState> implements ConcurrencyLimiter {
  private readonly algorithm: ConcurrencyLimit<S>;
  private readonly shares: readonly number[];
  private readonly queue: ClassQueue<Waiter> | undefined;
  private readonly clock: Clock;
  private readonly timers: Timers;
  private readonly counts: number[];
  private state: S;
  private timer: unknown = undefined;
  private total = 0;

  constructor({
    limit,
    shares = [1, 0.8],
    queue,
    clock = systemClock,
    timers = systemTimers,
  }: ConcurrencyLimiterOptions<S>) {
    requireAlgorithm(limit);
    this.algorithm = limit;
    this.state = limit.initial;
    this.shares = requireShares(shares);
    this.counts = this.shares.map(() => 0);
    this.clock = clock;
    this.timers = timers;
    this.queue = queue && queueFor(this.shares.length, queue);
  }

  get limit(): number {
    return this.bound();
  }

  get inFlight(): number {
    return this.total;
  }

  get queued(): number {
    return this.queue?.length ?? 0;
  }

  tryAcquire(priority: number = 0): Permit | undefined {
    const level = requireInteger('priority', priority, 0, this.shares.length - 1);
    return this.hasRoom(level) ? this.permit(level) : undefined;
  }

  async acquire({ priority = 0, signal }: { priority?: number; signal?: AbortSignal } = {}): Promise<
    Permit | undefined
  > {
    signal?.throwIfAborted();
    const permit = this.tryAcquire(priority);
    if (permit !== undefined || this.queue === undefined) return permit;
    return this.wait(this.queue, priority, signal);
  }

  private wait(queue: ClassQueue<Waiter>, level: number, signal: AbortSignal | undefined): Promise<Permit | undefined> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        queue.remove(waiter);
        this.arm(queue);
        reject(signal?.reason as Error);
      };
      const waiter: Waiter = {
        level,
        sinceMs: this.clock(),
        queued: false,
        previous: undefined,
        next: undefined,
        settle(permit) {
          signal?.removeEventListener('abort', abort);
          resolve(permit);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.shedExpired(queue);
      queue.offer(waiter)?.settle(undefined);
      this.arm(queue);
    });
  }

  /** Never NaN or below 1, whatever an algorithm of the user's says: a closed limiter would never learn otherwise. */
  private bound(): number {
    return this.state.limit >= 1 ? Math.floor(this.state.limit) : 1;
  }

  private hasRoom(level: number): boolean {
    return fits(this.shares, this.bound(), this.counts, level);
  }

  private permit(level: number): Permit {
    this.counts[level]!++;
    this.total++;
    const sinceMs = this.clock();
    let released = false;
    return {
      release: (outcome = 'ok') => {
        if (released) return;
        released = true;
        this.release(level, sinceMs, outcome);
      },
    };
  }

  private release(level: number, sinceMs: number, outcome: Outcome): void {
    const nowMs = this.clock();
    const inFlight = this.total--;
    this.counts[level]!--;
    try {
      if (outcome === 'ignored') return;
      const latencyMs = Math.max(0, nowMs - sinceMs);
      this.state = this.algorithm.next(this.state, { nowMs, latencyMs, inFlight, dropped: outcome === 'dropped' });
    } finally {
      if (this.queue !== undefined) this.admit(this.queue);
    }
  }

  /** Lets in whom there is room for, and sheds who waited too long first: they would be served in vain. */
  private admit(queue: ClassQueue<Waiter>): void {
    this.shedExpired(queue);
    for (let first = queue.first(); first !== undefined && this.hasRoom(first.level); first = queue.first()) {
      queue.remove(first);
      first.settle(this.permit(first.level));
    }
    this.arm(queue);
  }

  private shedExpired(queue: ClassQueue<Waiter>): void {
    const nowMs = this.clock();
    for (let late = queue.expire(nowMs); late !== undefined; late = queue.expire(nowMs)) late.settle(undefined);
  }

  /** One timer while somebody waits. It may fire too early, since those it was set for may have gone: it is set anew. */
  private arm(queue: ClassQueue<Waiter>): void {
    const expiresMs = queue.expiresMs();
    if (expiresMs === undefined) {
      if (this.timer !== undefined) this.timers.clear(this.timer);
      this.timer = undefined;
      return;
    }
    this.timer ??= this.timers.set(
      () => {
        this.timer = undefined;
        this.shedExpired(queue);
        this.arm(queue);
      },
      Math.max(1, Math.ceil(expiresMs - this.clock())),
    );
  }
}

function requireAlgorithm(limit: unknown): void {
  const { initial, next } = (limit ?? {}) as Partial<ConcurrencyLimit>;
  if (typeof next === 'function' && typeof initial?.limit === 'number') return;
  throw new TypeError(`limit must be a concurrency limit, such as aimd() or fixedLimit() make; got ${typeof limit}`);
}

function queueFor(
  classes: number,
  { maxLength, maxAgeMs }: { maxLength: number; maxAgeMs: number },
): ClassQueue<Waiter> {
  return new ClassQueue(
    classes,
    requireInteger('queue.maxLength', maxLength, 1, 65_536),
    requireNumber('queue.maxAgeMs', maxAgeMs, 1, 600_000),
  );
}
