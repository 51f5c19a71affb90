/**
 * Decisions: what a limiter answers.
 *
 * A plain readable record. That a decision can be refunded, once, by the limiter that made it, is kept in a private
 * field: it does not show in logs or comparisons, and a copy of a decision is worth nothing.
 */
import type { Limit } from './limits.ts';
import type { Outcome } from './transition.ts';

export interface Decision {
  readonly allowed: boolean;
  readonly key: string;
  readonly cost: number;
  /** Refused: the limit with the longest wait. Allowed: the limit with the fewest units left. */
  readonly limit: Limit;
  /** Whole units left in `limit`. */
  readonly remaining: number;
  /**
   * Milliseconds until the same cost would fit if nothing else is spent: 0 = now, Infinity = never. Set on allowed
   * decisions too, where it is positive when the next such request would have to wait: test `allowed`, not this.
   */
  readonly retryAfterMs: number;
  /** Milliseconds until `limit` is back at full quota. */
  readonly resetAfterMs: number;
  /** The store's time at which the cost is charged. */
  readonly startMs: number;
  /** 'store': the limits decided. 'full': the store had no room for a new key and was told to refuse. */
  readonly source: 'store' | 'full';
}

/** The record behind {@link Decision}. */
export class StoreDecision implements Decision {
  readonly allowed: boolean;
  readonly key: string;
  readonly cost: number;
  readonly limit: Limit;
  readonly remaining: number;
  readonly retryAfterMs: number;
  readonly resetAfterMs: number;
  readonly startMs: number;
  readonly source: 'store' | 'full';
  #owner: object | undefined;

  constructor(key: string, cost: number, limits: readonly Limit[], out: Outcome, owner: object | undefined) {
    this.allowed = out.ok;
    this.key = key;
    this.cost = cost;
    this.limit = limits[out.index < 0 ? 0 : out.index]!;
    this.remaining = out.remaining;
    this.retryAfterMs = out.retryAfterMs;
    this.resetAfterMs = out.resetAfterMs;
    this.startMs = out.startMs;
    this.source = out.index < 0 ? 'full' : 'store';
    this.#owner = owner;
  }

  /** True the first time for a charge that `owner` made; false ever after, and for everything else. */
  static claimRefund(decision: Decision, owner: object): decision is StoreDecision {
    if (!(#owner in decision) || decision.#owner !== owner) return false;
    decision.#owner = undefined;
    return true;
  }
}
