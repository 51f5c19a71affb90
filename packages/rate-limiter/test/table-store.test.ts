import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blocklist, createLimiter, gcra, MapStore, slidingLog, TableStore, type Limit } from '../src/index.ts';
import { defaultStore } from '../src/default-store.ts';
import type { BoundSyncStore } from '../src/store.ts';
import { conformance, manualClock } from '../src/testing/index.ts';
import { BLOCK, emptyOutcome, FORCE, PEEK, REFUND, RESERVE, TAKE } from '../src/transition.ts';
import { countingLimit, gcraRule, specOf } from './support.ts';

const nightly = process.env['NIGHTLY'] === '1';
const second = (burst: number): Limit => gcra({ rate: 1, perMs: 1000, burst });

/** A table of a single set, so that every key meets every other: room for 8. */
const oneSet = { capacity: 1, random: () => 0.4 };

function seeded(): () => number {
  let seed = 7;
  return () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

describe('TableStore', () => {
  it('decides as the transition does, for all it can hold', async () => {
    const report = await conformance({
      bind: (spec) => new TableStore({ capacity: 64 }).bind(spec),
      algorithms: ['gcra', 'sliding-counter', 'fixed-window', 'blocklist'],
      stepsBack: false,
      rounds: nightly ? 8000 : 300,
      keys: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
    });
    expect(report.operations).toBeGreaterThan(nightly ? 1_000_000 : 20_000);
  });

  it('and so answers what MapStore answers, field for field, among hundreds of keys that come, drain and go', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 400 }),
      op: fc.constantFrom(TAKE, TAKE, TAKE, TAKE, PEEK, FORCE, REFUND, BLOCK),
      cost: fc.integer({ min: 1, max: 6 }),
      arg: fc.integer({ min: 0, max: 400 }),
      dt: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 }), fc.constant(5000)),
    });
    const counting = countingLimit.filter(({ algorithm }) => algorithm !== 'sliding-log');
    fc.assert(
      fc.property(counting, fc.array(step, { minLength: 50, maxLength: 700, size: 'max' }), (limit, steps) => {
        const spec = specOf([limit, blocklist()]);
        const table = new TableStore({ capacity: 1000, random: seeded() }).bind(spec);
        const map = new MapStore().bind(spec);
        const [a, b] = [emptyOutcome(), emptyOutcome()];
        let nowMs = 0;
        for (const { key, op, cost, arg, dt } of steps) {
          nowMs += dt;
          const given = op === REFUND ? Math.max(0, nowMs - arg) : arg;
          table.apply(`user:${String(key)}`, op, cost, given, nowMs, a);
          map.apply(`user:${String(key)}`, op, cost, given, nowMs, b);
          expect(a).toEqual(b);
        }
        expect(table.evictedLive).toBe(0);
      }),
      { numRuns: nightly ? 3000 : 100 },
    );
  });

  it('tryTake decides and leaves the state as a take does', () => {
    fc.assert(
      fc.property(
        fc.oneof(gcraRule.map(gcra), countingLimit),
        fc.array(fc.tuple(fc.nat(9), fc.nat(60), fc.integer({ min: 1, max: 4 })), { maxLength: 200, size: 'max' }),
        (limit, steps) => {
          fc.pre(limit.algorithm !== 'sliding-log');
          const bind = (): BoundSyncStore => new TableStore({ ...oneSet }).bind(specOf([limit]));
          const [brief, full] = [bind(), bind()];
          const out = emptyOutcome();
          const other = emptyOutcome();
          let nowMs = 0;
          for (const [key, dt, cost] of steps) {
            nowMs += dt;
            full.apply(String(key), TAKE, cost, 0, nowMs, out);
            expect(brief.tryTake(String(key), cost, nowMs)).toBe(out.ok);
            full.apply(String(key), PEEK, cost, 0, nowMs, out);
            brief.apply(String(key), PEEK, cost, 0, nowMs, other);
            expect(other).toEqual(out);
          }
          expect(brief.evictedLive).toBe(full.evictedLive);
          expect(brief.size).toBe(full.size);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses a sliding log and says where to put it; the default store takes one', () => {
    const limits = slidingLog({ limit: 2, windowMs: 10 });
    expect(() => createLimiter({ limits, store: new TableStore() })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('MapStore') as string }),
    );
    expect(defaultStore([limits])).toBeInstanceOf(MapStore);
    expect(defaultStore([second(1), blocklist()])).toBeInstanceOf(TableStore);
  });

  it.each([{ capacity: 0 }, { capacity: 1.5 }, { capacity: 2 ** 24 + 1 }, { capacity: '9' }, { whenFull: 'drop' }])(
    'refuses %j',
    (options) => {
      expect(() => new TableStore(options as object)).toThrow(Object.keys(options)[0]);
    },
  );

  it('an entry is free when its whole debt has drained, to the part of a millisecond, and not before', () => {
    // 1 unit in 333 1/3 ms: at 333 a third of a millisecond is owed.
    const limits = gcra({ rate: 3, perMs: 1000 });
    const limiter = createLimiter({ limits, store: new TableStore({ ...oneSet, whenFull: 'reject' }) });
    for (let i = 0; i < 8; i++) expect(limiter.tryTakeSync(`k${String(i)}`, 1, 0)).toBe(true);
    const refused = { allowed: false, source: 'full', remaining: 0, retryAfterMs: 1, resetAfterMs: 1, startMs: 333 };
    expect(limiter.takeSync('new', 1, 333)).toMatchObject(refused);
    expect(limiter.tryTakeSync('new', 1, 333)).toBe(false);
    expect(limiter.tryTakeSync('new', 1, 334)).toBe(true);
    expect(limiter.stats()).toMatchObject({ keys: 8, evictedLive: 0, allowed: 9, rejected: 2 });
  });

  it('when all candidates are live, forgets the one nearest to full quota, and counts it', async () => {
    const limiter = createLimiter({ limits: second(10), store: new TableStore(oneSet), clock: manualClock() });
    for (let i = 0; i < 8; i++) limiter.takeSync(`k${String(i)}`, i === 5 ? 1 : 2 + i);
    expect(limiter.takeSync('new', 3)).toMatchObject({ allowed: true, source: 'store', remaining: 7 });
    expect(limiter.stats()).toMatchObject({ keys: 8, evictedLive: 1 });
    for (let i = 0; i < 8; i++) {
      expect((await limiter.peek(`k${String(i)}`)).remaining, `k${String(i)}`).toBe(i === 5 ? 10 : 8 - i);
    }
  });

  it("whenFull: 'reject' refuses only newcomers, and only what may be refused", async () => {
    const store = new TableStore({ ...oneSet, whenFull: 'reject' });
    const limiter = createLimiter({ limits: [second(3), blocklist()], store, clock: manualClock() });
    for (let i = 0; i < 8; i++) limiter.takeSync(`k${String(i)}`, 2);
    expect(limiter.takeSync('new')).toMatchObject({ allowed: false, source: 'full', retryAfterMs: 2000 });
    expect(limiter.takeSync('k3')).toMatchObject({ allowed: true, source: 'store' });
    await limiter.block('new', 500);
    expect(limiter.takeSync('new')).toMatchObject({ allowed: false, source: 'store', retryAfterMs: 500 });
    expect(limiter.stats().evictedLive).toBe(1);
    const bound = store.bind(specOf([second(3)]));
    const out = emptyOutcome();
    for (let i = 0; i < 8; i++) bound.apply(String(i), TAKE, 1, 0, 0, out);
    bound.apply('late', RESERVE, 1, 100, 0, out);
    expect(out).toMatchObject({ ok: false, index: -1 });
  });

  it('neither stores nor displaces anything for a refusal, a peek, a lifted block or an undone charge', async () => {
    const limiter = createLimiter({
      limits: [second(2), blocklist()],
      store: new TableStore(oneSet),
      clock: manualClock(),
    });
    for (let i = 0; i < 8; i++) limiter.takeSync(`k${String(i)}`);
    expect(limiter.takeSync('other', 3)).toMatchObject({ allowed: false, retryAfterMs: Infinity });
    expect(limiter.tryTakeSync('other', 3)).toBe(false);
    expect((await limiter.peek('other')).allowed).toBe(true);
    await limiter.block('other', 0);
    await limiter.reset('other');
    expect(limiter.stats()).toMatchObject({ keys: 8, evictedLive: 0 });
  });

  it('a reset gives the slot back', async () => {
    const limiter = createLimiter({ limits: second(2), store: new TableStore(oneSet), clock: manualClock() });
    for (let i = 0; i < 8; i++) limiter.takeSync(`k${String(i)}`, 2);
    await limiter.reset('k1');
    expect(limiter.stats().keys).toBe(7);
    limiter.takeSync('new', 2);
    expect(limiter.stats()).toMatchObject({ keys: 8, evictedLive: 0 });
    expect(limiter.takeSync('k1', 2).allowed).toBe(true);
    expect(limiter.stats().evictedLive).toBe(1);
  });

  it('holds as many live keys as its capacity says, save a few in ten thousand', () => {
    const limiter = createLimiter({
      limits: second(10),
      store: new TableStore({ capacity: 100_000, random: seeded() }),
      clock: manualClock(),
    });
    for (let i = 0; i < 100_000; i++) limiter.tryTakeSync(`user:${String(i)}`);
    expect(limiter.stats().evictedLive).toBeLessThan(50);
    expect(limiter.stats().keys + limiter.stats().evictedLive).toBe(100_000);
  });

  it('a key whose hash is 0 is no free slot', () => {
    // 5 * 0xcccccccd is 1 modulo 2^32, and so are the length of 'a' and what its second half is before it is mixed.
    const draws = [0, (0xcccccccd ^ 'a'.charCodeAt(0)) >>> 0, 0, 0].map((draw) => draw / 2 ** 32);
    const store = new TableStore({ capacity: 1, random: () => draws.shift()! });
    const limiter = createLimiter({ limits: second(2), store, clock: manualClock() });
    limiter.takeSync('a', 2);
    expect(limiter.stats().keys).toBe(1);
    for (const key of 'bcdefgh') limiter.takeSync(key, 1);
    expect(limiter.tryTakeSync('a')).toBe(false);
  });

  it('draws another hash for every limiter, so that what meets in one does not meet in another', async () => {
    const survivors = async (store: TableStore): Promise<string> => {
      const limiter = createLimiter({ limits: second(10), store, clock: manualClock() });
      for (let i = 0; i < 200; i++) limiter.tryTakeSync(`k${String(i)}`);
      let held = '';
      for (let i = 0; i < 200; i++) held += (await limiter.peek(`k${String(i)}`)).remaining === 10 ? '0' : '1';
      return held;
    };
    const store = new TableStore({ capacity: 64 });
    expect(await survivors(store)).not.toBe(await survivors(store));
  });
});

describe('a flood of new keys', () => {
  const keys = nightly ? 10_000_000 : 300_000;

  it('takes no room, never frees a key that is being limited, and is counted', () => {
    const clock = manualClock();
    const limiter = createLimiter({
      limits: gcra({ rate: 10, perMs: 60_000 }),
      store: new TableStore({ capacity: 10_000, random: seeded() }),
      clock,
    });
    for (let i = 0; i < 10; i++) expect(limiter.tryTakeSync('client')).toBe(true);
    let admitted = 0;
    let evicted = 0;
    for (let i = 0; i < keys; i++) {
      limiter.tryTakeSync(`flood:${String(i)}`);
      if (i % 1000 !== 0) continue;
      clock.advance(100);
      if (limiter.tryTakeSync('client')) admitted++;
      const { evictedLive, keys: held } = limiter.stats();
      expect(evictedLive).toBeGreaterThanOrEqual(evicted);
      expect(held).toBeLessThanOrEqual(12_504);
      evicted = evictedLive;
    }
    // One unit in 6000 ms: what an unthreatened client gets in that time.
    expect(admitted).toBe(Math.floor(((keys / 1000) * 100) / 6000));
    expect(evicted).toBeGreaterThan(keys / 2);
  });
});
