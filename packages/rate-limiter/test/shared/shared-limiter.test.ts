/**
 * The limiter on a store elsewhere: every answer in bounded time, nothing charged twice, and the truth about who
 * answered. Time is moved by hand; the store answers when the test says so.
 */
import { describe, expect, test } from 'vitest';
import {
  blocklist,
  createLimiter,
  gcra,
  MapStore,
  slidingLog,
  type AsyncOutcome,
  type AsyncStore,
  type Limit,
  type LimiterEvent,
  type Op,
  type SharedLimiterOptions,
} from '../../src/index.ts';
import { manualTimers } from '../../src/testing/index.ts';
import { emptyOutcome, FORCE, LEASE, REFUND, TAKE } from '../../src/transition.ts';

interface Asked {
  readonly key: string;
  readonly op: Op;
  readonly cost: number;
  readonly arg: number;
  /** Applies it and answers. */
  answer(): void;
  /** Applies it, and keeps the answer until `answer`. */
  apply(): void;
  fail(): void;
  lie(answer: unknown): void;
}

/** A limiter on a store that answers when told to. */
function bed(
  options: Partial<SharedLimiterOptions> = {},
  limits: Limit | readonly Limit[] = gcra({ rate: 3, perMs: 3000 }),
) {
  const timers = manualTimers(1000);
  const asked: Asked[] = [];
  const events: LimiterEvent[] = [];
  let answersAtOnce = true;
  const resets: string[] = [];
  const store: AsyncStore = {
    sync: false,
    bind: (spec) => {
      const inner = new MapStore().bind(spec);
      return {
        apply: (key, op, cost, arg) =>
          new Promise((resolve, reject) => {
            let out: AsyncOutcome | undefined;
            const apply = (): AsyncOutcome => {
              if (out !== undefined) return out;
              const filled = emptyOutcome();
              inner.apply(key, op, cost, arg, timers.clock(), filled);
              return (out = { ...filled, nowMs: timers.clock() });
            };
            const one: Asked = {
              ...{ key, op, cost, arg },
              apply: () => void apply(),
              answer: () => resolve(apply()),
              fail: (error = new Error('down')) => reject(error),
              lie: (answer) => resolve(answer as AsyncOutcome),
            };
            asked.push(one);
            if (answersAtOnce) one.answer();
          }),
        reset: async (key) => {
          resets.push(key);
          inner.reset(key);
        },
      };
    },
  };
  const limiter = createLimiter({
    ...{ limits, store, timers, clock: timers.clock, deadlineMs: 50 },
    ...{ onEvent: (event: LimiterEvent) => void events.push(event) },
    ...options,
  });
  return {
    ...{ limiter, timers, asked, events, resets },
    hold: () => {
      answersAtOnce = false;
    },
    release: () => {
      answersAtOnce = true;
    },
    types: () => events.map(({ type }) => type),
  };
}

describe('while the store answers', () => {
  test('it decides, in its own words', async () => {
    const { limiter } = bed();
    expect(await limiter.take('a', 2)).toMatchObject({ allowed: true, source: 'store', remaining: 1, startMs: 1000 });
    expect(await limiter.peek('a', 2)).toMatchObject({ allowed: false, retryAfterMs: 1000 });
    expect(await limiter.take('a', 2)).toMatchObject({ allowed: false, source: 'store', retryAfterMs: 1000 });
    expect(await limiter.take('a', 4)).toMatchObject({ allowed: false, retryAfterMs: Infinity });
    expect(limiter.stats()).toMatchObject({ allowed: 1, rejected: 2, storeErrors: 0, breaker: 'closed' });
  });

  test('a refund goes to the store once; one of a refusal, or a second one, goes nowhere', async () => {
    const { limiter, asked } = bed();
    const first = await limiter.take('a', 3);
    const refused = await limiter.take('a');
    await limiter.refund(first);
    await limiter.refund(first);
    await limiter.refund(refused);
    expect(asked.filter(({ op }) => op === REFUND)).toHaveLength(1);
    expect((await limiter.peek('a')).remaining).toBe(3);
  });

  test('penalize, block and reset reach it', async () => {
    const { limiter, asked, resets } = bed({}, [gcra({ rate: 3, perMs: 3000 }), blocklist()]);
    await limiter.penalize('a', 5);
    expect(asked.at(-1)).toMatchObject({ op: FORCE, cost: 5 });
    await limiter.block('b', 500);
    expect((await limiter.take('b')).retryAfterMs).toBe(500);
    await limiter.reset('b');
    expect(resets).toEqual(['b']);
    expect((await limiter.take('b')).allowed).toBe(true);
  });
});

