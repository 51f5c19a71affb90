/**
 * The limiter: checks arguments, tells the time, asks the store, and words the answer.
 *
 * Everything that decides is below, in the transition. With a store in this process each method acts before it
 * returns, so the asynchronous methods need no waiting and no lock; they exist because a store elsewhere will.
 */
import { requireInteger, requireName } from './check.ts';
import { StoreDecision, type Decision } from './decision.ts';
import { systemClock, type Clock } from './environment.ts';
import { RateLimiterError } from './errors.ts';
import { requireKey } from './keys.ts';
import type { Limit } from './limits.ts';
import { MapStore } from './map-store.ts';
import { requireLimits } from './plan.ts';
import { specFor, type BoundSyncStore, type SyncStore } from './store.ts';
import { BLOCK, emptyOutcome, FORCE, PEEK, REFUND, TAKE, type Outcome } from './transition.ts';

/** The latest time, and the longest block, in ms. */
const TIME_MAX = 2 ** 50;

export interface LimiterOptions {
  /** 1 to 8 limits with distinct names. All must allow, or none is charged. */
  readonly limits: Limit | readonly Limit[];
  /** The namespace in a shared store: 1 to 32 of `A-Z a-z 0-9 _ . -`. Default 'default'. */
  readonly name?: string;
  /** Milliseconds. Default `performance.now`. */
  readonly clock?: Clock;
  /** Default: a {@link MapStore} of 100,000 keys. */
  readonly store?: SyncStore;
}

export interface LimiterStats {
  readonly allowed: number;
  readonly rejected: number;
  /** Keys held in this process now, drained ones not yet swept included. */
  readonly keys: number;
  /** Keys forgotten while being limited, because the store was full. Above 0: raise its capacity. */
  readonly evictedLive: number;
}

/**
 * Decides for keys. Every method rejects (the Sync methods throw) with a TypeError or RangeError for a key that is not
 * a string of 1..1024 characters or a cost that is not a safe integer of at least 1, and for nothing else unless noted.
 */
export interface Limiter {
  readonly name: string;
  readonly limits: readonly Limit[];
  /** Spends `cost` (default 1) in all limits, or in none. */
  take(key: string, cost?: number): Promise<Decision>;
  /** Whether `take` would be allowed now, and what is left before it. Changes nothing. */
  peek(key: string, cost?: number): Promise<Decision>;
  /**
   * Gives back what an allowed `take` still holds. Does nothing for any other decision, or a second time. With a clock
   * that does not step back, never admits more than if the request had not been made.
   */
  refund(decision: Decision): Promise<void>;
  /** Spends `cost` even past the limits; the key then waits longer. Not refundable. */
  penalize(key: string, cost: number): Promise<Decision>;
  /**
   * Refuses the key for so many ms from now, an integer in 0..2^50; 0 lifts the block.
   *
   * @throws {RateLimiterError} NO_BLOCKLIST when the limiter has no `blocklist()` among its limits
   */
  block(key: string, durationMs: number): Promise<void>;
  /** Full quota for the key, and no block. */
  reset(key: string): Promise<void>;
  stats(): LimiterStats;
}

/** A limiter whose store is in this process: every method has acted when it returns. */
export interface SyncLimiter extends Limiter {
  /** `take`, at once. `nowMs` replaces the clock. O(limits). */
  takeSync(key: string, cost?: number, nowMs?: number): Decision;
  /** Only `takeSync(...).allowed`; allocates nothing. */
  tryTakeSync(key: string, cost?: number, nowMs?: number): boolean;
}

/**
 * Makes a limiter.
 *
 * @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { createLimiter, gcra } from '@loadbearing/rate-limiter';
 *
 * const limiter = createLimiter({ limits: gcra({ rate: 2, perMs: 1000 }) });
 * assert.equal(limiter.tryTakeSync('alice'), true);
 * assert.equal(limiter.tryTakeSync('alice'), true);
 * assert.equal(limiter.tryTakeSync('alice'), false);
 * assert.equal(limiter.tryTakeSync('bob'), true);
 * ```
 */
