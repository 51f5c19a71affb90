import fc from 'fast-check';
import { expect, it } from 'vitest';
import { blocklist, gcra, slidingLog, type Limit } from '../src/limits.ts';
import { gcraOracle, slidingLogOracle, type Oracle } from '../src/testing/index.ts';
import { BLOCK, FORCE, LEASE, PEEK, REFUND, RESERVE, TAKE, tryTake, type Op, type Outcome } from '../src/transition.ts';
import { gcraRule, Key, logRule } from './support.ts';

const nightly = process.env['NIGHTLY'] === '1';

/** The composition law over oracles, in one place and without state of its own but the block. */
class Model {
  readonly oracles: readonly Oracle[];
  readonly hasBlocklist: boolean;
  untilMs = 0;
  constructor(oracles: readonly Oracle[], hasBlocklist: boolean) {
    this.oracles = oracles;
    this.hasBlocklist = hasBlocklist;
  }
  apply(nowMs: number, op: Op, cost: number, arg: number): Outcome {
    const blockedMs = Math.max(0, this.untilMs - nowMs);
    const delays = this.oracles.map((oracle) => oracle.delay(nowMs, cost));
    if (this.hasBlocklist) delays.push(blockedMs);
    let waitMs = 0;
    if (op === TAKE || op === PEEK || op === RESERVE || op === LEASE) {
      waitMs = Math.max(...delays);
      if (waitMs > (op === RESERVE ? arg : 0)) {
        const index = delays.indexOf(waitMs);
        const oracle = this.oracles[index];
        return {
          ok: false,
          index,
          remaining: oracle?.remaining(nowMs) ?? 0,
          retryAfterMs: waitMs,
          resetAfterMs: oracle?.reset(nowMs) ?? blockedMs,
          startMs: nowMs,
          charged: 0,
        };
      }
    }
    const charges = op === TAKE || op === FORCE || op === RESERVE || op === LEASE;
    // A lease is the largest take that fits, between what was asked at least and at most.
    let units = cost;
    if (op === LEASE) while (units < arg && this.oracles.every((one) => one.delay(nowMs, units + 1) === 0)) units++;
    if (charges) for (const oracle of this.oracles) oracle.charge(nowMs, units, waitMs);
    if (op === BLOCK) this.untilMs = arg > 0 ? nowMs + arg : 0;
    if (op === REFUND) {
      const lastMs = Math.max(...this.oracles.map((oracle) => oracle.newestStart(nowMs)));
      for (const oracle of this.oracles) oracle.credit(nowMs, cost, arg, lastMs);
    }
    const left = this.oracles.map((oracle) => oracle.remaining(nowMs));
    const index = left.indexOf(Math.min(...left));
    const after = this.oracles.map((oracle) => oracle.delay(nowMs, cost));
    if (this.hasBlocklist) after.push(Math.max(0, this.untilMs - nowMs));
    return {
      ok: true,
      index,
      remaining: left[index]!,
      retryAfterMs: Math.max(...after),
      resetAfterMs: this.oracles[index]!.reset(nowMs),
      startMs: nowMs + waitMs,
      charged: charges ? units : 0,
    };
  }
}

const rule = fc.oneof(
  { weight: 3, arbitrary: gcraRule.map((r) => ({ limit: gcra(r), oracle: () => gcraOracle(r), isLog: false })) },
  {
    weight: 1,
    arbitrary: logRule.map((r) => ({ limit: slidingLog(r), oracle: () => slidingLogOracle(r), isLog: true })),
  },
);

const step = fc.record({
  op: fc.oneof(
    { weight: 6, arbitrary: fc.constant(TAKE) },
    { weight: 1, arbitrary: fc.constant(PEEK) },
    { weight: 1, arbitrary: fc.constant(FORCE) },
    { weight: 3, arbitrary: fc.constant(RESERVE) },
    { weight: 2, arbitrary: fc.constant(REFUND) },
    { weight: 2, arbitrary: fc.constant(LEASE) },
    { weight: 1, arbitrary: fc.constant(BLOCK) },
  ),
  cost: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 25 }) }),
  dt: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: -500, max: -1 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1000, max: 100_000 }) },
  ),
  arg: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2000 })),
  pick: fc.nat(),
});

