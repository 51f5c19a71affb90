import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocklist, fixedWindow, gcra, slidingCounter, slidingLog } from '../src/limits.ts';
import { BLOCK, FORCE, PEEK, REFUND, RESERVE, TAKE } from '../src/transition.ts';
import { composedLimits, countingLimit, gcraRule, Key, logRule } from './support.ts';

const gaps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 1500 })), {
  minLength: 1,
  maxLength: 120,
  size: 'max',
});

/** Times at which units were admitted, for arrivals with these gaps. */
function admitted(key: Key, arrivals: readonly number[]): number[] {
  let nowMs = 0;
  const times: number[] = [];
  for (const gapMs of arrivals) {
    nowMs += gapMs;
    if (key.apply(nowMs, TAKE).ok) times.push(nowMs);
  }
  return times;
}

/** The most of these ascending times in any half-open window [t, t + windowMs). */
function mostInWindow(times: readonly number[], windowMs: number): number {
  return Math.max(0, ...times.map((start) => times.filter((t) => t >= start && t < start + windowMs).length));
}

describe('what each algorithm promises in any window', () => {
  it('slidingLog never admits more than its limit, and refuses only when the trailing window has no room', () => {
    fc.assert(
      fc.property(
        logRule,
        gaps,
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 }),
        (rule, arrivals, costs) => {
          const key = new Key([slidingLog(rule)]);
          const times: number[] = [];
          let nowMs = 0;
          for (const [i, gapMs] of arrivals.entries()) {
            nowMs += gapMs;
            const cost = costs[i % costs.length]!;
            const trailing = times.filter((t) => t > nowMs - rule.windowMs).length;
            const { ok } = key.apply(nowMs, TAKE, cost);
            expect(ok).toBe(trailing + cost <= rule.limit);
            if (ok) times.push(...new Array<number>(cost).fill(nowMs));
          }
          expect(mostInWindow(times, rule.windowMs)).toBeLessThanOrEqual(rule.limit);
        },
      ),
    );
  });

  it('gcra admits at most burst + rate * window / perMs', () => {
    fc.assert(
      fc.property(gcraRule, gaps, fc.integer({ min: 1, max: 5000 }), (rule, arrivals, windowMs) => {
        const times = admitted(new Key([gcra(rule)]), arrivals);
        const bound = rule.burst + (rule.rate * windowMs) / rule.perMs;
        expect(mostInWindow(times, windowMs)).toBeLessThanOrEqual(bound);
      }),
    );
  });

  it('fixedWindow admits at most its limit per window, and at most twice that in any window', () => {
    fc.assert(
      fc.property(logRule, gaps, (rule, arrivals) => {
        const times = admitted(new Key([fixedWindow({ ...rule, align: 'epoch' })]), arrivals);
        const perWindow = new Map<number, number>();
        for (const t of times) {
          const index = Math.floor(t / rule.windowMs);
          perWindow.set(index, (perWindow.get(index) ?? 0) + 1);
        }
        expect(Math.max(0, ...perWindow.values())).toBeLessThanOrEqual(rule.limit);
        expect(mostInWindow(times, rule.windowMs)).toBeLessThanOrEqual(2 * rule.limit);
      }),
    );
  });

  it('fixedWindow does admit twice its limit across an edge, which is why it comes last', () => {
    const key = new Key([fixedWindow({ limit: 10, windowMs: 1000, align: 'epoch' })]);
    const arrivals = [999, ...new Array<number>(9).fill(0), 1, ...new Array<number>(9).fill(0)];
    expect(mostInWindow(admitted(key, arrivals), 1000)).toBe(20);
  });
});

const history = fc.array(
  fc.record({
    dt: fc.integer({ min: 0, max: 700 }),
    cost: fc.integer({ min: 1, max: 8 }),
    op: fc.constantFrom(TAKE, TAKE, FORCE),
  }),
  { maxLength: 30 },
);

function replay(key: Key, ops: readonly { dt: number; cost: number; op: typeof TAKE | typeof FORCE }[]): number {
  let nowMs = 0;
  for (const { dt, cost, op } of ops) {
    nowMs += dt;
    key.apply(nowMs, op, cost);
  }
  return nowMs;
}

