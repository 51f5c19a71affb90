import { describe, expect, it } from 'vitest';
import { table, verdicts } from '../../src/simulate/report.ts';
import { gapClosed, type Row } from '../../src/simulate/simulate.ts';

const row = (size: number, lru: number, sieve: number, beladyHits: number): Row => ({
  trace: 't',
  size,
  requests: 1000,
  hits: { lru, sieve },
  beladyHits,
});

describe('the report', () => {
  it('marks the best policy of each size', () => {
    expect(table([row(10, 100, 200, 500), row(1000, 300, 250, 1000)]).split('\n')).toEqual([
      'entries    lru   sieve   Belady ',
      '     10  10.00   20.00*   50.00 ',
      '  1,000  30.00*  25.00   100.00 ',
    ]);
  });

  it('measures a policy by the part of the way from LRU to the optimum that it goes', () => {
    expect(gapClosed(200, 100, 500)).toBe(0.25);
    expect(gapClosed(50, 100, 500)).toBe(-0.125);
    expect(gapClosed(500, 500, 500)).toBeUndefined();
    expect(verdicts([row(10, 100, 200, 500), row(20, 300, 250, 400)])).toEqual([
      { policy: 'sieve', gapClosed: (0.25 - 0.5) / 2, worstPoints: -5 },
    ]);
  });

  it('has nothing to measure where LRU is the optimum', () => {
    expect(verdicts([row(10, 100, 100, 100)])).toEqual([{ policy: 'sieve', gapClosed: 0, worstPoints: 0 }]);
    expect(verdicts([])).toEqual([]);
  });
});
