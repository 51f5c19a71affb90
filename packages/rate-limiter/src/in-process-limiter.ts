/**
 * The limiter on a store in this process: checks arguments, tells the time, asks the store, and words the answer.
 *
 * Everything that decides is below, in the transition. Each method acts before it returns.
 */
import { requireBlock, requireCost, requireWait, wholeMs } from './arguments.ts';
import { DecisionRecord, type Decision, type Receipt } from './decision.ts';
import { systemClock, type Clock } from './environment.ts';
import { requireKey } from './keys.ts';
import type { LimiterStats, SyncLimiter, WaitOptions } from './limiter.ts';
import type { Limit } from './limits.ts';
import type { Settings } from './settings.ts';
import { specFor, type BoundSyncStore, type SyncStore } from './store.ts';
import { BLOCK, emptyOutcome, FORCE, PEEK, REFUND, RESERVE, TAKE, type Op, type Outcome } from './transition.ts';
import { Waiters } from './waiter.ts';

export class InProcessLimiter implements SyncLimiter {
  readonly name: string;
  readonly limits: readonly Limit[];
  private readonly clock: Clock;
  private readonly store: BoundSyncStore;
  private readonly out: Outcome = emptyOutcome();
  private readonly receipt: Receipt = { owner: this };
  private readonly waiters: Waiters;
  private readonly emit: Settings['emit'];
  private allowed = 0;
  private rejected = 0;
  private evictions = 0;

  constructor({ name, limits, clock, timers, emit }: Settings, store: SyncStore) {
    this.name = name;
    this.limits = limits;
    this.store = store.bind(specFor(name, limits, clock ?? systemClock));
    this.clock = clock ?? this.store.clock ?? systemClock;
    this.waiters = new Waiters(this.clock, timers);
    this.emit = emit;
  }

  takeSync(key: string, cost: number = 1, nowMs: number = this.clock()): Decision {
    requireKey(key);
    requireCost(cost);
    const { out } = this;
    this.store.apply(key, TAKE, cost, 0, wholeMs(nowMs), out);
    this.count(out.ok);
    return new DecisionRecord(key, cost, this.limits, out, 'store', this.receipt);
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
    return this.decide(key, PEEK, cost, 0, undefined);
  }

  async wait(key: string, { maxWaitMs, cost = 1, signal }: WaitOptions): Promise<Decision> {
    requireKey(key);
    requireCost(cost);
    requireWait(this.name, this.limits, maxWaitMs);
    signal?.throwIfAborted();
    const decision = this.decide(key, RESERVE, cost, maxWaitMs, this.receipt);
    if (decision.allowed) {
      const { startMs } = decision;
      await this.waiters.hold(key, startMs, startMs, signal, () => this.giveBack(decision));
    }
    this.count(decision.allowed);
    return decision;
  }

  async refund(decision: Decision): Promise<void> {
    if (DecisionRecord.claim(decision, this) !== undefined) this.giveBack(decision);
  }

  async penalize(key: string, cost: number): Promise<Decision> {
    requireKey(key);
    requireCost(cost);
    return this.decide(key, FORCE, cost, 0, undefined);
  }

  async block(key: string, durationMs: number): Promise<void> {
    requireBlock(this.name, this.limits, key, durationMs);
    this.store.apply(key, BLOCK, 1, durationMs, wholeMs(this.clock()), this.out);
  }

  async reset(key: string): Promise<void> {
    requireKey(key);
    this.store.reset(key);
  }

  stats(): LimiterStats {
    const { allowed, rejected } = this;
    const { size, evictedLive } = this.store;
    return {
      allowed,
      rejected,
      keys: size,
      evictedLive,
      storeErrors: 0,
      deadlines: 0,
      lateSuccesses: 0,
      breaker: 'closed',
    };
  }

  private decide(key: string, op: Op, cost: number, arg: number, receipt: Receipt | undefined): Decision {
    this.store.apply(key, op, cost, arg, wholeMs(this.clock()), this.out);
    return new DecisionRecord(key, cost, this.limits, this.out, 'store', receipt);
  }

  private giveBack({ key, cost, startMs }: Decision): void {
    this.store.apply(key, REFUND, cost, startMs, wholeMs(this.clock()), this.out);
  }

  private count(allowed: boolean): boolean {
    if (allowed) this.allowed++;
    else this.rejected++;
    if (this.emit !== undefined && this.store.evictedLive > this.evictions) {
      this.evictions = this.store.evictedLive;
      this.emit({ type: 'evicted-live', limiter: this.name, evictedLive: this.evictions });
    }
    return allowed;
  }
}
