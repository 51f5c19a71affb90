import { describe, expect, it } from 'vitest';
import { defaultSizes, parseSizes } from '../../src/simulate/sizes.ts';

describe('sizes', () => {
  it('are numbers, thousands, millions or parts of the keys, in ascending order, each once', () => {
    expect(parseSizes('2k, 500,10%,0.5m,500', 1000)).toEqual([100, 500, 2000, 500_000]);
  });

  it('are refused when they are none', () => {
    for (const bad of ['', '0', '-5', '1e3', 'ten', '5 %', '0.1%', '100m', '1,,2']) {
      expect(() => parseSizes(bad, 100), bad).toThrow(RangeError);
    }
  });

  it('default to a ladder without tiny rungs', () => {
    expect(defaultSizes(100_000)).toEqual([100, 300, 1000, 3000, 10_000, 30_000]);
    expect(defaultSizes(5684)).toEqual([10, 17, 57, 171, 568, 1705]);
    expect(defaultSizes(1000)).toEqual([10, 30, 100, 300]);
    expect(defaultSizes(11)).toEqual([10]);
    expect(defaultSizes(8)).toEqual([2]);
    expect(defaultSizes(1)).toEqual([1]);
  });
});
