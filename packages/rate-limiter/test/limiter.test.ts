import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blocklist,
  createLimiter,
  fixedWindow,
  gcra,
  joinKey,
  MapStore,
  RateLimiterError,
  slidingCounter,
  slidingLog,
} from '../src/index.ts';
import { manualClock } from '../src/testing/index.ts';
import { composedLimits } from './support.ts';

const composed = [
  gcra({ name: 'burst', rate: 2, perMs: 1000, burst: 4 }),
  slidingLog({ name: 'minute', limit: 6, windowMs: 60_000 }),
];

describe('a composed limiter', () => {
  it('charges all limits or none', () => {
    const limiter = createLimiter({ limits: composed, clock: manualClock() });
    expect(limiter.takeSync('k', 4)).toMatchObject({ allowed: true, remaining: 0, limit: composed[0] });
    expect(limiter.takeSync('k', 1)).toMatchObject({ allowed: false, limit: composed[0], retryAfterMs: 500 });
    // Had the refusals been counted in "minute", two more would not fit.
    for (let i = 0; i < 5; i++) limiter.takeSync('k', 1);
    expect(limiter.takeSync('k', 2, 1000)).toMatchObject({ allowed: true, remaining: 0 });
    expect(limiter.takeSync('k', 1, 5000)).toMatchObject({ allowed: false, limit: composed[1], retryAfterMs: 55_000 });
  });

  it('answers a cost above a quota at once: never, as a value', () => {
    const limiter = createLimiter({ limits: composed, clock: manualClock() });
    expect(limiter.takeSync('k', 5)).toMatchObject({ allowed: false, retryAfterMs: Infinity, limit: composed[0] });
    expect(limiter.takeSync('k', Number.MAX_SAFE_INTEGER).retryAfterMs).toBe(Infinity);
    expect(limiter.takeSync('k', 4).allowed).toBe(true);
  });

  it('says how long the next request of the same cost would wait even when it allows', () => {
    const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 1000 }), clock: manualClock() });
    expect(limiter.takeSync('k')).toMatchObject({ allowed: true, retryAfterMs: 1000, resetAfterMs: 1000, startMs: 0 });
  });

  it('lets racing callers share a last unit between them only once', async () => {
    const limiter = createLimiter({ limits: composed, clock: manualClock() });
    const decisions = await Promise.all(Array.from({ length: 20 }, () => limiter.take('k')));
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(4);
  });
});

