/**
 * The guard: a store elsewhere, made to answer in bounded time.
 *
 * Each call has a deadline (deadlines.ts), and a store that failed is left alone for a while (breaker.ts). Whoever asks
 * says how to word an answer and what to answer instead; exactly one of the two happens, once.
 *
 * What becomes of a call that was not waited for is unknown: it may still charge. If it does and its caller was let
 * through, the charge is right. If the caller was refused, it is refunded, or the caller would pay for nothing.
 *
 * Time is measured by the system's monotonic clock unless timers were injected: a wall clock set back must not let a
 * caller hang.
 */
import { Breaker, type BreakerState } from './breaker.ts';
import { Deadlines } from './deadlines.ts';
import type { Clock, Timers } from './environment.ts';
import { RateLimiterError } from './errors.ts';
import type { LimiterEvent } from './limiter.ts';
import { isOutcome } from './outcome-check.ts';
import type { AsyncOutcome, BoundAsyncStore } from './store.ts';
import { LEASE, REFUND, RESERVE, TAKE, type Op } from './transition.ts';

export interface GuardSettings {
  readonly name: string;
  /** How many limits the store decides by. */
  readonly limits: number;
  readonly deadlineMs: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly emit: ((event: LimiterEvent) => void) | undefined;
}

/** What a caller is told; a refusal makes a charge that comes too late one to refund. */
interface Answer {
  readonly allowed: boolean;
}

/** One call of the store, and what to make of it. */
interface Call<T, A> {
  readonly send: () => Promise<T>;
  readonly valid: (answer: T) => boolean;
  readonly accept: (answer: T) => A | Promise<A>;
  readonly instead: () => A | Promise<A>;
  /** An answer came after `told` had been settled otherwise. */
  readonly late?: (answer: T, told: Promise<A>) => void;
}

export class GuardedStore {
  storeErrors = 0;
  deadlines = 0;
  lateSuccesses = 0;
  private readonly store: BoundAsyncStore;
  private readonly settings: GuardSettings;
  private readonly breaker: Breaker;
  private readonly underWay: Deadlines;

  constructor(store: BoundAsyncStore, settings: GuardSettings) {
    this.store = store;
    this.settings = settings;
    this.breaker = new Breaker(settings.openMs, settings.maxOpenMs);
    this.underWay = new Deadlines(settings.deadlineMs, settings.clock, settings.timers);
  }

  get state(): BreakerState {
    return this.breaker.state;
  }

  /** Milliseconds until the store may be asked again, at least 1. */
  get retryAfterMs(): number {
    return this.breaker.remainingMs(this.settings.clock());
  }

  /** Asks for one operation. Settles within the deadline and one turn, with what `accept` or `instead` makes. */
  apply<A extends Answer>(
    key: string,
    op: Op,
    cost: number,
    arg: number,
    accept: (out: AsyncOutcome) => A | Promise<A>,
    instead: () => A | Promise<A>,
  ): Promise<A> {
    return this.call<AsyncOutcome, A>({
      send: () => this.store.apply(key, op, cost, arg),
      valid: (answer) => isOutcome(answer, this.settings.limits, op, cost, arg),
      accept,
      instead,
      late: (out, told) => void this.settleLate(key, op, cost, out, told),
    });
  }

  /** Forgets the key; false if the store did not confirm it. */
  reset(key: string): Promise<boolean> {
    return this.call<unknown, boolean>({
      send: () => this.store.reset(key),
      valid: () => true,
      accept: () => true,
      instead: () => false,
    });
  }

  private call<T, A>({ send, valid, accept, instead, late }: Call<T, A>): Promise<A> {
    const ticket = this.breaker.admit(this.settings.clock());
    if (ticket === undefined) return attempt(instead);
    const { promise: told, resolve } = withResolver<A>();
    const deadline = this.underWay.add(() => {
      this.deadlines++;
      this.emit({ type: 'deadline', limiter: this.settings.name });
      this.fail(ticket);
      resolve(attempt(instead));
    });
    const fail = (error: unknown): void => {
      if (!deadline.pending) return;
      this.underWay.meet(deadline);
      this.storeErrors++;
      this.emit({ type: 'store-error', limiter: this.settings.name, error });
      this.fail(ticket);
      resolve(attempt(instead));
    };
    attempt(send).then((answer) => {
      if (!valid(answer)) {
        fail(
          new RateLimiterError('STORE_PROTOCOL', `the store of limiter "${this.settings.name}" answered no outcome`),
        );
      } else if (deadline.pending) {
        this.underWay.meet(deadline);
        if (this.breaker.succeeded(ticket)) this.emit({ type: 'breaker-closed', limiter: this.settings.name });
        resolve(attempt(() => accept(answer)));
      } else {
        late?.(answer, told);
      }
    }, fail);
    return told;
  }

  private fail(ticket: number): void {
    const openMs = this.breaker.failed(ticket, this.settings.clock());
    if (openMs > 0) this.emit({ type: 'breaker-open', limiter: this.settings.name, openMs });
  }

  /** Keeps of a late charge what its caller was let through with. */
  private async settleLate(
    key: string,
    op: Op,
    cost: number,
    { ok, charged, startMs }: AsyncOutcome,
    told: Promise<Answer>,
  ): Promise<void> {
    if (!ok || (op !== TAKE && op !== RESERVE && op !== LEASE)) return;
    this.lateSuccesses++;
    // A caller that gave up waiting was not let through either.
    const allowed = await told.then(
      (answer) => answer.allowed,
      () => false,
    );
    const excess = allowed ? charged - cost : charged;
    this.emit({ type: 'late-success', limiter: this.settings.name, refunded: excess > 0 });
    if (excess > 0) await attempt(() => this.store.apply(key, REFUND, excess, startMs)).catch(() => undefined);
  }

  private emit(event: LimiterEvent): void {
    this.settings.emit?.(event);
  }
}

/** What a function makes of itself: a throw becomes a rejection. */
async function attempt<T>(make: () => T | Promise<T>): Promise<T> {
  return make();
}

function withResolver<T>(): { promise: Promise<T>; resolve: (value: Promise<T>) => void } {
  let resolve!: (value: Promise<T>) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