it('decides, word for word, as exact rational GCRA and a plain list of admissions, composed', () => {
  let rejections = 0;
  let promises = 0;
  let refunds = 0;
  let leases = 0;
  let operations = 0;
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 2 ** 41 }),
      fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
      (rules, blockable, startMs, steps) => {
        const limits: Limit[] = rules.map(({ limit }, i) => ({ ...limit, name: `l${String(i)}` }));
        if (blockable) limits.push(blocklist());
        const key = new Key(limits);
        const model = new Model(
          rules.map(({ oracle }) => oracle()),
          blockable,
        );
        const refundable: { cost: number; startMs: number }[] = [];
        let nowMs = startMs;
        for (const { op, cost: drawn, dt, arg: drawnArg, pick } of steps) {
          nowMs = Math.max(0, nowMs + dt);
          let cost = drawn;
          let arg = drawnArg;
          if (op === RESERVE && rules.some(({ isLog }) => isLog)) continue;
          if (op === BLOCK && !blockable) continue;
          if (op === LEASE) arg = Math.min(arg, 40);
          if (op === REFUND) {
            const [taken] = refundable.splice(pick % Math.max(1, refundable.length), 1);
            if (taken === undefined) continue;
            cost = taken.cost;
            arg = taken.startMs;
            refunds++;
          }
          const before = structuredClone(key.state);
          // A cloned ring is plain data, so only states without one can be tried twice.
          const twin = key.plan.ringsPerKey === 0 ? structuredClone(key.state) : undefined;
          const out = key.apply(nowMs, op, cost, arg);
          if (op === TAKE && twin !== undefined) {
            expect(tryTake(key.plan, twin, 0, nowMs, cost)).toBe(out.ok);
            expect(twin).toEqual(structuredClone(key.state));
          }
          expect(out).toEqual(model.apply(nowMs, op, cost, arg));
          if (!out.ok || op === PEEK) expect(structuredClone(key.state)).toEqual(before);
          if (out.ok && (op === TAKE || op === RESERVE)) refundable.push({ cost, startMs: out.startMs });
          operations++;
          if (!out.ok) rejections++;
          if (op === LEASE && out.charged > cost) leases++;
          if (op === RESERVE && out.ok && out.startMs > nowMs) promises++;
        }
      },
    ),
    { numRuns: nightly ? 40_000 : 3000 },
  );
  // The trace must have been through what it is meant to compare.
  expect(Math.min(rejections, promises, refunds, leases)).toBeGreaterThan(1000);
  expect(operations).toBeGreaterThan(nightly ? 1_000_000 : 20_000);
});

it('a lease never charges more than fits, and with no more asked for than its cost it is a take', () => {
  const rules = fc.array(fc.oneof(gcraRule.map(gcra), logRule.map(slidingLog)), { minLength: 1, maxLength: 3 });
  const steps = fc.array(
    fc.record({
      dt: fc.integer({ min: 0, max: 400 }),
      cost: fc.integer({ min: 1, max: 5 }),
      most: fc.integer({ min: 0, max: 30 }),
    }),
    { maxLength: 40, size: 'max' },
  );
  fc.assert(
    fc.property(rules, steps, (drawn, ops) => {
      const limits = drawn.map((limit, i) => ({ ...limit, name: `l${String(i)}` }));
      const leased = new Key(limits);
      const taken = new Key(limits);
      let nowMs = 0;
      for (const { dt, cost, most } of ops) {
        nowMs += dt;
        const out = leased.apply(nowMs, LEASE, cost, most);
        expect(out.charged).toBeLessThanOrEqual(Math.max(cost, most));
        // What it charged, one take would have been allowed; what it refused, a take would have been refused.
        const same = taken.apply(nowMs, TAKE, out.ok ? out.charged : cost);
        expect(same.ok).toBe(out.ok);
        expect(leased.apply(nowMs, PEEK)).toEqual(taken.apply(nowMs, PEEK));
        if (most <= cost && out.ok) expect(out.charged).toBe(cost);
      }
    }),
    { numRuns: 500 },
  );
});
