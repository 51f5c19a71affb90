/** Arbitraries and small tools shared by the specifications. */
import fc from 'fast-check';
import type { State } from '../src/algorithms/algorithm.ts';
import { fixedWindow, gcra, slidingCounter, slidingLog, type Limit } from '../src/limits.ts';
import { emptyState, planFor, type Plan } from '../src/plan.ts';
import { specFor, type StoreSpec } from '../src/store.ts';
import { emptyOutcome, transition, type Op, type Outcome } from '../src/transition.ts';

/** What a limiter would bind a store with. */
export const specOf = (limits: readonly Limit[]): StoreSpec => specFor('n', limits, () => 0);

/** One key's state under a list of limits, without a store. */
export class Key {
  readonly plan: Plan;
  readonly state: State;
  constructor(limits: readonly Limit[]) {
    this.plan = planFor(limits);
    this.state = emptyState(this.plan, 1);
  }
  apply(nowMs: number, op: Op, cost: number = 1, arg: number = 0): Outcome {
    const out = emptyOutcome();
    transition(this.plan, this.state, 0, nowMs, op, cost, arg, out);
    return out;
  }
}

const primes = [2, 3, 7, 13, 97, 499, 997, 1009, 7919, 1_048_583];

export interface GcraRule {
  readonly rate: number;
  readonly perMs: number;
  readonly burst: number;
}
export interface LogRule {
  readonly limit: number;
  readonly windowMs: number;
}

export const gcraRule: fc.Arbitrary<GcraRule> = fc.record({
  rate: fc.oneof(fc.constantFrom(...primes), fc.integer({ min: 1, max: 2000 }), fc.constant(1_048_576)),
  perMs: fc.oneof(fc.constantFrom(...primes), fc.integer({ min: 1, max: 2000 }), fc.constantFrom(1000, 60_000)),
  burst: fc.integer({ min: 1, max: 12 }),
});
export const logRule: fc.Arbitrary<LogRule> = fc.record({
  limit: fc.integer({ min: 1, max: 20 }),
  windowMs: fc.integer({ min: 1, max: 1000 }),
});

/** Any limit that counts. */
export const countingLimit: fc.Arbitrary<Limit> = fc.oneof(
  gcraRule.map((rule) => gcra(rule)),
  logRule.map((rule) => slidingLog(rule)),
  logRule.map((rule) => slidingCounter(rule)),
  fc
    .record({ rule: logRule, align: fc.constantFrom('first-hit', 'epoch') })
    .map(({ rule, align }) => fixedWindow({ ...rule, align })),
);

/** 1..3 limits of any kind, with names of their own. */
export const composedLimits: fc.Arbitrary<readonly Limit[]> = fc
  .array(countingLimit, { minLength: 1, maxLength: 3 })
  .map((limits) => limits.map((limit, i) => ({ ...limit, name: `l${String(i)}` })));
