/**
 * Who decides while the store does not answer.
 *
 * Either another limiter, in this process, whose decisions are passed on under the source 'local'; or nobody, and all is
 * allowed ('open') or nothing is ('closed'). The limiter that keeps the same limits here is made at the first need.
 */
import { DecisionRecord, type Decision, type Receipt } from './decision.ts';
import type { SyncLimiter } from './limiter.ts';
import type { Limit } from './limits.ts';
import type { Outcome } from './transition.ts';

export interface StandIn {
  take(key: string, cost: number): Decision;
  peek(key: string, cost: number): Promise<Decision>;
  penalize(key: string, cost: number): Promise<Decision>;
  /** `maxWaitMs` is what is left of it. */
  wait(key: string, cost: number, maxWaitMs: number, signal: AbortSignal | undefined): Promise<Decision>;
  /** Called for every block, so that it holds here too. */
  block(key: string, durationMs: number): Promise<void>;
  reset(key: string): Promise<void>;
  /** Of a receipt of its own. */
  refund(receipt: LocalReceipt): Promise<void>;
  /** The limits that `wait` may be held to. */
  readonly limits: readonly Limit[];
  /** The limiter in this process, if there is one by now. */
  readonly limiter: SyncLimiter | undefined;
}

/** The right to refund what the limiter in this process has charged. */
export class LocalReceipt implements Receipt {
  readonly owner: object;
  readonly inner: Decision;
  constructor(owner: object, inner: Decision) {
    this.owner = owner;
    this.inner = inner;
  }
}

/** Stands in with a limiter, made by `make` when it is first needed. */
export class LocalStandIn implements StandIn {
  readonly limits: readonly Limit[];
  private readonly owner: object;
  private readonly make: () => SyncLimiter;
  private made: SyncLimiter | undefined;

  constructor(owner: object, limits: readonly Limit[], make: () => SyncLimiter) {
    this.owner = owner;
    this.limits = limits;
    this.make = make;
  }

  get limiter(): SyncLimiter | undefined {
    return this.made;
  }

  take(key: string, cost: number): Decision {
    return this.passOn(this.local().takeSync(key, cost));
  }

  async peek(key: string, cost: number): Promise<Decision> {
    return this.passOn(await this.local().peek(key, cost));
  }

  async penalize(key: string, cost: number): Promise<Decision> {
    return this.passOn(await this.local().penalize(key, cost));
  }

  async wait(key: string, cost: number, maxWaitMs: number, signal: AbortSignal | undefined): Promise<Decision> {
    return this.passOn(await this.local().wait(key, signal ? { maxWaitMs, cost, signal } : { maxWaitMs, cost }));
  }

  async block(key: string, durationMs: number): Promise<void> {
    if (this.limits.some(({ algorithm }) => algorithm === 'blocklist')) await this.local().block(key, durationMs);
  }

  async reset(key: string): Promise<void> {
    await this.made?.reset(key);
  }

  async refund({ inner }: LocalReceipt): Promise<void> {
    await this.made?.refund(inner);
  }

  private local(): SyncLimiter {
    return (this.made ??= this.make());
  }

  private passOn(inner: Decision): Decision {
    const { key, cost, allowed, remaining, retryAfterMs, resetAfterMs, startMs, limit } = inner;
    const index = inner.source === 'full' ? -1 : 0;
    const out: Outcome = { ok: allowed, index, remaining, retryAfterMs, resetAfterMs, startMs, charged: cost };
    return new DecisionRecord(key, cost, [limit], out, 'local', new LocalReceipt(this.owner, inner));
  }
}

/** Allows everything that any limit could ever allow, or nothing. */
export class ConstantStandIn implements StandIn {
  readonly limits: readonly Limit[];
  readonly limiter = undefined;
  private readonly source: 'open' | 'closed';
  private readonly now: () => number;
  private readonly retryAfterMs: () => number;

  constructor(limits: readonly Limit[], source: 'open' | 'closed', now: () => number, retryAfterMs: () => number) {
    this.limits = limits;
    this.source = source;
    this.now = now;
    this.retryAfterMs = retryAfterMs;
  }

  take(key: string, cost: number): Decision {
    const index = this.limits.findIndex(({ quota }) => cost > quota);
    const ok = index < 0 && this.source === 'open';
    const waitMs = index >= 0 ? Infinity : ok ? 0 : this.retryAfterMs();
    const resetAfterMs = ok ? 0 : this.retryAfterMs();
    const startMs = Math.floor(this.now());
    const out = {
      ok,
      index: Math.max(0, index),
      remaining: 0,
      retryAfterMs: waitMs,
      resetAfterMs,
      startMs,
      charged: 0,
    };
    return new DecisionRecord(key, cost, this.limits, out, this.source, undefined);
  }

  async peek(key: string, cost: number): Promise<Decision> {
    return this.take(key, cost);
  }

  async penalize(key: string, cost: number): Promise<Decision> {
    return this.take(key, cost);
  }

  async wait(key: string, cost: number): Promise<Decision> {
    return this.take(key, cost);
  }

  async block(): Promise<void> {
    // There is no state here.
  }

  async reset(): Promise<void> {
    // There is no state here.
  }

  async refund(): Promise<void> {
    // Nothing was charged.
  }
}