describe('while it hangs', () => {
  test('the first caller waits for the deadline and a turn, the next for nothing', async () => {
    const { limiter, timers, asked, hold, types } = bed();
    hold();
    let first: unknown;
    void limiter.take('a').then((decision) => (first = decision));
    await timers.advance(49);
    expect(first).toBeUndefined();
    await timers.advance(1);
    expect(first).toMatchObject({ allowed: true, source: 'local' });
    expect(types()).toEqual(['deadline', 'breaker-open']);
    expect(await limiter.take('a')).toMatchObject({ allowed: true, source: 'local' });
    expect(await limiter.take('a')).toMatchObject({ allowed: true, source: 'local' });
    expect(await limiter.take('a')).toMatchObject({ allowed: false, source: 'local' });
    expect(asked).toHaveLength(1);
    expect(limiter.stats()).toMatchObject({ deadlines: 1, breaker: 'open' });
  });

  test('one probe after openMs; each that fails doubles the pause, one that answers closes the breaker', async () => {
    const { limiter, timers, asked, hold, release, types } = bed({ breaker: { openMs: 100, maxOpenMs: 250 } });
    hold();
    const during = async (): Promise<void> => {
      const calls = [limiter.take('a'), limiter.take('a')];
      await timers.advance(50);
      await Promise.all(calls);
    };
    await during();
    expect(asked).toHaveLength(2);
    for (const pauseMs of [100, 200, 250, 250]) {
      const before = asked.length;
      await timers.advance(pauseMs - 1);
      await limiter.take('a');
      expect(asked).toHaveLength(before);
      await timers.advance(1);
      await during();
      expect(asked).toHaveLength(before + 1);
    }
    await timers.advance(250);
    release();
    expect(await limiter.take('z')).toMatchObject({ source: 'store' });
    expect(types().at(-1)).toBe('breaker-closed');
    expect(limiter.stats().breaker).toBe('closed');
  });

  test('an answer that comes in the turn after the deadline counts', async () => {
    const { limiter, timers, asked, hold, types } = bed();
    hold();
    let decision: unknown;
    void limiter.take('a').then((one) => (decision = one));
    await Promise.resolve();
    // The loop is busy for long; the timer runs first, and the socket is read right after it.
    timers.set(() => timers.set(() => asked[0]!.answer(), 0), 50);
    await timers.advance(200);
    expect(decision).toMatchObject({ source: 'local' });
    expect(types()).toEqual(['deadline', 'breaker-open', 'late-success']);
    const early = bed();
    early.hold();
    early.timers.set(() => early.asked[0]!.answer(), 50);
    let other: unknown;
    void early.limiter.take('a').then((one) => (other = one));
    await early.timers.advance(200);
    expect(other).toMatchObject({ source: 'store' });
    expect(early.types()).toEqual([]);
  });

  test.each([
    ['open', true, 0],
    ['closed', false, 1],
  ] as const)('%s', async (onStoreError, allowed, rejected) => {
    const { limiter, timers, hold } = bed({ onStoreError });
    hold();
    const answer = limiter.take('a');
    await timers.advance(50);
    expect(await answer).toMatchObject({ allowed, source: onStoreError });
    expect(await limiter.take('a', 4)).toMatchObject({ allowed: false, source: onStoreError, retryAfterMs: Infinity });
    expect(limiter.stats().rejected).toBe(rejected + 1);
  });

  test('a limiter of the user stands in, with limits of its own', async () => {
    const timers = manualTimers(1000);
    const own = createLimiter({ limits: gcra({ name: 'share', rate: 1, perMs: 1000 }), clock: timers.clock });
    const { limiter, timers: outer, hold } = bed({ onStoreError: own });
    hold();
    const answer = limiter.take('a');
    await outer.advance(50);
    const decision = await answer;
    expect(decision).toMatchObject({ allowed: true, source: 'local', limit: { name: 'share' } });
    expect((await limiter.take('a')).allowed).toBe(false);
    await limiter.refund(decision);
    expect((await limiter.take('a')).allowed).toBe(true);
  });

  test('block and reset say that they were not confirmed; a block holds here meanwhile', async () => {
    const { limiter, timers, hold } = bed({}, [gcra({ rate: 3, perMs: 3000 }), blocklist()]);
    hold();
    const block = limiter.block('a', 5000).catch((error: unknown) => error);
    await timers.advance(50);
    expect(await block).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await limiter.take('a')).toMatchObject({ allowed: false, source: 'local' });
    await expect(limiter.reset('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('late success', () => {
  test.each([
    ['open', 0],
    ['closed', 1],
  ] as const)('told "%s": refunded %i times', async (onStoreError, refunds) => {
    const { limiter, timers, asked, hold, release, events } = bed({ onStoreError });
    hold();
    const answer = limiter.take('a', 2);
    await timers.advance(50);
    await answer;
    release();
    asked[0]!.answer();
    await timers.advance(0);
    expect(asked.filter(({ op }) => op === REFUND)).toHaveLength(refunds);
    expect(events.at(-1)).toMatchObject({ type: 'late-success', refunded: refunds > 0 });
    expect(limiter.stats().lateSuccesses).toBe(1);
  });

  test('a late refusal is none', async () => {
    const { limiter, timers, asked, hold, types } = bed({ onStoreError: 'closed' });
    await limiter.take('a', 3);
    hold();
    const answer = limiter.take('a');
    await timers.advance(50);
    await answer;
    asked.at(-1)!.answer();
    await timers.advance(0);
    expect(types()).not.toContain('late-success');
  });
});

describe('a store that fails or lies', () => {
  test('an error is answered by the stand-in at once', async () => {
    const { limiter, asked, hold, types } = bed();
    hold();
    const answer = limiter.take('a');
    await Promise.resolve();
    asked[0]!.fail();
    expect(await answer).toMatchObject({ allowed: true, source: 'local' });
    expect(types()).toEqual(['store-error', 'breaker-open']);
    expect(limiter.stats().storeErrors).toBe(1);
  });

  const good = { ok: true, index: 0, remaining: 2, retryAfterMs: 0, resetAfterMs: 1, startMs: 5, charged: 1, nowMs: 5 };
  test.each([
    undefined,
    null,
    'OK',
    {},
    { ...good, ok: 1 },
    { ...good, index: 1 },
    { ...good, index: -2 },
    { ...good, remaining: -1 },
    { ...good, remaining: 0.5 },
    { ...good, retryAfterMs: NaN },
    { ...good, retryAfterMs: -1 },
    { ...good, resetAfterMs: '1' },
    { ...good, charged: 2 },
    { ...good, nowMs: undefined },
    { ...good, ok: false, charged: 1 },
  ])('%j is a store error and never "allowed"', async (lie) => {
    const { limiter, asked, hold, types } = bed({ onStoreError: 'closed' });
    hold();
    const answer = limiter.take('a');
    await Promise.resolve();
    asked[0]!.lie(lie);
    expect(await answer).toMatchObject({ allowed: false, source: 'closed' });
    expect(types()).toEqual(['store-error', 'breaker-open']);
  });
});

describe('leases', () => {
  const leasing = { lease: { units: 10, maxAgeMs: 1000 } };
  const wide = gcra({ rate: 100, perMs: 100_000 });

  test('one call of the store in ten', async () => {
    const { limiter, asked } = bed(leasing, wide);
    const sources: string[] = [];
    for (let i = 0; i < 20; i++) sources.push((await limiter.take('a')).source);
    expect(sources.filter((source) => source === 'lease')).toHaveLength(18);
    expect(asked.map(({ op }) => op)).toEqual([LEASE, LEASE]);
  });

  test('what was not spent in time is lost; the sum never exceeds the limit', async () => {
    const { limiter, timers } = bed(leasing, wide);
    let allowed = 0;
    for (let i = 0; i < 40; i++) {
      for (let n = 0; n < 4; n++) if ((await limiter.take('a')).allowed) allowed++;
      await timers.advance(1000);
    }
    expect(allowed).toBeLessThanOrEqual(100 + 40);
    expect(allowed).toBeGreaterThan(40);
  });

  test('a refund goes back to the lease, and not to one that has ended', async () => {
    const { limiter, timers, asked } = bed(leasing, wide);
    await limiter.take('a');
    const leased = await limiter.take('a', 9);
    expect(leased.source).toBe('lease');
    await limiter.refund(leased);
    expect((await limiter.take('a', 9)).source).toBe('lease');
    await timers.advance(1000);
    await limiter.refund(await limiter.take('a'));
    expect(asked.filter(({ op }) => op === REFUND)).toHaveLength(1);
  });

  test('a cost that the lease does not hold is an ordinary take', async () => {
    const { limiter, asked } = bed(leasing, wide);
    await limiter.take('a');
    expect((await limiter.take('a', 12)).source).toBe('store');
    expect(asked.at(-1)!.op).toBe(TAKE);
  });
});

describe('wait', () => {
  test('resolves at its start, in the order of the store', async () => {
    const { limiter, timers } = bed({}, gcra({ rate: 1, perMs: 1000, burst: 1 }));
    const started: number[] = [];
    for (let i = 0; i < 3; i++) {
      void limiter.wait('a', { maxWaitMs: 5000 }).then(({ startMs }) => started.push(startMs, timers.clock()));
    }
    await timers.advance(2500);
    expect(started).toEqual([1000, 1000, 2000, 2000, 3000, 3000]);
  });

  test('later than it may wait is a refusal that costs nothing', async () => {
    const { limiter } = bed({}, gcra({ rate: 1, perMs: 1000, burst: 1 }));
    await limiter.take('a');
    expect(await limiter.wait('a', { maxWaitMs: 999 })).toMatchObject({ allowed: false, retryAfterMs: 1000 });
    expect((await limiter.peek('a')).retryAfterMs).toBe(1000);
  });

  test('an abort gives its units back, and leaves no timer', async () => {
    const { limiter, timers, asked } = bed({}, gcra({ rate: 1, perMs: 1000, burst: 1 }));
    await limiter.take('a');
    const abort = new AbortController();
    const waiting = limiter.wait('a', { maxWaitMs: 5000, signal: abort.signal }).catch((error: unknown) => error);
    await timers.advance(10);
    abort.abort(new Error('gone'));
    expect(await waiting).toBe(abort.signal.reason);
    await timers.advance(0);
    expect(asked.at(-1)!.op).toBe(REFUND);
    expect((await limiter.peek('a')).retryAfterMs).toBe(990);
    expect(timers.pending).toBe(0);
  });

  test('limits that cannot promise refuse it', async () => {
    const { limiter } = bed({}, slidingLog({ limit: 3, windowMs: 1000 }));
    await expect(limiter.wait('a', { maxWaitMs: 1 })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});

test.each([
  [{ deadlineMs: 0 }, 'deadlineMs must be an integer in 1..60000; got 0'],
  [{ deadlineMs: 60_001 }, 'deadlineMs must be an integer in 1..60000; got 60001'],
  [{ breaker: { openMs: 0 } }, 'breaker.openMs must be an integer in 1..3600000; got 0'],
  [{ breaker: { openMs: 500, maxOpenMs: 400 } }, 'breaker.maxOpenMs must be an integer in 500..3600000; got 400'],
  [{ lease: { units: 1, maxAgeMs: 5 } }, 'lease.units must be an integer in 2..2147483648; got 1'],
  [{ lease: { units: 5, maxAgeMs: 0 } }, 'lease.maxAgeMs must be an integer in 1..3600000; got 0'],
  [
    { onStoreError: 'allow' as never },
    "onStoreError must be 'local', 'open', 'closed' or a limiter in this process; got \"allow\"",
  ],
  [{ store: {} as never }, 'store must be a store, such as new TableStore() or redisStore(...); got object'],
])('%j is refused', (options, message) => expect(() => bed(options)).toThrow(message));

test('nothing is left running: no timer once all has been answered', async () => {
  const { limiter, timers } = bed();
  await Promise.all(Array.from({ length: 100 }, (_, i) => limiter.take(`k${i}`)));
  await timers.advance(100);
  expect(timers.pending).toBe(0);
});