export function createLimiter(options: LimiterOptions): SyncLimiter {
  return new InProcessLimiter(options);
}

class InProcessLimiter implements SyncLimiter {
  readonly name: string;
  readonly limits: readonly Limit[];
  private readonly clock: Clock;
  private readonly store: BoundSyncStore;
  private readonly out: Outcome = emptyOutcome();
  private allowed = 0;
  private rejected = 0;

  constructor(options: LimiterOptions) {
    this.name = requireName('name', options.name ?? 'default');
    this.limits = requireLimits(options.limits);
    this.clock = options.clock ?? systemClock;
    if (typeof this.clock !== 'function') {
      throw new TypeError(`clock must be a function that returns milliseconds; got ${typeof this.clock}`);
    }
    const { name, limits, clock } = this;
    this.store = (options.store ?? new MapStore()).bind(specFor(name, limits, clock));
  }

  takeSync(key: string, cost: number = 1, nowMs: number = this.clock()): Decision {
    requireKey(key);
    requireCost(cost);
    const { out } = this;
    this.store.apply(key, TAKE, cost, 0, wholeMs(nowMs), out);
    this.count(out.ok);
    return new StoreDecision(key, cost, this.limits, out, out.ok ? this : undefined);
  }

  tryTakeSync(key: string, cost: number = 1, nowMs: number = this.clock()): boolean {
    requireKey(key);
    requireCost(cost);
    return this.count(this.store.tryTake(key, cost, wholeMs(nowMs)));
  }

  async take(key: string, cost: number = 1): Promise<Decision> {
    return this.takeSync(key, cost);
  }

  async peek(key: string, cost: number = 1): Promise<Decision> {
    requireKey(key);
    requireCost(cost);
    this.store.apply(key, PEEK, cost, 0, wholeMs(this.clock()), this.out);
    return new StoreDecision(key, cost, this.limits, this.out, undefined);
  }

  async refund(decision: Decision): Promise<void> {
    if (!StoreDecision.claimRefund(decision, this)) return;
    const { key, cost, startMs } = decision;
    this.store.apply(key, REFUND, cost, startMs, wholeMs(this.clock()), this.out);
  }

  async penalize(key: string, cost: number): Promise<Decision> {
    requireKey(key);
    requireCost(cost);
    this.store.apply(key, FORCE, cost, 0, wholeMs(this.clock()), this.out);
    return new StoreDecision(key, cost, this.limits, this.out, undefined);
  }

  async block(key: string, durationMs: number): Promise<void> {
    requireKey(key);
    requireInteger('durationMs', durationMs, 0, TIME_MAX);
    if (!this.limits.some(({ algorithm }) => algorithm === 'blocklist')) {
      throw new RateLimiterError(
        'NO_BLOCKLIST',
        `add blocklist() to the limits of limiter "${this.name}" to block keys`,
      );
    }
    this.store.apply(key, BLOCK, 1, durationMs, wholeMs(this.clock()), this.out);
  }

  async reset(key: string): Promise<void> {
    requireKey(key);
    this.store.reset(key);
  }

  stats(): LimiterStats {
    const { size, evictedLive } = this.store;
    return { allowed: this.allowed, rejected: this.rejected, keys: size, evictedLive };
  }

  private count(allowed: boolean): boolean {
    if (allowed) this.allowed++;
    else this.rejected++;
    return allowed;
  }
}

function requireCost(cost: unknown): void {
  if (!Number.isSafeInteger(cost) || (cost as number) < 1) {
    throw new RangeError(`cost must be a safe integer of at least 1; got ${String(cost)}`);
  }
}

/** A time that is not a number would compare false with everything, and so allow everything. */
function wholeMs(nowMs: number): number {
  const whole = Math.floor(nowMs);
  if (!(whole >= 0 && whole <= TIME_MAX)) {
    throw new RangeError(`the time must be in 0..2^50 ms; got ${String(nowMs)}`);
  }
  return whole;
}