describe('the methods of a limiter', () => {
  it('act before they return when the store is in the process', () => {
    const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 1000 }), clock: manualClock() });
    void limiter.take('k');
    expect(limiter.tryTakeSync('k')).toBe(false);
    void limiter.reset('k');
    expect(limiter.tryTakeSync('k')).toBe(true);
  });

  it('tryTakeSync is takeSync().allowed, and take resolves to the same decision', async () => {
    const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 4 })), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(composedLimits, arrivals, async (limits, steps) => {
        const clock = manualClock();
        const [full, quick, later] = [0, 1, 2].map(() => createLimiter({ limits, clock }));
        for (const [dt, cost] of steps) {
          clock.advance(dt);
          const decision = full!.takeSync('k', cost);
          expect(quick!.tryTakeSync('k', cost)).toBe(decision.allowed);
          expect(await later!.take('k', cost)).toEqual(decision);
        }
        expect(quick!.stats()).toEqual(full!.stats());
      }),
    );
  });

  it('peek answers as take would, and changes nothing', async () => {
    const limiter = createLimiter({ limits: composed, clock: manualClock() });
    for (let i = 0; i < 3; i++) expect(await limiter.peek('k', 4)).toMatchObject({ allowed: true, remaining: 4 });
    expect(limiter.takeSync('k', 4).allowed).toBe(true);
    expect(await limiter.peek('k')).toMatchObject({ allowed: false, retryAfterMs: 500 });
    expect(limiter.stats()).toMatchObject({ allowed: 1, rejected: 0 });
  });

  it('refund gives an allowed take back once, and nothing for any other decision', async () => {
    const limiter = createLimiter({ limits: composed, clock: manualClock() });
    const other = createLimiter({ limits: composed, clock: manualClock() });
    const left = async (): Promise<number> => (await limiter.peek('k')).remaining;
    const taken = limiter.takeSync('k', 3);
    await other.refund(taken);
    await limiter.refund({ ...taken });
    expect(await left()).toBe(1);
    await limiter.refund(taken);
    expect(await left()).toBe(4);
    limiter.takeSync('k', 2);
    await limiter.refund(taken);
    await limiter.refund(limiter.takeSync('k', 4));
    await limiter.refund(await limiter.peek('k'));
    expect(await left()).toBe(2);
    await limiter.refund(await limiter.penalize('k', 1));
    expect(await left()).toBe(1);
  });

  it('a decision shows only what it says', () => {
    const decision = createLimiter({ limits: composed, clock: manualClock() }).takeSync('k');
    expect(JSON.parse(JSON.stringify(decision))).toEqual({
      allowed: true,
      key: 'k',
      cost: 1,
      limit: JSON.parse(JSON.stringify(composed[0])) as unknown,
      remaining: 3,
      retryAfterMs: 0,
      resetAfterMs: 500,
      startMs: 0,
      source: 'store',
    });
  });

  it('penalize charges past the limit', async () => {
    const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 1000, burst: 3 }), clock: manualClock() });
    expect(await limiter.penalize('k', 5)).toMatchObject({ allowed: true, remaining: 0 });
    expect(limiter.takeSync('k')).toMatchObject({ allowed: false, retryAfterMs: 3000 });
  });

  it('block refuses a key until its time, at no cost; 0 and reset lift it', async () => {
    const clock = manualClock(7);
    const limiter = createLimiter({ limits: [gcra({ rate: 5, perMs: 1000 }), blocklist({ name: 'abuse' })], clock });
    await limiter.block('k', 1000);
    expect(limiter.takeSync('k')).toMatchObject({ allowed: false, retryAfterMs: 1000, limit: { name: 'abuse' } });
    expect(limiter.takeSync('other').allowed).toBe(true);
    await limiter.block('k', 0);
    expect(limiter.takeSync('k')).toMatchObject({ allowed: true, remaining: 4, limit: { name: 'gcra' } });
    await limiter.block('k', 1000);
    await limiter.reset('k');
    expect(limiter.takeSync('k')).toMatchObject({ allowed: true, remaining: 4 });
    await limiter.block('k', 1000);
    clock.advance(1000);
    expect(limiter.tryTakeSync('k')).toBe(true);
  });

  it('block without a blocklist says what is missing', async () => {
    const limiter = createLimiter({ name: 'api', limits: composed });
    const error: unknown = await limiter.block('k', 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RateLimiterError);
    expect(error).toMatchObject({ code: 'NO_BLOCKLIST', message: expect.stringContaining('"api"') as unknown });
  });

  it('round the time down to whole milliseconds', () => {
    const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 1000 }), clock: () => 0.9 });
    expect(limiter.takeSync('k').startMs).toBe(0);
    expect(limiter.takeSync('k', 1, 999.9)).toMatchObject({ allowed: false, retryAfterMs: 1 });
    expect(limiter.takeSync('k', 1, 1000).allowed).toBe(true);
  });

  it('use a monotonic clock unless told otherwise', () => {
    const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 60_000 }) });
    const before = Math.floor(performance.now());
    expect(limiter.takeSync('k').startMs).toBeGreaterThanOrEqual(before);
    expect(limiter.takeSync('other').startMs).toBeLessThanOrEqual(performance.now());
  });
});

describe('bad arguments', () => {
  const limiter = createLimiter({ limits: [...composed, blocklist()], clock: manualClock() });

  it.each([undefined, null, 5, {}])('a key that is no string, such as %s, is no bucket for everybody', async (key) => {
    expect(() => limiter.takeSync(key as string)).toThrow(TypeError);
    expect(() => limiter.tryTakeSync(key as string)).toThrow(TypeError);
    for (const call of [
      limiter.take(key as string),
      limiter.peek(key as string),
      limiter.penalize(key as string, 1),
      limiter.block(key as string, 1),
      limiter.reset(key as string),
    ]) {
      await expect(call).rejects.toThrow(TypeError);
    }
  });

  it('an empty key or one of more than 1024 characters is refused', () => {
    expect(() => limiter.takeSync('')).toThrow(/1\.\.1024 characters; got 0/);
    expect(() => limiter.takeSync('x'.repeat(1025))).toThrow(/got 1025/);
    expect(limiter.takeSync('x'.repeat(1024)).allowed).toBe(true);
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, '1'])('a cost of %s is refused', async (cost) => {
    expect(() => limiter.takeSync('k', cost as number)).toThrow(RangeError);
    expect(() => limiter.tryTakeSync('k', cost as number)).toThrow(/cost must be a safe integer of at least 1/);
    await expect(limiter.peek('k', cost as number)).rejects.toThrow(RangeError);
    await expect(limiter.penalize('k', cost as number)).rejects.toThrow(RangeError);
  });

  it.each([NaN, -1, Infinity, 2 ** 51])(
    'a time of %s is refused: compared with it, everything would be allowed',
    (nowMs) => {
      expect(() => limiter.tryTakeSync('k', 1, nowMs)).toThrow(/the time must be in 0\.\.2\^50 ms/);
    },
  );

  it.each([-1, 0.5, Infinity, NaN])('a block of %s ms is refused', async (durationMs) => {
    await expect(limiter.block('k', durationMs)).rejects.toThrow(/durationMs must be an integer in 0\.\./);
  });
});

