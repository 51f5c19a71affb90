/**
 * The circuit breaker: whether a store that failed is asked again yet. A pure state machine; time is passed in.
 *
 * closed -> open on a failure, for `openMs`. open -> half-open when that has passed and somebody calls: that one call is
 * the probe, all others are turned away. half-open -> closed if the probe succeeds, else open for twice as long as
 * before, at most `maxOpenMs`. Source: M. Nygard, "Release It!", chapter "Circuit Breaker".
 *
 * Every call carries a ticket, the number of the state in which it was let through. A reply says something about the
 * store as it was then: what comes back after the state has changed changes it no more. So of a hundred calls that fail
 * together one opens the breaker, and only the probe can close it.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

export class Breaker {
  private readonly firstMs: number;
  private readonly maxMs: number;
  private current: BreakerState = 'closed';
  private number = 0;
  private openMs: number;
  private untilMs = 0;

  constructor(openMs: number, maxOpenMs: number) {
    this.firstMs = openMs;
    this.openMs = openMs;
    this.maxMs = maxOpenMs;
  }

  get state(): BreakerState {
    return this.current;
  }

  /** A ticket for a call of the store; undefined: leave it alone. */
  admit(nowMs: number): number | undefined {
    if (this.current === 'closed') return this.number;
    if (this.current === 'half-open' || nowMs < this.untilMs) return undefined;
    return this.enter('half-open');
  }

  /** @returns whether this closed the breaker */
  succeeded(ticket: number): boolean {
    if (ticket !== this.number || this.current === 'closed') return false;
    this.enter('closed');
    return true;
  }

  /** @returns for how long this opened the breaker, 0 = it did not */
  failed(ticket: number, nowMs: number): number {
    if (ticket !== this.number) return 0;
    this.openMs = this.current === 'closed' ? this.firstMs : Math.min(2 * this.openMs, this.maxMs);
    this.untilMs = nowMs + this.openMs;
    this.enter('open');
    return this.openMs;
  }

  /** Milliseconds until the store may be asked again, at least 1. */
  remainingMs(nowMs: number): number {
    return Math.max(1, Math.ceil(this.untilMs - nowMs));
  }

  private enter(state: BreakerState): number {
    this.current = state;
    return ++this.number;
  }
}
