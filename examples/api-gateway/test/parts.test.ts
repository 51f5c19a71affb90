/** The parts that need no processes: the pool, the outcomes, the boundary attack, the flood, and a store's wire. */
import {
  createLimiter,
  gcra,
  MapStore,
  slidingLog,
  type BoundSyncStore,
  type Op,
  type Outcome,
} from '@loadbearing/rate-limiter';
import { LineClient, lineServer } from '@loadbearing-examples/page-kit/wire/json-lines.ts';
import { until } from '@loadbearing-examples/page-kit/testing/until.ts';
import { describe, expect, test } from 'vitest';
import { priorityOf } from '../src/gateway/settings.ts';
import { outcomeOf } from '../src/load/outcomes.ts';
import { boundary } from '../src/scenarios/boundary.ts';
import { flood } from '../src/scenarios/flood.ts';
import { Pool } from '../src/upstream/pool.ts';
import { lineStore, toWire } from '../src/wire/line-store.ts';

describe('the pool', () => {
  test('serves as many at once as it has slots, and the others in the order in which they came', async () => {
    const pool = new Pool({ slots: 2, serviceMs: 1 });
    const order: number[] = [];
    const all = [0, 1, 2, 3, 4].map((n) => pool.run().then(() => order.push(n)));
    expect(pool.counts()).toEqual({ served: 0, waiting: 3 });
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(pool.counts()).toEqual({ served: 5, waiting: 0 });
  });

  test('clear sends away who waits, not who is being served', async () => {
    const pool = new Pool({ slots: 1, serviceMs: 1 });
    const [first, second] = [pool.run(), pool.run()];
    pool.clear();
    expect(await second).toBe(false);
    expect(await first).toBe(true);
  });
});

test.each([
  [200, 250, 'ok'],
  [200, 251, 'late'],
  [429, 1, 'limited'],
  [503, 1, 'shed'],
  [502, 1, 'failed'],
])('status %i after %i ms of 250 is %s', (status, tookMs, outcome) => {
  expect(outcomeOf(status, tookMs, 250)).toBe(outcome);
});

test('the class of a request is its route, whatever it says of itself', () => {
  expect(priorityOf('/checkout')).toBe(0);
  expect(priorityOf('/search?class=checkout')).toBe(1);
});

test.each([boundary(), flood(100_000)])('$title: every claim holds', ({ claims }) => {
  expect(claims.filter(({ holds }) => !holds)).toEqual([]);
});

test('over the wire a store answers as in the process, "never" included', async () => {
  const limits = [gcra({ name: 'a', rate: 2, perMs: 1000 }), slidingLog({ name: 'b', limit: 3, windowMs: 500 })];
  const nowMs = 5000;
  const space: BoundSyncStore = new MapStore().bind({ name: 'n', limits, fingerprint: 'f', clock: () => nowMs });
  const server = await lineServer({
    apply: ([, , key, op, cost, arg]) => {
      const out = { ok: false } as Outcome;
      space.apply(key!, op as unknown as Op, cost!, arg!, nowMs, out);
      return toWire(out, nowMs);
    },
    reset: ([, , key]) => space.reset(key!),
  });
  const line = new LineClient(server.port);
  await until('the line is up', () => line.isUp);
  const there = createLimiter({ limits, store: lineStore(line), deadlineMs: 60_000 });
  const here = createLimiter({ limits, clock: () => nowMs });
  for (const cost of [1, 1, 1, 4]) {
    const { source: _, ...decision } = await there.take('k', cost);
    expect(decision).toEqual({ ...here.takeSync('k', cost), source: undefined, ...decision });
    expect(decision.retryAfterMs).toBe((await here.peek('k', cost)).retryAfterMs);
  }
  expect((await there.peek('k', 4)).retryAfterMs).toBe(Infinity);
  await there.reset('k');
  expect((await there.take('k', 2)).allowed).toBe(true);
  line.close();
  await server.close();
});
