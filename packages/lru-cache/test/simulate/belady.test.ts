import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arc, clock, lru, robust, s3Fifo, sieve, wTinyLfu } from '../../src/policies/index.ts';
import { belady } from '../../src/simulate/belady.ts';
import { traceOf, type Keys } from '../../src/simulate/generated-traces.ts';
import { replay, type Trace } from '../../src/simulate/replay.ts';

const nightly = process.env['NIGHTLY'] === '1';

function trace(keys: readonly number[]): Trace {
  return traceOf('drawn', keys.values() as unknown as Keys, keys.length);
}

/** The most hits over all choices of victims, each tried. */
function best(ids: readonly number[], max: number, held: readonly number[] = []): number {
  const [id, ...later] = ids;
  if (id === undefined) return 0;
  if (held.includes(id)) return 1 + best(later, max, held);
  if (held.length < max) return best(later, max, [...held, id]);
  return Math.max(...held.map((victim) => best(later, max, [...held.filter((other) => other !== victim), id])));
}

describe('belady', () => {
  it('has as many hits as the best of all choices of victims', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 11 }), fc.integer({ min: 1, max: 4 }), (keys, max) => {
        const drawn = trace(keys);
        expect(belady(drawn, max)).toBe(best([...drawn.ids], max));
      }),
      { numRuns: nightly ? 20_000 : 300 },
    );
  });

  it('has at least the hits of every policy, also when stale next uses fill its heap', () => {
    const policies = [lru, clock, sieve, s3Fifo, arc, wTinyLfu, robust];
    fc.assert(
      fc.property(
        fc.array(fc.nat(30), { minLength: 100, maxLength: 400, size: 'max' }),
        fc.constantFrom(1, 2, 3, 7, 20),
        (keys, max) => {
          const drawn = trace(keys);
          const most = belady(drawn, max);
          for (const policy of policies) expect(replay(policy(), drawn, max)).toBeLessThanOrEqual(most);
        },
      ),
      { numRuns: nightly ? 5000 : 60 },
    );
  });

  it('hits everything but first uses when all keys fit', () => {
    const drawn = trace([1, 2, 3, 1, 2, 3, 3, 2, 1]);
    expect(belady(drawn, 3)).toBe(6);
    expect(belady(drawn, 2 ** 26)).toBe(6);
  });

  it('keeps on a loop what fits less the one that each miss must admit', () => {
    const keys = Array.from({ length: 1000 }, (_, i) => i % 10);
    // Known: a loop of L keys over c entries hits c - 1 of L - 1 after the first round.
    expect(belady(trace(keys), 5) / 990).toBeCloseTo(4 / 9, 2);
  });
});
