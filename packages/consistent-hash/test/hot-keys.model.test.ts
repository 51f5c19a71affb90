/** Misra-Gries with ageing against a Map that counts every key and halves exactly. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hotKeys } from '../src/hot-keys.ts';

const RUNS = process.env['NIGHTLY'] ? 5000 : 300;
/** For sums in another order than ours. */
const ROUNDING = 1e-9;

class ExactCounter {
  readonly counts: Map<string, number> = new Map();
  total = 0;
  private records = 0;
  private readonly window: number;

  constructor(window: number) {
    this.window = window;
  }

  record(key: string, count: number): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + count);
    this.total += count;
    if (++this.records % this.window !== 0) return;
    this.total /= 2;
    for (const [other, counted] of this.counts) this.counts.set(other, counted / 2);
  }

  share(key: string): number {
    return (this.counts.get(key) ?? 0) / this.total;
  }
}

/** A few keys are frequent, many are rare. */
const keys = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('hot', 'warm', '__proto__') },
  { weight: 3, arbitrary: fc.nat({ max: 40 }).map(String) },
);
const counts = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 }) },
);
const records = fc.array(fc.tuple(keys, counts), { minLength: 1, maxLength: 300 });
const options = fc.record({
  counters: fc.integer({ min: 1, max: 12 }),
  window: fc.constantFrom(1, 2, 7, 50, 100_000),
});

describe('hotKeys', () => {
  it('shows of every key a share that is at most the true one and at least that minus the error, at every step', () => {
    fc.assert(
      fc.property(options, records, ({ counters, window }, list) => {
        const hot = hotKeys({ k: counters, counters, window });
        const exact = new ExactCounter(window);
        for (const [key, count] of list) {
          hot.record(key, count);
          exact.record(key, count);
          const error = hot.top()[0]?.error ?? 1;
          for (const other of exact.counts.keys()) {
            const [shown, truth] = [hot.share(other), exact.share(other)];
            if (shown > truth + ROUNDING || shown < truth - error - ROUNDING) {
              expect.fail(`${other}: shown ${String(shown)}, true ${String(truth)}, error ${String(error)}`);
            }
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('has an error of 1 / (counters + 1) at most, and 2 records more once it has aged', () => {
    fc.assert(
      fc.property(options, records, ({ counters, window }, list) => {
        const hot = hotKeys({ k: counters, counters, window });
        const exact = new ExactCounter(window);
        list.forEach(([key, count], i) => {
          hot.record(key, count);
          exact.record(key, count);
          const aged = i + 1 >= window ? 2 / exact.total : 0;
          for (const { error } of hot.top()) expect(error).toBeLessThanOrEqual(1 / (counters + 1) + aged + ROUNDING);
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('holds no more keys than it has counters, and lists the largest first with the shares that `share` tells', () => {
    fc.assert(
      fc.property(options, records, fc.integer({ min: 1, max: 12 }), ({ counters, window }, list, k) => {
        const hot = hotKeys({ k: Math.min(k, counters), counters, window });
        const all = hotKeys({ k: counters, counters, window });
        for (const [key, count] of list) {
          hot.record(key, count);
          all.record(key, count);
        }
        const counted = [...new Set(list.map(([key]) => key))].filter((key) => all.share(key) > 0);
        expect(counted.length).toBeLessThanOrEqual(counters);
        expect(hot.top()).toEqual(all.top().slice(0, k));
        const shares = all.top().map(({ share }) => share);
        expect(shares).toEqual(shares.toSorted((a, b) => b - a));
        for (const { key, share } of all.top()) expect(all.share(key)).toBe(share);
      }),
      { numRuns: RUNS },
    );
  });

  it('has no error at all while there are no more keys than counters', () => {
    fc.assert(
      fc.property(records, (list) => {
        const hot = hotKeys({ k: 64, counters: 64 });
        const exact = new ExactCounter(Infinity);
        for (const [key, count] of list) {
          hot.record(key, count);
          exact.record(key, count);
        }
        expect(hot.top()).toHaveLength(exact.counts.size);
        for (const { key, share, error } of hot.top()) {
          expect(error).toBe(0);
          expect(share).toBe(exact.share(key));
        }
      }),
      { numRuns: RUNS },
    );
  });
});
