import { describe, expect, it } from 'vitest';
import { referenceHits } from '../../bench/reference-policies.ts';
import { referenceWTinyLfu } from '../../bench/reference-tinylfu.ts';
import { lru, wTinyLfu } from '../../src/policies/index.ts';
import { generatedTrace, generatedTraceNames } from '../../src/simulate/generated-traces.ts';
import { replay } from '../../src/simulate/replay.ts';
import { policyContract } from './contract.ts';

const nightly = process.env['NIGHTLY'] === '1';
const [requests, sizes] = nightly ? [60_000, [64, 256, 1000, 4000]] : [12_000, [64, 256]];

describe('wTinyLfu', () => {
  policyContract(wTinyLfu);
});

describe('wTinyLfu with half for the window', () => {
  policyContract(() => wTinyLfu({ windowRatio: 0.5 }));
});

describe('wTinyLfu against exact counts', () => {
  // Where no key is popular, ties decide, and an error of one in a count is an entry kept or lost.
  const byTies = new Set(['once-more', 'drift', 'loop', 'phases']);

  it.each(generatedTraceNames)('%s: within a point, or three and a half where ties decide', (name) => {
    const limit = byTies.has(name) ? 0.035 : 0.01;
    const trace = generatedTrace(name, 1, requests);
    for (const max of sizes) {
      for (const windowRatio of [0.01, 0.2]) {
        const hits = replay(wTinyLfu({ windowRatio }), trace, max);
        const exact = referenceHits(referenceWTinyLfu(max, windowRatio), trace.ids);
        if (nightly) console.log(`${name}@${max} ${windowRatio}: ${(100 * (hits - exact)) / requests} points`);
        expect(Math.abs(hits - exact) / requests, `${name}@${max}, window ${windowRatio}`).toBeLessThan(limit);
      }
    }
  });
});

describe('the window', () => {
  it('is all of the cache at 1: strict LRU', () => {
    const trace = generatedTrace('phases', 2, 20_000);
    for (const max of [1, 2, 3, 100]) {
      expect(replay(wTinyLfu({ windowRatio: 1 }), trace, max)).toBe(replay(lru(), trace, max));
    }
  });

  it.each([0, -1, 1.1, Number.NaN])('refuses a ratio of %d', (windowRatio) => {
    expect(() => wTinyLfu({ windowRatio })).toThrow(RangeError);
    expect(() => wTinyLfu({ windowRatio })).toThrow(`windowRatio must be above 0 and at most 1; got ${windowRatio}`);
  });

  it('refuses a ratio that is no number', () => {
    expect(() => wTinyLfu({ windowRatio: '0.1' as unknown as number })).toThrow(TypeError);
  });
});
