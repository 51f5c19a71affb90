/** The gapped table against a linear scan of sorted pairs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildTable,
  cellOf,
  eachPoint,
  ownerOf,
  ownerRanges,
  replacePoints,
  sortPoints,
  walkOwners,
} from '../src/point-table.ts';
import type { PointTable } from '../src/point-table.ts';
import { tellingHashes } from './topology.ts';

type Pair = readonly [point: number, owner: number];

const tableOf = (pairs: readonly Pair[], nodes: number): PointTable =>
  buildTable(
    sortPoints(pairs.length, (add) => pairs.forEach(([point, owner]) => add(point, owner))),
    nodes,
  );

const sortedPairs = (pairs: readonly Pair[]): Pair[] =>
  [...new Map(pairs.map((pair) => [pair.join(), pair])).values()].sort((p, q) => p[0] - q[0] || p[1] - q[1]);

const scan = (sorted: readonly Pair[], hash: number): number => (sorted.find(([p]) => p >= hash) ?? sorted[0]!)[1];

const HASH_MAX = 0xffffffff;
const owner = fc.integer({ min: 0, max: 7 });
const pairsOver = (point: fc.Arbitrary<number>): fc.Arbitrary<Pair[]> =>
  fc.array(fc.tuple(point, owner), { minLength: 1, maxLength: 60 });

const pointSets: Record<string, fc.Arbitrary<Pair[]>> = {
  'random points': pairsOver(fc.integer({ min: 0, max: HASH_MAX })),
  'clustered points': pairsOver(fc.integer({ min: 3_000_000_000, max: 3_000_000_100 })),
  'all points equal': fc
    .tuple(fc.constantFrom(0, 1, 77, HASH_MAX - 1, HASH_MAX), fc.array(owner, { minLength: 1, maxLength: 8 }))
    .map(([point, owners]) => owners.map((o): Pair => [point, o])),
  'all points in the first home cell': pairsOver(fc.integer({ min: 0, max: 1000 })),
  'all points in the last home cell': pairsOver(fc.integer({ min: HASH_MAX - 1000, max: HASH_MAX })),
  'both ends of the hash space': pairsOver(fc.constantFrom(0, 1, HASH_MAX - 1, HASH_MAX)),
  'eight bits': pairsOver(fc.integer({ min: 0, max: 255 }).map((x) => x * 2 ** 24)),
  'a single point': fc.tuple(fc.integer({ min: 0, max: HASH_MAX }), owner).map((pair) => [pair]),
};

describe.each(Object.entries(pointSets))('gapped table of %s', (_, pointSet) => {
  it('finds the successor that a linear scan finds, at every point and beside it', () => {
    fc.assert(
      fc.property(pointSet, (pairs) => {
        const table = tableOf(pairs, 8);
        const sorted = sortedPairs(pairs);
        expect(table.size).toBe(sorted.length);
        for (const hash of tellingHashes(pairs.map(([point]) => ({ point })))) {
          expect(ownerOf(table, hash)).toBe(scan(sorted, hash));
          expect(table.points[cellOf(table, hash)]!).toBeGreaterThanOrEqual(hash);
        }
      }),
    );
  });

  it('walks each owner once, in the order of the scan, once around', () => {
    fc.assert(
      fc.property(pointSet, (pairs) => {
        const sorted = sortedPairs(pairs);
        for (const hash of tellingHashes(pairs.map(([point]) => ({ point })))) {
          const first = Math.max(
            0,
            sorted.findIndex(([p]) => p >= hash),
          );
          const turned = [...sorted.slice(first), ...sorted.slice(0, first)];
          expect([...walkOwners(tableOf(pairs, 8), hash, 8)]).toEqual([...new Set(turned.map(([, o]) => o))]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('gives back its points, each pair once and in order', () => {
    fc.assert(
      fc.property(pointSet, (pairs) => {
        const seen: Pair[] = [];
        eachPoint(tableOf(pairs, 8), (point, o) => seen.push([point, o]));
        expect(seen).toEqual(sortedPairs(pairs));
      }),
    );
  });

  it('has ranges that cover the hash space, alternate in owner, and agree with the scan at both ends', () => {
    fc.assert(
      fc.property(pointSet, (pairs) => {
        const sorted = sortedPairs(pairs);
        let start = 0;
        let previous = -1;
        for (const range of ownerRanges(tableOf(pairs, 8))) {
          expect(range.start).toBe(start);
          expect(range.end).toBeGreaterThanOrEqual(start);
          expect(range.owner).not.toBe(previous);
          expect([scan(sorted, range.start), scan(sorted, range.end)]).toEqual([range.owner, range.owner]);
          start = range.end + 1;
          previous = range.owner;
        }
        expect(start).toBe(2 ** 32);
      }),
    );
  });

  it('after a change equals a fresh build, cell by cell', () => {
    fc.assert(
      fc.property(pointSet, pointSet, owner, (pairs, more, rank) => {
        const kept = pairs.filter(([, o]) => o !== rank);
        const added = more.map(([point]): Pair => [point, rank]);
        const points = sortPoints(added.length, (add) => added.forEach(([point]) => add(point, rank)));
        const renamed = Int32Array.from({ length: 8 }, (_, o) => (o === rank ? -1 : o));
        expect(replacePoints(tableOf(pairs, 8), 8, renamed, points)).toEqual(tableOf([...kept, ...added], 8));
      }),
    );
  });
});

describe('the size of the gapped table', () => {
  it('is 12 bytes a point while two bytes name an owner, and 16 beyond', () => {
    const pairs = Array.from({ length: 50_000 }, (_, i): Pair => [Math.imul(i, 0x9e3779b1) >>> 0, i % 100]);
    const bytesAPoint = (nodes: number): number => {
      const { points, owners, size } = tableOf(pairs, nodes);
      return (points.byteLength + owners.byteLength) / size;
    };
    expect(bytesAPoint(65_535)).toBeCloseTo(12, 2);
    expect(bytesAPoint(65_536)).toBeCloseTo(16, 2);
  });

  it('is below three cells a point and one, however the points lie', () => {
    for (const point of [0, HASH_MAX]) {
      const pairs = Array.from({ length: 1000 }, (_, o): Pair => [point, o]);
      expect(tableOf(pairs, 1000).points.length).toBeLessThanOrEqual(3 * 1000 + 1);
    }
  });

  it('keeps the highest of a million ranks', () => {
    const rank = 2 ** 20 - 1;
    expect(ownerOf(tableOf([[HASH_MAX, rank]], 2 ** 20), 5)).toBe(rank);
  });
});
