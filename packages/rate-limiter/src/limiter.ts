/**
 * The limiter as its callers see it: what can be asked, what can be configured, what it reports.
 *
 * Two shapes of one thing. With a store in this process each method acts before it returns, so the asynchronous methods
 * need no waiting and no lock. With a store elsewhere the same methods answer later, but in bounded time: a store that
 * hangs or fails is stood in for (see guarded-store.ts).
 */
import type { Decision } from './decision.ts';
import type { Clock, Timers } from './environment.ts';
import type { Limit } from './limits.ts';
import type { AsyncStore, SyncStore } from './store.ts';

export interface WaitOptions {
  /** The longest acceptable wait, in ms. `maxWaitMs * U` is at most 2^50 for every gcra limit; U: see gcra.ts. */
  readonly maxWaitMs: number;
  readonly cost?: number;
  /** Aborting before the start gives the units back and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
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
   * `take`, but resolves only when the cost may start: callers of one key start in the order in which the store
   * promised. If that would be later than in `maxWaitMs`, resolves at once, refused, and nothing is spent.
   *
   * @throws {RateLimiterError} UNSUPPORTED unless all limits are gcra or blocklist, and at least one is gcra
   * @throws {RangeError} when `maxWaitMs` is out of range
   */
  wait(key: string, options: WaitOptions): Promise<Decision>;
  /**
   * Gives back what an allowed `take` or `wait` still holds. Does nothing for any other decision, or a second time.
   * With a clock that does not step back, never admits more than if the request had not been made. A store that does
   * not answer is not asked again: the units then come back when they would have anyway.
   */
  refund(decision: Decision): Promise<void>;
  /** Spends `cost` even past the limits; the key then waits longer. Not refundable. */
  penalize(key: string, cost: number): Promise<Decision>;
  /**
   * Refuses the key for so many ms from now, an integer in 0..2^50; 0 lifts the block.
   *
   * @throws {RateLimiterError} NO_BLOCKLIST when the limiter has no `blocklist()` among its limits; UNAVAILABLE when
   * the store did not confirm it. What stands in for the store blocks the key in any case.
   */
  block(key: string, durationMs: number): Promise<void>;
  /**
   * Full quota for the key, and no block.
   *
   * @throws {RateLimiterError} UNAVAILABLE when the store did not confirm it
   */
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

/** What every limiter is made with. */
export interface CommonOptions {
  /** 1 to 8 limits with distinct names. All must allow, or none is charged. */
  readonly limits: Limit | readonly Limit[];
  /** The namespace in a shared store: 1 to 32 of `A-Z a-z 0-9 _ . -`. Default 'default'. */
  readonly name?: string;
  /**
   * Milliseconds. Default: the clock of the store if it has one, otherwise `performance.now`. A store elsewhere tells
   * the time itself; then this one only measures how long things take.
   */
  readonly clock?: Clock;
  /** Default `setTimeout` and `clearTimeout`. */
  readonly timers?: Timers;
  /** Told of what goes wrong, in the turn in which it does. What it throws is thrown again as a microtask. */
  readonly onEvent?: (event: LimiterEvent) => void;
}

/** A limiter in this process. */
export interface LimiterOptions extends CommonOptions {
  /** Default: room for about 100,000 keys, in a table of a fixed size, or in a `MapStore` if a limit is a sliding log. */
  readonly store?: SyncStore;
}

/** A limiter on a store elsewhere, and what to do while that does not answer. */
export interface SharedLimiterOptions extends CommonOptions {
  readonly store: AsyncStore;
  /**
   * Who decides while the store does not answer. 'local' (default): the same limits, kept in this process, so N
   * processes admit up to N times as much; a {@link SyncLimiter}: that one, for example with a share of the limits;
   * 'open': everything is allowed; 'closed': nothing is.
   */
  readonly onStoreError?: 'local' | 'open' | 'closed' | SyncLimiter;
  /** How long the store has for an answer, in 1..60,000 ms. Default 50. */
  readonly deadlineMs?: number;
  /**
   * After an error or a missed deadline the store is left alone for `openMs` (default 250, in 1..3,600,000), then one
   * call tries it; each that fails doubles the time, up to `maxOpenMs` (default 5000 or `openMs`, the greater).
   */
  readonly breaker?: { readonly openMs?: number; readonly maxOpenMs?: number };
  /**
   * Takes up to `units` (2..2^31) at once from the store and spends them here without asking, for at most `maxAgeMs`
   * (1..3,600,000); what is unspent then is lost. Fewer calls for a hot key, at this price: in any window, each
   * process may spend up to `units` that were charged before it. Off by default.
   */
  readonly lease?: { readonly units: number; readonly maxAgeMs: number };
}

export interface LimiterStats {
  readonly allowed: number;
  readonly rejected: number;
  /** Keys held in this process now, drained ones not yet swept included. */
  readonly keys: number;
  /** Keys forgotten while being limited, because the store in this process was full. Above 0: raise its capacity. */
  readonly evictedLive: number;
  /** Calls of the store that failed or were answered with what is no answer. */
  readonly storeErrors: number;
  /** Calls of the store that were not answered in time. */
  readonly deadlines: number;
  /** Of these, those that charged after all. */
  readonly lateSuccesses: number;
  readonly breaker: 'closed' | 'open' | 'half-open';
}

/**
 * What happened. 'store-error' and 'deadline': one call of the store. 'breaker-open': the store is left alone for
 * `openMs`. 'breaker-closed': it answers again. 'late-success': a charge came after its caller had been answered;
 * `refunded` if that answer was a refusal. 'evicted-live': so many keys in all were forgotten while being limited.
 */
export type LimiterEvent =
  | { readonly type: 'store-error'; readonly limiter: string; readonly error: unknown }
  | { readonly type: 'deadline'; readonly limiter: string }
  | { readonly type: 'breaker-open'; readonly limiter: string; readonly openMs: number }
  | { readonly type: 'breaker-closed'; readonly limiter: string }
  | { readonly type: 'late-success'; readonly limiter: string; readonly refunded: boolean }
  | { readonly type: 'evicted-live'; readonly limiter: string; readonly evictedLive: number };
