import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diff } from '../src/diff.ts';
import type { Placement } from '../src/index.ts';
import { maglev } from '../src/maglev.ts';
import { memento } from '../src/memento.ts';
import { rendezvous } from '../src/rendezvous.ts';
import { ring } from '../src/ring.ts';
import { sampleDiff } from '../src/sample-diff.ts';
import { slots } from '../src/slots.ts';
import { mapsOf, runsOf } from './slots-maps.ts';

const ids = ['a', 'b', 'c', 'd', 'e'];
const sum = (shares: readonly { share: number }[]): number => shares.reduce((total, { share }) => total + share, 0);

describe('sampleDiff', () => {
  it('counts the hashes i * 2654435761 mod 2^32 whose owner changes', () => {
    const [before, after] = [maglev(ids, { size: 101 }), maglev(ids.slice(1), { size: 101 })];
    let moved = 0;
    for (let i = 0; i < 1000; i++) {
      const hash = Number((BigInt(i) * 2_654_435_761n) % 2n ** 32n);
      if (before.locateHash(hash).id !== after.locateHash(hash).id) moved++;
    }
    expect(sampleDiff(before, after, 1000).moved).toBe(moved / 1000);
    expect(moved).toBeGreaterThan(0);
  });

  it('is near to diff where diff is exact', () => {
    fc.assert(
      fc.property(mapsOf(6, 40), fc.nat(), ({ nodes, owners, seed }, turn) => {
        const before = slots(nodes, { count: owners.length, owners: runsOf(owners), seed });
        const at = turn % owners.length;
        const turned = [...owners.slice(at), ...owners.slice(0, at)];
        const after = slots(nodes, { count: owners.length, owners: runsOf(turned), seed });
        const exact = new Map<string, number>();
        for (const { from, to, share } of diff(before, after)) {
          const name = JSON.stringify([from, to]);
          exact.set(name, (exact.get(name) ?? 0) + share);
        }
        const { moved, pairs } = sampleDiff(before, after, 4096);
        // Golden section: within 3 samples for an interval, and there are at most as many intervals as slots.
        const close = (owners.length * 3) / 4096;
        expect(Math.abs(moved - sum([...exact.values()].map((share) => ({ share }))))).toBeLessThan(close);
        for (const { from, to, share } of pairs) {
          expect(Math.abs(share - exact.get(JSON.stringify([from, to]))!)).toBeLessThan(close);
        }
        expect(sum(pairs)).toBeCloseTo(moved, 12);
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, Placement]>([
    ['rendezvous', rendezvous(ids)],
    ['memento', memento(ids)],
    ['maglev', maglev(ids)],
    ['ring', ring(ids)],
    ['slots', slots(ids)],
  ])('tells about %s that a new node takes its share, and from whom', (kind, before) => {
    const { moved, pairs } = sampleDiff(before, before.with('f'));
    expect(Math.abs(moved - 1 / 6)).toBeLessThan(0.02);
    const taken = pairs.filter(({ to }) => to === 'f');
    expect(taken.map(({ from }) => from).sort()).toEqual(ids);
    expect(kind === 'maglev' || pairs.length === taken.length).toBe(true);
    const shares = pairs.map(({ share }) => share);
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(sampleDiff(before, before)).toEqual({ moved: 0, pairs: [] });
  });

  it('compares kinds with each other, and keeps pairs apart whose ids run together', () => {
    expect(sampleDiff(ring(ids), rendezvous(ids)).moved).toBeGreaterThan(0.5);
    const [x, y] = [
      slots(['ab', 'a', 'c', 'bc'], {
        count: 4,
        owners: [
          { from: 0, to: 1, id: 'ab' },
          { from: 2, to: 3, id: 'a' },
        ],
      }),
      slots(['ab', 'a', 'c', 'bc'], {
        count: 4,
        owners: [
          { from: 0, to: 1, id: 'c' },
          { from: 2, to: 3, id: 'bc' },
        ],
      }),
    ];
    const { pairs } = sampleDiff(x, y);
    expect(pairs.map(({ from, to }) => [from, to].join(' > ')).sort()).toEqual(['a > bc', 'ab > c']);
    for (const { share } of pairs) expect(share).toBeCloseTo(0.5, 3);
  });

  it('refuses placements that hash keys differently, and numbers of samples that are none', () => {
    const other = { name: 'other', hash: () => 0 };
    for (const options of [{ seed: 1 }, { hash: other }]) {
      expect(() => sampleDiff(ring(['a']), rendezvous(['a'], options))).toThrow(
        expect.objectContaining({ name: 'PlacementError', code: 'HASH_MISMATCH' }),
      );
    }
    for (const samples of [0, -1, 0.5, NaN, 2 ** 32 + 1, '9' as never]) {
      expect(() => sampleDiff(ring(['a']), ring(['a']), samples)).toThrow(
        expect.objectContaining({ code: 'BAD_OPTION' }),
      );
    }
  });
});
