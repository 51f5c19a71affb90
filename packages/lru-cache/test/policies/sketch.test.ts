import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sketch } from '../../src/policies/sketch.ts';

const hashOf = (key: number): number => Math.imul(key + 1, 0x9e3779b1);

function sketch(max: number): Sketch {
  const made = new Sketch();
  made.reset(max);
  return made;
}

describe('sketch', () => {
  it('never estimates less than the uses since the last halving, nor more than 15', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 2000, size: 'max' }), (keys) => {
        const counted = sketch(300);
        const uses = new Map<number, number>();
        for (const key of keys) {
          counted.add(hashOf(key));
          uses.set(key, (uses.get(key) ?? 0) + 1);
        }
        for (const [key, n] of uses) {
          const estimate = counted.estimate(hashOf(key));
          expect(estimate).toBeGreaterThanOrEqual(Math.min(15, n));
          expect(estimate).toBeLessThanOrEqual(15);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('errs for few of the keys that were never used', () => {
    const counted = sketch(1024);
    for (let key = 0; key < 4096; key++) counted.add(hashOf(key));
    let wrong = 0;
    for (let key = 10_000; key < 20_000; key++) if (counted.estimate(hashOf(key)) > 0) wrong++;
    // One in four of independent rows that are 63 % full is 0.16; blocks may not cost more than half as much again.
    expect(wrong / 10_000).toBeLessThan(0.24);
  });

  it('halves all counters after ten uses an entry', () => {
    const counted = sketch(100);
    for (let n = 0; n < 12; n++) counted.add(hashOf(1));
    for (let n = 12; n < 999; n++) counted.add(hashOf(2));
    expect(counted.estimate(hashOf(1))).toBe(12);
    counted.add(hashOf(2));
    expect(counted.estimate(hashOf(1))).toBe(6);
    expect(counted.estimate(hashOf(2))).toBe(7);
    // The uses are halved too: the next halving is after half as many.
    for (let n = 0; n < 500; n++) counted.add(hashOf(3));
    expect(counted.estimate(hashOf(1))).toBe(3);
  });

  it('tells keys of every number of entries apart, and forgets at a reset', () => {
    for (const max of [1, 2, 3, 63, 64, 65, 5000]) {
      const counted = sketch(max);
      counted.add(hashOf(7));
      counted.add(hashOf(7));
      expect(counted.estimate(hashOf(7))).toBe(2);
      counted.reset(max);
      expect(counted.estimate(hashOf(7))).toBe(0);
    }
  });
});
