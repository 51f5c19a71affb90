import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocklist, createLimiter, gcra, MapStore, slidingLog, type Limit, type SyncLimiter } from '../src/index.ts';
import { manualClock } from '../src/testing/index.ts';
import { BLOCK, emptyOutcome, FORCE, PEEK, REFUND, TAKE } from '../src/transition.ts';
import type { State } from '../src/algorithms/algorithm.ts';
import { composedLimits, Key, specOf } from './support.ts';

const second = (burst: number): Limit => gcra({ rate: 1, perMs: 1000, burst });

describe('MapStore', () => {
  it('decides for many keys as if each were alone and never forgotten, field for field', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 24 }),
      op: fc.constantFrom(TAKE, TAKE, TAKE, PEEK, FORCE, REFUND, BLOCK),
      cost: fc.integer({ min: 1, max: 6 }),
      arg: fc.integer({ min: 0, max: 400 }),
      dt: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 200 }), fc.constant(5000)),
    });
    fc.assert(
      fc.property(composedLimits, fc.array(step, { maxLength: 150, size: 'max' }), (counting, steps) => {
        const limits = [...counting, blocklist()];
        const store = new MapStore({ maxKeys: 25 }).bind(specOf(limits));
        const alone = new Map<number, Key>();
        const out = emptyOutcome();
        let nowMs = 0;
        for (const { key, op, cost, arg, dt } of steps) {
          nowMs += dt;
          let one = alone.get(key);
          if (one === undefined) alone.set(key, (one = new Key(limits)));
          const startMs = Math.max(0, nowMs - arg);
          store.apply(String(key), op, cost, op === REFUND ? startMs : arg, nowMs, out);
          expect(out).toEqual(one.apply(nowMs, op, cost, op === REFUND ? startMs : arg));
        }
        expect(store.evictedLive).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('gives each limiter a space of its own', () => {
    const store = new MapStore();
    const a = createLimiter({ limits: second(1), store });
    const b = createLimiter({ limits: second(1), store });
    expect(a.tryTakeSync('k')).toBe(true);
    expect(b.tryTakeSync('k')).toBe(true);
    expect(a.tryTakeSync('k')).toBe(false);
  });

  it.each([1, 5, 16, 17, 64])(
    'holds at most maxKeys = %i keys, and counts every live one it forgets',
    async (maxKeys) => {
      const limiter = createLimiter({ limits: second(10), store: new MapStore({ maxKeys }), clock: manualClock() });
      for (let i = 0; i < 1000; i++) expect(limiter.tryTakeSync(`k${String(i)}`)).toBe(true);
      let held = 0;
      for (let i = 0; i < 1000; i++) if ((await limiter.peek(`k${String(i)}`)).remaining < 10) held++;
      expect(held).toBe(maxKeys);
      expect(limiter.stats()).toMatchObject({ keys: maxKeys, evictedLive: 1000 - maxKeys });
    },
  );

  it('when full, forgets what is nearest to full quota: a flood of new keys cannot free a limited one', () => {
    const limiter = createLimiter({ limits: second(5), store: new MapStore({ maxKeys: 64 }), clock: manualClock() });
    // Wherever the store looks for a victim, some of 16 neighbours are not limited.
    for (let i = 0; i < 64; i++) limiter.takeSync(`early${String(i)}`, i % 5 === 0 ? 5 : 1);
    for (let i = 0; i < 10_000; i++) limiter.tryTakeSync(`flood${String(i)}`);
    for (let i = 0; i < 64; i += 5) expect(limiter.tryTakeSync(`early${String(i)}`)).toBe(false);
    expect(limiter.stats().evictedLive).toBeGreaterThan(9000);
  });

  it('frees drained entries as new keys come: it grows with the live keys, not with all keys ever seen', () => {
    const clock = manualClock();
    const limiter = createLimiter({ limits: second(10), clock, store: new MapStore() });
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 100; i++) limiter.tryTakeSync(`${String(round)}.${String(i)}`);
      clock.advance(1000);
    }
    expect(limiter.stats().keys).toBeLessThanOrEqual(200);
    expect(limiter.stats().evictedLive).toBe(0);
  });

  it('lets the log of a forgotten key go', () => {
    const bound = new MapStore().bind(specOf([slidingLog({ limit: 2, windowMs: 10 })]));
    const out = emptyOutcome();
    for (let i = 0; i < 20; i++) bound.apply(String(i), TAKE, 1, 0, 0, out);
    for (let i = 0; i < 20; i++) bound.reset(String(i));
    const { state } = bound as unknown as { state: State };
    expect(bound.size).toBe(0);
    expect(state.rings.filter((ring) => ring !== undefined)).toEqual([]);
  });

  it('neither stores nor displaces anything for a refusal, a peek, a lifted block or an undone charge', async () => {
    const limiter = createLimiter({
      limits: [second(2), blocklist()],
      store: new MapStore({ maxKeys: 1 }),
      clock: manualClock(),
    });
    limiter.takeSync('held', 2);
    expect(limiter.takeSync('other', 3)).toMatchObject({ allowed: false, retryAfterMs: Infinity });
    expect((await limiter.peek('other')).allowed).toBe(true);
    await limiter.block('other', 0);
    expect(limiter.tryTakeSync('held')).toBe(false);
    expect(limiter.stats().evictedLive).toBe(0);
  });

  describe("whenFull: 'reject'", () => {
    const full = (): SyncLimiter => {
      const store = new MapStore({ maxKeys: 2, whenFull: 'reject' });
      const limiter = createLimiter({ limits: [second(3), blocklist()], store, clock: manualClock() });
      limiter.takeSync('a', 3);
      limiter.takeSync('b', 2);
      return limiter;
    };

    it('refuses only newcomers, and says when the next entry drains', () => {
      const limiter = full();
      expect(limiter.takeSync('new')).toMatchObject({ allowed: false, source: 'full', retryAfterMs: 2000 });
      expect(limiter.takeSync('b')).toMatchObject({ allowed: true, source: 'store' });
      expect(limiter.takeSync('new', 1, 3000).allowed).toBe(true);
      expect(limiter.stats()).toMatchObject({ allowed: 4, rejected: 1, evictedLive: 0 });
    });

    it('still makes room for a block or a penalty, which must not fail silently', async () => {
      const limiter = full();
      await limiter.block('new', 500);
      expect(limiter.takeSync('new').allowed).toBe(false);
      expect(limiter.takeSync('new').source).toBe('store');
      expect(limiter.stats().evictedLive).toBe(1);
    });
  });

  it('moves sliding logs with their keys: growing and forgetting mix up no two of them', () => {
    const clock = manualClock();
    const limits = slidingLog({ limit: 3, windowMs: 1000 });
    const limiter = createLimiter({ limits, store: new MapStore({ maxKeys: 500 }), clock });
    for (let i = 0; i < 500; i++) limiter.takeSync(`k${String(i)}`, 1 + (i % 3));
    for (let i = 0; i < 500; i++) {
      const used = 1 + (i % 3);
      expect(limiter.takeSync(`k${String(i)}`, 4 - used).allowed).toBe(false);
      if (used < 3) expect(limiter.takeSync(`k${String(i)}`, 3 - used)).toMatchObject({ allowed: true, remaining: 0 });
    }
  });
});