describe('waiting', () => {
  it('retryAfterMs is the first millisecond at which the same cost fits in all limits', () => {
    let waits = 0;
    fc.assert(
      fc.property(composedLimits, history, fc.integer({ min: 1, max: 20 }), (limits, ops, cost) => {
        const key = new Key(limits);
        const nowMs = replay(key, ops);
        const { ok, retryAfterMs } = key.apply(nowMs, PEEK, cost);
        expect(ok).toBe(retryAfterMs === 0);
        expect(retryAfterMs === Infinity).toBe(limits.some(({ quota }) => cost > quota));
        if (ok || retryAfterMs === Infinity) return;
        waits++;
        expect(key.apply(nowMs + retryAfterMs, PEEK, cost).ok).toBe(true);
        // Not only the last millisecond: nothing in between fits either.
        for (const part of [1, 0.9, 0.5, 0.1]) {
          const early = Math.ceil(retryAfterMs * part) - 1;
          expect(key.apply(nowMs + early, PEEK, cost).ok).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
    expect(waits).toBeGreaterThan(200);
  });

  it('resetAfterMs is the first millisecond at which the quota is full again', () => {
    fc.assert(
      fc.property(countingLimit, history, (limit, ops) => {
        const key = new Key([limit]);
        const nowMs = replay(key, ops);
        const { resetAfterMs } = key.apply(nowMs, PEEK);
        expect(key.apply(nowMs + resetAfterMs, PEEK, limit.quota).ok).toBe(true);
        expect(key.apply(nowMs + resetAfterMs, PEEK).resetAfterMs).toBe(0);
        if (resetAfterMs > 0) expect(key.apply(nowMs + resetAfterMs - 1, PEEK).resetAfterMs).toBe(1);
      }),
      { numRuns: 1000 },
    );
  });

  it('slidingCounter waits exactly until its estimate leaves room, by every millisecond of small windows', () => {
    fc.assert(
      fc.property(
        fc.record({ limit: fc.integer({ min: 1, max: 9 }), windowMs: fc.integer({ min: 1, max: 40 }) }),
        fc.array(fc.record({ dt: fc.integer({ min: 0, max: 30 }), cost: fc.integer({ min: 1, max: 5 }) }), {
          maxLength: 20,
        }),
        fc.integer({ min: 1, max: 9 }),
        ({ limit, windowMs }, ops, cost) => {
          fc.pre(cost <= limit);
          const key = new Key([slidingCounter({ limit, windowMs })]);
          const counts = new Map<number, number>();
          const fits = (t: number, units: number): boolean => {
            const index = Math.floor(t / windowMs);
            const part = windowMs - (t - index * windowMs);
            return (
              ((counts.get(index) ?? 0) + units) * windowMs + (counts.get(index - 1) ?? 0) * part <= limit * windowMs
            );
          };
          let nowMs = 0;
          for (const op of ops) {
            nowMs += op.dt;
            const { ok } = key.apply(nowMs, TAKE, op.cost);
            expect(ok).toBe(fits(nowMs, op.cost));
            const index = Math.floor(nowMs / windowMs);
            if (ok) counts.set(index, (counts.get(index) ?? 0) + op.cost);
          }
          let wait = 0;
          while (!fits(nowMs + wait, cost)) wait++;
          expect(key.apply(nowMs, PEEK, cost).retryAfterMs).toBe(wait);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a refused request consumes nothing', () => {
  it('in no limit, however many times and at whatever cost it is tried', () => {
    let refused = 0;
    fc.assert(
      fc.property(composedLimits, history, fc.integer({ min: 1, max: 30 }), (limits, ops, cost) => {
        const key = new Key([...limits, blocklist()]);
        const nowMs = replay(key, ops);
        const before = structuredClone(key.state);
        if (key.apply(nowMs, PEEK, cost).ok) return;
        refused++;
        for (let i = 0; i < 3; i++) key.apply(nowMs, TAKE, cost);
        expect(structuredClone(key.state)).toEqual(before);
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(200);
  });

  it('and a blocked one nothing in the limits that count', () => {
    const key = new Key([gcra({ rate: 5, perMs: 1000 }), blocklist()]);
    key.apply(0, BLOCK, 1, 300);
    expect(key.apply(0, TAKE)).toMatchObject({ ok: false, index: 1, retryAfterMs: 300, remaining: 0 });
    expect(key.apply(299, TAKE)).toMatchObject({ ok: false, retryAfterMs: 1 });
    expect(key.apply(300, TAKE, 5)).toMatchObject({ ok: true, index: 0, remaining: 0 });
  });
});

describe('a clock that steps back', () => {
  it('never adds quota, and what is charged meanwhile never moves a stored time back', () => {
    fc.assert(
      fc.property(
        countingLimit,
        history,
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 1, max: 8 }),
        (limit, ops, backMs, cost) => {
          const key = new Key([limit]);
          const nowMs = replay(key, ops);
          const earlierMs = Math.max(0, nowMs - backMs);
          const then = key.apply(nowMs, PEEK, cost);
          const back = key.apply(earlierMs, PEEK, cost);
          expect(back.remaining).toBeLessThanOrEqual(then.remaining);
          if (then.retryAfterMs !== Infinity && then.retryAfterMs > 0) {
            expect(earlierMs + back.retryAfterMs).toBe(nowMs + then.retryAfterMs);
          }
          key.apply(earlierMs, TAKE, cost);
          key.apply(earlierMs, FORCE, cost);
          const after = key.apply(nowMs, PEEK, cost);
          expect(after.remaining).toBeLessThanOrEqual(then.remaining);
          expect(after.retryAfterMs).toBeGreaterThanOrEqual(then.retryAfterMs);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

it('a refunded fixed window is reused when the clock steps back, not moved to the past', () => {
  const key = new Key([fixedWindow({ limit: 1, windowMs: 100 })]);
  const { startMs } = key.apply(1000, TAKE);
  key.apply(1000, REFUND, 1, startMs);
  expect(key.apply(950, TAKE).ok).toBe(true);
  expect(key.apply(1099, TAKE).retryAfterMs).toBe(1);
});

it('a sliding log logs what it admits while the clock is behind at the newest time, even if that was refunded', () => {
  const key = new Key([slidingLog({ limit: 1, windowMs: 100 })]);
  const { startMs } = key.apply(1000, TAKE);
  key.apply(1000, REFUND, 1, startMs);
  expect(key.apply(950, TAKE).ok).toBe(true);
  expect(key.apply(1099, TAKE).retryAfterMs).toBe(1);
});

const later = fc.array(
  fc.record({
    dt: fc.integer({ min: 0, max: 700 }),
    cost: fc.integer({ min: 1, max: 4 }),
    op: fc.constantFrom(TAKE, TAKE, FORCE),
  }),
  { maxLength: 8 },
);

describe('a refund', () => {
  it('never leaves more quota than if the request had not been made', () => {
    let refunds = 0;
    // For clocks that do not step back: the state does not tell how long ago the newest charge was.
    // A first-hit window is the exception: what opened it cannot be undone, see the next law.
    const limitsWithoutPhase = composedLimits.filter((limits) =>
      limits.every(({ algorithm, constants }) => algorithm !== 'fixed-window' || constants[2] === 1),
    );
    fc.assert(
      fc.property(
        limitsWithoutPhase,
        history,
        fc.integer({ min: 1, max: 6 }),
        later,
        fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 6 }),
        (limits, ops, cost, between, probes) => {
          const made = new Key(limits);
          const notMade = new Key(limits);
          replay(made, ops);
          let nowMs = replay(notMade, ops);
          const { ok, startMs } = made.apply(nowMs, TAKE, cost);
          if (!ok) return;
          for (const { dt, cost: units, op } of between) {
            nowMs += dt;
            // What the burdened key admits, the other one admits too.
            if (made.apply(nowMs, op, units).ok) notMade.apply(nowMs, FORCE, units);
          }
          made.apply(nowMs, REFUND, cost, startMs);
          refunds++;
          for (const dt of probes) {
            const t = nowMs + dt;
            for (const units of [1, cost, 9]) {
              const wait = made.apply(t, PEEK, units).retryAfterMs;
              expect(wait).toBeGreaterThanOrEqual(notMade.apply(t, PEEK, units).retryAfterMs);
            }
            expect(made.apply(t, PEEK).remaining).toBeLessThanOrEqual(notMade.apply(t, PEEK).remaining);
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(refunds).toBeGreaterThan(500);
  });

  it('of the request that opened a first-hit window leaves the window open, at its old edges', () => {
    const key = new Key([fixedWindow({ limit: 2, windowMs: 100 })]);
    const { startMs } = key.apply(0, TAKE);
    key.apply(40, TAKE);
    key.apply(50, REFUND, 1, startMs);
    expect(key.apply(99, PEEK)).toMatchObject({ remaining: 1, resetAfterMs: 1 });
  });

  it('at once and with nothing in between gives everything back', () => {
    fc.assert(
      fc.property(composedLimits, history, fc.integer({ min: 1, max: 6 }), (limits, ops, cost) => {
        const key = new Key(limits);
        const nowMs = replay(key, ops);
        const before = key.apply(nowMs, PEEK, cost);
        const { ok, startMs } = key.apply(nowMs, TAKE, cost);
        if (!ok) return;
        key.apply(nowMs, REFUND, cost, startMs);
        expect(key.apply(nowMs, PEEK, cost)).toEqual(before);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a reservation', () => {
  const single = gcraRule.map((rule) => ({ rule, limit: gcra(rule) }));

  it('starts when a take would first have been allowed, or is refused and leaves nothing behind', () => {
    fc.assert(
      fc.property(single, history, fc.integer({ min: 0, max: 3000 }), ({ limit }, ops, maxWaitMs) => {
        const key = new Key([limit]);
        const nowMs = replay(key, ops);
        const wait = key.apply(nowMs, PEEK).retryAfterMs;
        const out = key.apply(nowMs, RESERVE, 1, maxWaitMs);
        expect(out.ok).toBe(wait <= maxWaitMs);
        if (out.ok) expect(out.startMs).toBe(nowMs + wait);
        else expect(key.apply(nowMs, PEEK).retryAfterMs).toBe(wait);
      }),
    );
  });

  it('taken in a row, starts conform to the limit', () => {
    fc.assert(
      fc.property(single, gaps, fc.integer({ min: 1, max: 4000 }), ({ rule, limit }, arrivals, windowMs) => {
        const key = new Key([limit]);
        let nowMs = 0;
        const starts: number[] = [];
        for (const gapMs of arrivals) {
          nowMs += gapMs;
          const out = key.apply(nowMs, RESERVE, 1, 10_000);
          if (out.ok) starts.push(out.startMs);
        }
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
        const bound = rule.burst + (rule.rate * windowMs) / rule.perMs;
        expect(mostInWindow(starts, windowMs)).toBeLessThanOrEqual(bound);
      }),
    );
  });
});

describe('a penalty', () => {
  it('is charged in full past the limit, and saturates far above any wait that matters', () => {
    const key = new Key([gcra({ rate: 1, perMs: 1000, burst: 2 })]);
    expect(key.apply(0, FORCE, 5)).toMatchObject({ ok: true, remaining: 0, charged: 5, retryAfterMs: Infinity });
    expect(key.apply(0, PEEK).retryAfterMs).toBe(4000);
    for (let i = 0; i < 5; i++) key.apply(0, FORCE, Number.MAX_SAFE_INTEGER);
    const { retryAfterMs } = key.apply(0, PEEK);
    expect(retryAfterMs).toBe(2 ** 51 - 1000);
    key.apply(1000, FORCE, 1);
    expect(key.apply(1000, PEEK).retryAfterMs).toBe(retryAfterMs);
  });

  it('in a sliding log keeps the newest times, so memory stays at the limit', () => {
    const key = new Key([slidingLog({ limit: 3, windowMs: 100 })]);
    key.apply(0, TAKE, 2);
    key.apply(50, FORCE, 1_000_000);
    expect(key.apply(149, PEEK).retryAfterMs).toBe(1);
    expect(key.apply(150, PEEK, 3)).toMatchObject({ ok: true, remaining: 3 });
  });
});
