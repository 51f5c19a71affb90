import { describe, expect, it } from 'vitest';
import { lru } from '../../src/policies/index.ts';
import { generatedTrace, generatedTraceNames, seeded, zipf } from '../../src/simulate/generated-traces.ts';
import { replay } from '../../src/simulate/replay.ts';

describe('generated traces', () => {
  it.each(generatedTraceNames)('%s: the same seed gives the same requests, another seed others', (name) => {
    const [once, again, other] = [1, 1, 2].map((seed) => generatedTrace(name, seed, 20_000));
    expect(once?.ids).toEqual(again?.ids);
    expect(once?.ids).not.toEqual(other?.ids);
  });

  it.each(generatedTraceNames)('%s: ids are dense and numbered by first appearance', (name) => {
    const { ids, unique } = generatedTrace(name, 3, 20_000);
    let next = 0;
    for (const id of ids) {
      expect(id).toBeLessThanOrEqual(next);
      if (id === next) next++;
    }
    expect(unique).toBe(next);
  });

  it('a longer trace begins with the shorter one', () => {
    const long = generatedTrace('phases', 5, 3000);
    expect(generatedTrace('phases', 5, 1000).ids).toEqual(long.ids.slice(0, 1000));
  });

  it('zipf draws the first rank as often as the law says', () => {
    const ranks = zipf(seeded(1), 100, 0.9);
    const share = 1 / Array.from({ length: 100 }, (_, r) => (r + 1) ** -0.9).reduce((sum, p) => sum + p, 0);
    let first = 0;
    for (let k = 0; k < 50_000; k++) if (ranks.next().value === 0) first++;
    expect(first / 50_000).toBeCloseTo(share, 2);
  });

  it('once-more is nothing but recency: no key is read more than twice', () => {
    const { ids, unique } = generatedTrace('once-more', 4);
    const reads = new Uint8Array(unique);
    for (const id of ids) (reads[id] as number)++;
    expect(Math.max(...reads)).toBe(2);
  });

  it('loop leaves LRU without a hit in a cache below its shortest round', () => {
    expect(replay(lru(), generatedTrace('loop', 1), 64)).toBe(0);
  });

  it('refuses a family that there is not', () => {
    expect(() => generatedTrace('toString', 1)).toThrow(RangeError);
    expect(() => generatedTrace('zip', 1)).toThrow(
      "one of zipf, scan, loop, once-more, phases, drift, working-set; got 'zip'",
    );
  });
});