describe('a wrong configuration is refused when it is made, naming the option, the value and what is allowed', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['rate', () => gcra({ rate: 0, perMs: 1 }), /rate must be an integer in 1\.\.\d+; got 0/],
    ['rate', () => gcra({ rate: '5' as unknown as number, perMs: 1 }), /rate must be .* got string "5"/],
    ['perMs', () => gcra({ rate: 1, perMs: 1.5 }), /perMs must be an integer .* got 1\.5/],
    ['burst', () => gcra({ rate: 1, perMs: 1, burst: 0 }), /burst must be/],
    [
      'burst',
      () => gcra({ rate: 1, perMs: 2 ** 40, burst: 2000 }),
      /burst must be at most 1024 at 1 per 1099511627776 ms; got 2000/,
    ],
    ['rate', () => gcra({ rate: 2 ** 32 + 1, perMs: 1000 }), /rate must be below 2\^32 .* got 4294967297/],
    ['name', () => gcra({ rate: 1, perMs: 1, name: 'a"b' }), /name must be 1 to 32 of .* got "a\\"b"/],
    [
      'unit',
      () => gcra({ rate: 1, perMs: 1, unit: 'bytes' as 'requests' }),
      /unit must be one of "requests", "content-bytes"; got "bytes"/,
    ],
    ['limit', () => slidingLog({ limit: 65_537, windowMs: 1 }), /limit must be an integer in 1\.\.65536; got 65537/],
    ['windowMs', () => slidingLog({ limit: 1, windowMs: 0 }), /windowMs must be/],
    [
      'limit',
      () => slidingCounter({ limit: 2 ** 30, windowMs: 2 ** 21 }),
      /limit must be an integer in 1\.\.536870912/,
    ],
    [
      'align',
      () => fixedWindow({ limit: 1, windowMs: 1, align: 'hour' as 'epoch' }),
      /align must be one of "first-hit", "epoch"/,
    ],
    ['name', () => blocklist({ name: '' }), /name must be/],
    ['limits', () => createLimiter({ limits: [] }), /limits must be 1\.\.8 limits; got 0/],
    ['limits', () => createLimiter({ limits: Array.from({ length: 9 }, () => composed[0]!) }), /got 9/],
    ['limits', () => createLimiter({ limits: [composed[0]!, composed[0]!] }), /distinct names; got "burst" twice/],
    ['limits', () => createLimiter({ limits: { rate: 5 } as never }), /limits must be made by gcra/],
    ['name', () => createLimiter({ limits: composed, name: 'a b' }), /name must be/],
    ['clock', () => createLimiter({ limits: composed, clock: 5 as never }), /clock must be a function/],
    ['maxKeys', () => new MapStore({ maxKeys: 0 }), /maxKeys must be an integer in 1\.\.16777216; got 0/],
    ['whenFull', () => new MapStore({ whenFull: 'drop' as 'evict' }), /whenFull must be one of "evict", "reject"/],
  ])('%s', (_option, make, message) => {
    expect(make).toThrow(message);
  });

  it('and what is made is frozen', () => {
    const limit = gcra({ rate: 6, perMs: 4 });
    expect(limit).toEqual({
      algorithm: 'gcra',
      name: 'gcra',
      quota: 6,
      windowMs: 4,
      unit: 'requests',
      constants: [3, 2, 12, 6],
    });
    expect([limit, limit.constants, createLimiter({ limits: limit }).limits].every(Object.isFrozen)).toBe(true);
  });
});

describe('joinKey', () => {
  it('makes the same key of two lists of parts only if they are equal', () => {
    const parts = fc.array(fc.string({ unit: fc.constantFrom('1', '2', ':', 'a'), maxLength: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(joinKey(...a) === joinKey(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 2000 },
    );
  });
});
