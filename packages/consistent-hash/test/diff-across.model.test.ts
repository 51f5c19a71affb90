/** `diff` where the two sides are not both rings: slots with slots, a ring with slots, one compat ring with another. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redisSlotHash } from '../src/compat/redis-slot.ts';
import { ketama } from '../src/compat/ketama.ts';
import { diff } from '../src/diff.ts';
import type { NodeSpec, Ranged } from '../src/index.ts';
import { ring } from '../src/ring.ts';
import { plan, slots } from '../src/slots.ts';
import type { Slots } from '../src/slots.ts';
import { mapsOf, randomNodes, runsOf, tellingHashesOf } from './slots-maps.ts';

const RUNS = process.env['NIGHTLY'] === undefined ? 40 : 2000;

const slotMaps: fc.Arbitrary<Slots> = mapsOf(6, 50).map(({ nodes, owners }) =>
  slots(nodes, { count: owners.length, owners: runsOf(owners) }),
);
const rings: fc.Arbitrary<Ranged> = fc
  .tuple(randomNodes(6), fc.integer({ min: 1, max: 12 }))
  .map(([nodes, vnodes]) => ring(nodes, { vnodes }));
const servers = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }).map((hosts) =>
  ketama(
    hosts.map((host) => `10.0.0.${String(host)}:11211`),
    { flavour: 'libmemcached' },
  ),
);

/** Ends of ranges and what lies beside them, and hashes between. */
function tellingHashes(...sides: Ranged[]): number[] {
  const ends = sides.flatMap((side) =>
    [...side.ranges()].flatMap(({ start, end }) => [start - 1, start, end, end + 1]),
  );
  return [...ends.filter((hash) => hash >= 0 && hash <= 0xffffffff), ...tellingHashesOf(13)];
}

function expectExact(before: Ranged, after: Ranged): void {
  const moves = diff(before, after);
  for (const hash of tellingHashes(before, after)) {
    const [from, to] = [before.locateHash(hash).id, after.locateHash(hash).id];
    const listed = moves.filter(({ start, end }) => start <= hash && hash <= end);
    expect(listed.map((move) => [move.from, move.to])).toEqual(from === to ? [] : [[from, to]]);
  }
  const balance = new Map(before.shares());
  let last: (typeof moves)[number] | undefined;
  for (const move of moves) {
    const { from, to, start, end, share } = move;
    expect([start > (last?.end ?? -1), end >= start]).toEqual([true, true]);
    if (start - 1 === last?.end) expect([from, to]).not.toEqual([last.from, last.to]);
    expect(share * 2 ** 32).toBe(end - start + 1);
    balance.set(from, balance.get(from)! - share);
    balance.set(to, (balance.get(to) ?? 0) + share);
    last = move;
  }
  for (const id of new Set([...balance.keys(), ...after.shares().keys()])) {
    expect(balance.get(id) ?? 0).toBe(after.shares().get(id) ?? 0);
  }
}

describe('diff', () => {
  it.each<[string, fc.Arbitrary<Ranged>, fc.Arbitrary<Ranged>, number]>([
    ['two slot maps, of any two counts', slotMaps, slotMaps, RUNS],
    ['a ring and a slot map', rings, slotMaps, RUNS],
    ['a slot map and a ring', slotMaps, rings, RUNS],
    ['two ketama rings', servers, servers, Math.ceil(RUNS / 6)],
  ])('is exact, maximal and adds up between %s', (_, befores, afters, numRuns) => {
    fc.assert(
      fc.property(befores, afters, (before, after) => {
        expectExact(before, after);
        expect(diff(before, before)).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('lists the slots that a plan moves, joined, and nothing else', () => {
    const changed = mapsOf(6, 50).chain(({ nodes, owners }) =>
      fc.tuple(
        fc.constant(slots(nodes, { count: owners.length, owners: runsOf(owners) })),
        fc.subarray(nodes as NodeSpec[], { minLength: 1 }),
      ),
    );
    fc.assert(
      fc.property(changed, ([before, target]) => {
        const moves = plan(before, target);
        const ranges = diff(before, before.assign(moves));
        for (const [slot, node] of Array.from({ length: before.count }, (_, s) => [s, before.owner(s)] as const)) {
          const hash = Math.ceil((slot * 2 ** 32) / before.count);
          const move = moves.find((each) => each.slot === slot);
          const range = ranges.find(({ start, end }) => start <= hash && hash <= end);
          expect(range && [range.from, range.to]).toEqual(move && [node.id, move.to]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('tells what a move from a ring to slots costs: about all that does not happen to stay', () => {
    const ids = ['a', 'b', 'c', 'd'];
    const moved = diff(ring(ids), slots(ids)).reduce((sum, { share }) => sum + share, 0);
    expect(Math.abs(moved - 3 / 4)).toBeLessThan(0.05);
  });

  it('refuses slots of Redis Cluster beside slots of our own hash', () => {
    expect(() => diff(slots(['a']), slots(['a'], { hash: redisSlotHash }))).toThrow(
      expect.objectContaining({ code: 'HASH_MISMATCH', message: expect.stringMatching(/xxh32 .* redis-slot/) }),
    );
  });
});
