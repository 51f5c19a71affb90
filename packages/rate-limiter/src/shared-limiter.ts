/**
 * The limiter on a store elsewhere.
 *
 * A take asks, in this order: the units leased before, the refusal remembered, the store if its breaker lets it, and
 * what stands in for the store. Only the store makes a caller wait, and it has a deadline; so every answer comes in
 * bounded time, and says whom it came from.
 */
import { requireBlock, requireCost, requireWait } from './arguments.ts';
import { DecisionRecord, type Decision, type DecisionSource, type Receipt } from './decision.ts';
import type { Clock } from './environment.ts';
import { RateLimiterError } from './errors.ts';
import type { GuardedStore } from './guarded-store.ts';
import { requireKey } from './keys.ts';
import type { Claim, Lease, Leases } from './lease.ts';
import type { Limiter, LimiterStats, WaitOptions } from './limiter.ts';
import type { Limit } from './limits.ts';
import { LocalReceipt, type StandIn } from './stand-in.ts';
import type { BoundAsyncStore } from './store.ts';
import { BLOCK, FORCE, LEASE, PEEK, REFUND, RESERVE, TAKE, type Op, type Outcome } from './transition.ts';
import type { Waiters } from './waiter.ts';

/** What a shared limiter is made of; `self` is whom its receipts belong to. */
export interface Parts {
  readonly name: string;
  readonly limits: readonly Limit[];
  readonly store: BoundAsyncStore;
  readonly guard: GuardedStore;
  readonly standIn: StandIn;
  readonly leases: Leases | undefined;
  readonly waiters: Waiters;
  readonly clock: Clock;
  readonly self: object;
}

export class SharedLimiter implements Limiter {
  readonly name: string;
  readonly limits: readonly Limit[];
  private readonly parts: Parts;
  private readonly receipt: Receipt;
  private allowed = 0;
  private rejected = 0;

  constructor(parts: Parts) {
    this.name = parts.name;
    this.limits = parts.limits;
    this.parts = parts;
    this.receipt = { owner: parts.self };
  }

  async take(key: string, cost: number = 1): Promise<Decision> {
    requireKey(key);
    requireCost(cost);
    return this.count(this.known(key, cost, true) ?? (await this.takeLeasing(key, cost)));
  }

  async peek(key: string, cost: number = 1): Promise<Decision> {
    requireKey(key);
    requireCost(cost);
    const known = this.known(key, cost, false);
    return known ?? this.ask(key, PEEK, cost, () => this.parts.standIn.peek(key, cost));
  }

  async wait(key: string, options: WaitOptions): Promise<Decision> {
    const { maxWaitMs, cost = 1, signal } = options;
    requireKey(key);
    requireCost(cost);
    for (const limits of [this.limits, this.parts.standIn.limits]) requireWait(this.name, limits, maxWaitMs);
    signal?.throwIfAborted();
    const decided = this.reserve(key, maxWaitMs, cost, signal);
    return this.count(await (signal === undefined ? decided : unlessAborted(decided, signal)));
  }

  async refund(decision: Decision): Promise<void> {
    const receipt = DecisionRecord.claim(decision, this.parts.self);
    if (receipt === undefined) return;
    const { key, cost, startMs } = decision;
    if (receipt === this.receipt) await this.giveBack(key, cost, startMs);
    else if (receipt instanceof LocalReceipt) await this.parts.standIn.refund(receipt);
    else this.parts.leases?.giveBack(receipt as Lease, key, cost);
  }

  async penalize(key: string, cost: number): Promise<Decision> {
    requireKey(key);
    requireCost(cost);
    return this.ask(key, FORCE, cost, () => this.parts.standIn.penalize(key, cost));
  }

  async block(key: string, durationMs: number): Promise<void> {
    requireBlock(this.name, this.limits, key, durationMs);
    this.parts.leases?.drop(key);
    await this.parts.standIn.block(key, durationMs);
    const confirmed = { allowed: true };
    const answer = await this.parts.guard.apply(
      key,
      BLOCK,
      1,
      durationMs,
      () => confirmed,
      () => ({ allowed: false }),
    );
    if (answer !== confirmed) throw this.unavailable('block');
  }

  async reset(key: string): Promise<void> {
    requireKey(key);
    this.parts.leases?.drop(key);
    await this.parts.standIn.reset(key);
    if (!(await this.parts.guard.reset(key))) throw this.unavailable('reset');
  }

