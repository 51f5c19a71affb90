/**
 * The Lua scripts and the transition decide alike, field for field, operation by operation, batched and not.
 *
 * Time is injected, so it may stand still, leap and step back. The model is the transition over one state per key: no
 * store, no expiry, no second implementation of any law.
 */
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocklist, gcra, type Limit } from '../../src/limits.ts';
import { fromIoredis } from '../../src/redis/index.ts';
import { redisStoreAt } from '../../src/redis/redis-store.ts';
import { specFor } from '../../src/store.ts';
import { BLOCK, FORCE, LEASE, PEEK, REFUND, RESERVE, TAKE, type Outcome } from '../../src/transition.ts';
import { countingLimit, gcraRule, Key } from '../support.ts';
import { hasRedis, startRedis, stopRedis } from './servers.ts';

const numRuns = process.env['NIGHTLY'] === '1' ? 4000 : 250;

const operation = fc.record({
  op: fc.oneof(
    { weight: 8, arbitrary: fc.constant(TAKE) },
    { weight: 1, arbitrary: fc.constantFrom(PEEK, FORCE, LEASE, BLOCK) },
    { weight: 5, arbitrary: fc.constantFrom(RESERVE, REFUND) },
    { weight: 1, arbitrary: fc.constant('reset' as const) },
  ),
  key: fc.constantFrom('a', 'b}', '{c'),
  cost: fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 25 }) },
    { weight: 1, arbitrary: fc.constantFrom(2 ** 40, Number.MAX_SAFE_INTEGER) },
  ),
  arg: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2000 })),
  pick: fc.nat(),
});
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** All in one turn of the event loop, after a step of the clock. */
const turn = fc.record({
  dt: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: -500, max: -1 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1000, max: 100_000 }) },
  ),
  operations: fc.array(operation, { minLength: 1, maxLength: 12 }),
});

const named = (limits: readonly Limit[]): Limit[] => limits.map((limit, i) => ({ ...limit, name: `l${String(i)}` }));

describe.skipIf(!hasRedis())('the scripts', () => {
  let redis: Redis;
  let made = 0;
  beforeAll(async () => {
    redis = new Redis((await startRedis()).url);
  });
  afterAll(async () => {
    redis.disconnect();
    await stopRedis();
  });

  async function compare(
    limits: readonly Limit[],
    maxBatch: number,
    startMs: number,
    turns: readonly { readonly dt: number; readonly operations: readonly Operation[] }[],
    count: (kind: string) => void,
  ): Promise<void> {
    let nowMs = startMs;
    const prefix = `p${String(made++)}:`;
    const store = redisStoreAt({ client: fromIoredis(redis), prefix, maxBatch }, () => nowMs).bind(
      specFor('n', limits, () => 0),
    );
    // Order is only kept among calls that find their script, so have the server know both.
    await store.apply('first', PEEK, 1, 0);
    await store.apply('first', TAKE, 1, 0);
    const models = new Map<string, Key>();
    const refundable: { key: string; cost: number; startMs: number }[] = [];
    const reservable = new Key(limits).plan.reservable;
    for (const { dt, operations } of turns) {
      nowMs = Math.max(0, nowMs + dt);
      const expected: (Outcome | undefined)[] = [];
      const answers: Promise<unknown>[] = [];
      for (const { op, key: drawnKey, cost: drawn, arg: drawnArg, pick } of operations) {
        let [key, cost, arg]: [string, number, number] = [drawnKey, drawn, drawnArg];
        if (op === 'reset') {
          models.delete(key);
          expected.push(undefined);
          answers.push(store.reset(key));
          continue;
        }
        if (op === RESERVE && !reservable) continue;
        // The parser of ioredis rounds integers next to 2^53, and only a lease without any quota can be so large.
        if (op === LEASE) cost = Math.min(cost, 2 ** 50);
        if (op === REFUND) {
          const [taken] = refundable.splice(pick % Math.max(1, refundable.length), 1);
          if (taken === undefined) continue;
          ({ key, cost, startMs: arg } = taken);
        }
        let model = models.get(key);
        if (model === undefined) models.set(key, (model = new Key(limits)));
        const out = model.apply(nowMs, op, cost, arg);
        if (out.ok && (op === TAKE || op === RESERVE)) refundable.push({ key, cost, startMs: out.startMs });
        count(`${String(op)} ${out.ok ? 'accepted' : 'refused'}`);
        if (out.startMs > nowMs) count('promised');
        expected.push({ ...out, nowMs } as Outcome);
        answers.push(store.apply(key, op, cost, arg));
      }
      expect(await Promise.all(answers)).toEqual(expected);
    }
  }

  const turns = fc.array(turn, { minLength: 1, maxLength: 15, size: 'max' });
  const start = fc.oneof(fc.integer({ min: 0, max: 2 ** 41 }), fc.constant(0));

  it('decide as the transition does, one to three limits of any kind and a blocklist composed', async () => {
    const seen = new Map<string, number>();
    const count = (kind: string): void => void seen.set(kind, (seen.get(kind) ?? 0) + 1);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(countingLimit, { weight: 3, arbitrary: gcraRule.map(gcra) }), { minLength: 0, maxLength: 3 }),
        fc.boolean(),
        fc.constantFrom(1, 4, 64),
        start,
        turns,
        async (limits, isBlockable, maxBatch, startMs, all) => {
          const composed = isBlockable || limits.length === 0 ? [...limits, blocklist()] : limits;
          await compare(named(composed), maxBatch, startMs, all, count);
        },
      ),
      { numRuns },
    );
    // The trace must have been through what it is meant to compare.
    const kinds = [TAKE, RESERVE, LEASE, PEEK].flatMap((op) => [`${op} accepted`, `${op} refused`]);
    for (const kind of [...kinds, `${REFUND} accepted`, `${BLOCK} accepted`, `${FORCE} accepted`, 'promised']) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(numRuns / 30);
    }
  });

  it('decide alike on the hot path, takes of a single gcra only, also among other operations', async () => {
    const seen = new Map<string, number>();
    const count = (kind: string): void => void seen.set(kind, (seen.get(kind) ?? 0) + 1);
    const takes = fc.record({
      dt: turn.map(({ dt }) => dt),
      operations: fc.array(
        operation.map((one): Operation => ({ ...one, op: TAKE })),
        { minLength: 1, maxLength: 12 },
      ),
    });
    const mixed = fc.array(fc.oneof({ weight: 4, arbitrary: takes }, turn), {
      minLength: 1,
      maxLength: 15,
      size: 'max',
    });
    await fc.assert(
      fc.asyncProperty(gcraRule, fc.constantFrom(1, 4, 64), start, mixed, async (rule, maxBatch, startMs, all) => {
        await compare([gcra(rule)], maxBatch, startMs, all, count);
      }),
      { numRuns },
    );
    for (const kind of [`${TAKE} accepted`, `${TAKE} refused`]) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(numRuns * 5);
    }
  });
});
