/**
 * Refusals that still hold, so that a client that does not listen does not reach Redis each time.
 *
 * A refusal says for how long the cost will not fit; until then, a request of at least that cost is refused from here.
 * What would have made it fit in between cannot be known here: another process's refund, reset or lifted block. So the
 * caller says how stale a refusal may be, and what this process does itself forgets at once. For a larger cost the wait
 * told is that of the smaller one: at least so long.
 *
 * Bounded: 10,000 keys, the one refused longest ago goes first. No timers.
 */
import type { Outcome } from '../transition.ts';

const KEYS_MAX = 10_000;

interface Refusal {
  readonly cost: number;
  readonly outcome: Outcome;
  /** By the process's clock. */
  readonly toldMs: number;
  readonly untilMs: number;
}

export class Refusals {
  private readonly byKey = new Map<string, Refusal>();
  private readonly longestMs: number;

  /** @param longestMs how long a refusal is believed at most */
  constructor(longestMs: number) {
    this.longestMs = longestMs;
  }

  get size(): number {
    return this.byKey.size;
  }

  /** O(1). */
  remember(key: string, cost: number, outcome: Outcome, nowMs: number): void {
    this.byKey.delete(key);
    if (this.byKey.size >= KEYS_MAX) this.byKey.delete(this.byKey.keys().next().value!);
    const untilMs = nowMs + Math.min(outcome.retryAfterMs, this.longestMs);
    this.byKey.set(key, { cost, outcome, toldMs: nowMs, untilMs });
  }

  forget(key: string): void {
    this.byKey.delete(key);
  }

  /** The refusal, its waits shortened by the time since; or undefined. O(1). */
  recall(key: string, cost: number, nowMs: number): Outcome | undefined {
    const refusal = this.byKey.get(key);
    if (refusal === undefined) return undefined;
    // A clock that stepped back tells nothing about how long ago that was.
    if (nowMs >= refusal.untilMs || nowMs < refusal.toldMs) {
      this.byKey.delete(key);
      return undefined;
    }
    if (cost < refusal.cost) return undefined;
    const { outcome } = refusal;
    const passedMs = Math.floor(nowMs - refusal.toldMs);
    return {
      ...outcome,
      retryAfterMs: outcome.retryAfterMs - passedMs,
      resetAfterMs: outcome.resetAfterMs - passedMs,
      startMs: outcome.startMs + passedMs,
    };
  }
}
