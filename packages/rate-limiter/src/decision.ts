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
  readonly source: DecisionSource;
}

/**
 * Who decided.
 * - 'store': the limits, on the state in the store.
 * - 'full': the store had no room for a new key and was told to refuse.
 * - 'lease': units that this process had taken from the store before. `remaining` counts those left of them.
 * - 'cache': the store, a moment ago: a refusal that still holds.
 * - 'local': the limiter that stands in while the store does not answer. Its `limit` may be another than the store's.
 * - 'open', 'closed': nobody, since the store does not answer, and the limiter was told to allow or to refuse then. The
 *   numbers say nothing; `retryAfterMs` of 'closed' is when the store is asked again.
 */
export type DecisionSource = 'store' | 'full' | 'lease' | 'cache' | 'local' | 'open' | 'closed';

/** What may be refunded: whose charge it is, and where it was made. */
export interface Receipt {
  readonly owner: object;
}

/** The record behind {@link Decision}. */
export class DecisionRecord implements Decision {
  readonly allowed: boolean;
  readonly key: string;
  readonly cost: number;
  readonly limit: Limit;
  readonly remaining: number;
  readonly retryAfterMs: number;
  readonly resetAfterMs: number;
  readonly startMs: number;
  readonly source: DecisionSource;
  #receipt: Receipt | undefined;

  constructor(
    key: string,
    cost: number,
    limits: readonly Limit[],
    out: Outcome,
    source: DecisionSource,
    receipt: Receipt | undefined,
  ) {
    this.allowed = out.ok;
    this.key = key;
    this.cost = cost;
    this.limit = limits[out.index < 0 ? 0 : out.index]!;
    this.remaining = out.remaining;
    this.retryAfterMs = out.retryAfterMs;
    this.resetAfterMs = out.resetAfterMs;
    this.startMs = out.startMs;
    this.source = out.index < 0 ? 'full' : source;
    this.#receipt = out.ok ? receipt : undefined;
  }

  /** The receipt, the first time `owner` asks for that of its own charge; undefined ever after and for all else. */
  static claim(decision: Decision, owner: object): Receipt | undefined {
    if (!(#receipt in decision)) return undefined;
    const receipt = decision.#receipt;
    if (receipt?.owner !== owner) return undefined;
    decision.#receipt = undefined;
    return receipt;
  }
}