  stats(): LimiterStats {
    const { allowed, rejected } = this;
    const { guard, standIn, leases } = this.parts;
    const { keys, evictedLive } = standIn.limiter?.stats() ?? { keys: 0, evictedLive: 0 };
    const { storeErrors, deadlines, lateSuccesses, state } = guard;
    return {
      allowed,
      rejected,
      keys: keys + (leases?.size ?? 0),
      evictedLive,
      storeErrors,
      deadlines,
      lateSuccesses,
      breaker: state,
    };
  }

  /** What can be said without the store. */
  private known(key: string, cost: number, spend: boolean): Decision | undefined {
    const { leases, store } = this.parts;
    const lease = leases?.find(key, cost);
    if (lease !== undefined) return this.fromLease(lease, key, cost, spend ? cost : 0);
    const refusal = store.recall?.(key, cost);
    return refusal && this.word(key, cost, refusal, 'cache', undefined);
  }

  private takeLeasing(key: string, cost: number): Promise<Decision> {
    const { leases } = this.parts;
    const joined = leases?.join(key, cost);
    if (joined !== undefined) return this.takeSeat(joined.claim, joined.seat, key, cost);
    const claim = leases?.claim(key, cost);
    if (claim === undefined) return this.ask(key, TAKE, cost, () => this.parts.standIn.take(key, cost));
    const accept = (out: Parameters<Leases['settle']>[2] & object): Decision => {
      leases!.settle(key, claim, out);
      return this.word(key, cost, out, 'store', this.receipt);
    };
    const instead = (): Decision => {
      leases!.settle(key, claim, undefined);
      return this.parts.standIn.take(key, cost);
    };
    return this.parts.guard.apply(key, LEASE, cost, leases!.units, accept, instead);
  }

  /** The answer of a caller that came while a lease was being asked for. */
  private async takeSeat(claim: Claim, seat: number, key: string, cost: number): Promise<Decision> {
    const grant = await claim.answer;
    if (grant === undefined) return this.parts.standIn.take(key, cost);
    const { out, lease, seats } = grant;
    if (lease !== undefined && seat < seats) return this.fromLease(lease, key, cost, 0);
    return this.word(key, cost, { ...out, ok: false, remaining: 0, charged: 0 }, 'store', undefined);
  }

  private fromLease(lease: Lease, key: string, cost: number, spent: number): Decision {
    lease.left -= spent;
    return this.word(key, cost, this.parts.leases!.describe(lease, cost), 'lease', spent >= 0 ? lease : undefined);
  }

  private reserve(key: string, maxWaitMs: number, cost: number, signal: AbortSignal | undefined): Promise<Decision> {
    const { clock, guard, standIn, waiters } = this.parts;
    const sentMs = clock();
    return guard.apply<Decision>(
      key,
      RESERVE,
      cost,
      maxWaitMs,
      async (out) => {
        const decision = this.word(key, cost, out, 'store', this.receipt);
        if (!out.ok) return decision;
        const giveBack = (): void => void this.giveBack(key, cost, out.startMs);
        if (signal?.aborted === true) {
          giveBack();
          throw signal.reason;
        }
        await waiters.hold(key, out.startMs, clock() + out.startMs - out.nowMs, signal, giveBack);
        return decision;
      },
      async () => {
        signal?.throwIfAborted();
        const leftMs = Math.min(maxWaitMs, Math.max(0, Math.floor(maxWaitMs - (clock() - sentMs))));
        return standIn.wait(key, cost, leftMs, signal);
      },
    );
  }

  private ask(key: string, op: Op, cost: number, instead: () => Decision | Promise<Decision>): Promise<Decision> {
    const receipt = op === TAKE ? this.receipt : undefined;
    return this.parts.guard.apply(key, op, cost, 0, (out) => this.word(key, cost, out, 'store', receipt), instead);
  }

  private async giveBack(key: string, cost: number, startMs: number): Promise<void> {
    const done = { allowed: true };
    await this.parts.guard.apply(
      key,
      REFUND,
      cost,
      startMs,
      () => done,
      () => done,
    );
  }

  private word(
    key: string,
    cost: number,
    out: Outcome,
    source: DecisionSource,
    receipt: Receipt | undefined,
  ): Decision {
    return new DecisionRecord(key, cost, this.limits, out, source, receipt);
  }

  private count(decision: Decision): Decision {
    if (decision.allowed) this.allowed++;
    else this.rejected++;
    return decision;
  }

  private unavailable(what: string): RateLimiterError {
    return new RateLimiterError('UNAVAILABLE', `the store of limiter "${this.name}" did not confirm the ${what}`);
  }
}

/** Rejects as soon as `signal` is aborted, whatever is still under way. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    const done = (): void => signal.removeEventListener('abort', abort);
    void promise.finally(done).catch(() => undefined);
    promise.then(resolve, reject);
  });
}
