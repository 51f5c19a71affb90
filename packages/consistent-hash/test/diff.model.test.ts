import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diff, ring } from '../src/index.ts';
import type { Ring } from '../src/index.ts';
import { build, naivePoints, tellingHashes, topologies } from './topology.ts';

/** Two rings of the same seed, otherwise unrelated. */
const pairs = fc
  .tuple(topologies, topologies)
  .map(([before, after]) => [before, { ...after, seed: before.seed }] as const);

describe('diff', () => {
  it('lists a hash if and only if its owner changes, and with the right owners', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const [before, after] = [build(a), build(b)];
        const moves = diff(before, after);
        for (const hash of tellingHashes([...naivePoints(a), ...naivePoints(b)])) {
          const [from, to] = [before.locateHash(hash).id, after.locateHash(hash).id];
          const listed = moves.filter(({ start, end }) => start <= hash && hash <= end);
          expect(listed.map((move) => [move.from, move.to])).toEqual(from === to ? [] : [[from, to]]);
        }
      }),
    );
  });

  it('lists disjoint, ascending, maximal ranges with exact shares', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        let last: { end: number; from: string; to: string } | undefined;
        for (const move of diff(build(a), build(b))) {
          expect(move.start).toBeGreaterThan(last?.end ?? -1);
          expect(move.end).toBeGreaterThanOrEqual(move.start);
          if (move.start - 1 === last?.end) expect([move.from, move.to]).not.toEqual([last.from, last.to]);
          expect(move.share * 2 ** 32).toBe(move.end - move.start + 1);
          last = move;
        }
      }),
    );
  });

  it('joins neighbours even where a placement lists them apart', () => {
    const apart = (whole: Ring): Ring =>
      Object.create(whole, {
        ranges: {
          *value() {
            for (const { start, end, node } of whole.ranges()) {
              const middle = Math.floor((start + end) / 2);
              yield { start, end: middle, node };
              if (middle < end) yield { start: middle + 1, end, node };
            }
          },
        },
      });
    const [before, after] = [ring(['a', 'b', 'c']), ring(['b', 'c', 'd'])];
    expect(diff(apart(before), apart(after))).toEqual(diff(before, after));
  });

  it('adds up to the change of the shares', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const [before, after] = [build(a), build(b)];
        const balance = new Map(before.shares());
        for (const { from, to, share } of diff(before, after)) {
          balance.set(from, balance.get(from)! - share);
          balance.set(to, (balance.get(to) ?? 0) + share);
        }
        for (const [id, share] of after.shares()) expect(balance.get(id) ?? 0).toBe(share);
        for (const [id, share] of balance) expect(share).toBe(after.shares().get(id) ?? 0);
      }),
    );
  });

  it('of a placement with itself is empty, and backwards it swaps from and to', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const [before, after] = [build(a), build(b)];
        expect(diff(before, before)).toEqual([]);
        const there = diff(before, after).map(({ from, to, ...rest }) => ({ from: to, to: from, ...rest }));
        expect(diff(after, before)).toEqual(there);
      }),
    );
  });

  it('moves about the share of a node that comes, all of it to that node', () => {
    const before = ring(['cache-a', 'cache-b', { id: 'cache-c', weight: 2 }]);
    const moves = diff(before, before.with('cache-d'));
    expect(moves.every(({ to }) => to === 'cache-d')).toBe(true);
    const moved = moves.reduce((sum, { share }) => sum + share, 0);
    expect(moved).toBe(before.with('cache-d').shares().get('cache-d'));
    expect(Math.abs(moved - 1 / 5)).toBeLessThan(0.03);
  });

  it('refuses placements that hash keys differently', () => {
    const other = { name: 'other', hash: () => 0 };
    for (const options of [{ seed: 1 }, { hash: other }]) {
      expect(() => diff(ring(['a']), ring(['a'], options))).toThrow(
        expect.objectContaining({ name: 'PlacementError', code: 'HASH_MISMATCH' }),
      );
    }
  });
});
