import { describe, expect, it } from 'vitest';
import { hotKeys } from '../src/hot-keys.ts';
import type { HotKeysOptions } from '../src/hot-keys.ts';
import { leastLoaded } from '../src/least-loaded.ts';
import { ring } from '../src/ring.ts';
import type { Node } from '../src/types.ts';
import { xxh32 } from '../src/xxh32.ts';

const error = (code: string): unknown => expect.objectContaining({ name: 'PlacementError', code });

/** Requests whose key of rank r has a weight of r^-exponent, the same in every run. */
function zipf(exponent: number, keys: number, requests: number): string[] {
  const sums: number[] = [];
  for (let rank = 1, sum = 0; rank <= keys; rank++) sums.push((sum += rank ** -exponent));
  return Array.from({ length: requests }, (_, i) => {
    const wanted = (xxh32.hash(String(i), 1) / 2 ** 32) * sums.at(-1)!;
    let low = 0;
    for (let high = keys - 1; low < high;) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return `key:${String(low)}`;
  });
}

describe('hotKeys', () => {
  it('forgets a key that is no longer hot, by half in every window', () => {
    const hot = hotKeys({ k: 4, window: 1000 });
    const record = (key: string): void => {
      for (let i = 0; i < 1000; i++) hot.record(key);
    };
    record('old');
    for (let i = 0; i < 3; i++) record('new');
    expect(hot.top().map(({ key }) => key)).toEqual(['new', 'old']);
    expect(hot.share('old')).toBeCloseTo(62.5 / 937.5, 2);
    for (let i = 0; i < 10; i++) record('new');
    expect(hot.top().map(({ key }) => key)).toEqual(['new']);
  });

  it('tells nothing of what was never recorded', () => {
    const hot = hotKeys();
    expect(hot.top()).toEqual([]);
    expect(hot.share('a')).toBe(0);
    expect(hot.parts('a', 10)).toBe(1);
  });

  it('keeps a key on one node up to a quarter of what a node serves, then spreads it, at most over all', () => {
    const hot = hotKeys({ k: 4 });
    hot.record('quarter', 25);
    hot.record('more', 26);
    hot.record('all', 1000);
    hot.record('rest', 10_000 - 1051);
    expect(hot.parts('quarter', 100)).toBe(1);
    expect(hot.parts('more', 100)).toBe(3);
    expect(hot.parts('all', 100)).toBe(80);
    expect(hot.parts('rest', 100)).toBe(100);
    expect(hot.parts('rest', 1)).toBe(1);
    expect(hot.parts('unknown', 100)).toBe(1);
  });

  it.each([0.99, 1.1])('brings the fullest of 100 nodes to at most twice the mean, Zipf %s', (exponent) => {
    const requests = zipf(exponent, 100_000, 60_000);
    const nodes = ring(Array.from({ length: 100 }, (_, i) => `node-${String(i)}`));
    // A key is worth splitting from a share of 1 / 400 on, so there must be 400 counters to see it.
    const hot = hotKeys({ counters: 400 });
    for (const key of requests) hot.record(key);
    const spread = new Map<string, Node[]>();
    const single = new Map<string, number>();
    const split = new Map<string, number>();
    for (const key of requests) {
      const candidates = spread.get(key) ?? nodes.locateN(key, hot.parts(key, 100));
      spread.set(key, candidates);
      const owner = candidates[0]!.id;
      single.set(owner, (single.get(owner) ?? 0) + 1);
      const { id } = leastLoaded(candidates, (node) => split.get(node.id) ?? 0);
      split.set(id, (split.get(id) ?? 0) + 1);
    }
    const peakOverMean = (loads: Map<string, number>): number => Math.max(...loads.values()) / (requests.length / 100);
    expect(peakOverMean(single)).toBeGreaterThan(6);
    expect(peakOverMean(split)).toBeLessThan(2);
  });

  it.each<[string, HotKeysOptions]>([
    ['k must be an integer in 1..4096; got 0', { k: 0 }],
    ['k must be an integer in 1..4096; got 4097', { k: 4097 }],
    ['k must be an integer in 1..4096; got NaN', { k: NaN }],
    ['counters must be an integer in 16..65536; got 15', { counters: 15 }],
    ['counters must be an integer in 3..65536; got 65537', { k: 3, counters: 65_537 }],
    ['window must be an integer in 1..4294967296; got 0', { window: 0 }],
    ['window must be an integer in 1..4294967296; got 1.5', { window: 1.5 }],
  ])('refuses an option: %s', (message, options) => {
    expect(() => hotKeys(options)).toThrow(error('BAD_OPTION'));
    expect(() => hotKeys(options)).toThrow(message);
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 33, '2' as unknown as number])('refuses a count of %o', (count) => {
    const hot = hotKeys();
    expect(() => {
      hot.record('a', count);
    }).toThrow(error('BAD_OPTION'));
    expect(hot.top()).toEqual([]);
  });

  it.each([0, -1, 1.5, NaN, 2 ** 20 + 1])('refuses %o nodes', (nodes) => {
    expect(() => hotKeys().parts('a', nodes)).toThrow(error('BAD_OPTION'));
  });

  it.each([1, null, undefined, {}, new Uint8Array(1)])('refuses %o as a key', (key) => {
    expect(() => {
      hotKeys().record(key as string);
    }).toThrow(TypeError);
  });
});
