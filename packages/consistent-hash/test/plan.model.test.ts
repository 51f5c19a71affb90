/** `plan` against every rounding of the shares there is, and against a planner that looks at everything each time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeSpec } from '../src/index.ts';
import { plan, slots } from '../src/slots.ts';
import type { SlotMove, Slots } from '../src/slots.ts';
import { mapsOf, runsOf } from './slots-maps.ts';

const RUNS = process.env['NIGHTLY'] === undefined ? 100 : 20_000;

interface Change {
  /** Of each slot the id of its owner. */
  readonly owners: readonly string[];
  readonly target: readonly NodeSpec[];
}

const idsOf = (nodes: readonly NodeSpec[]): string[] => nodes.map(({ id }) => id);
const countOf = (owners: readonly string[], id: string): number => owners.filter((owner) => owner === id).length;

/** A table, and nodes of which some own slots in it, some do not, and some owners are missing. */
function changesOf(nodesMax: number, slotsMax: number, weight: fc.Arbitrary<number>): fc.Arbitrary<Change> {
  return mapsOf(nodesMax, slotsMax).chain(({ nodes, owners }) => {
    const spare = ['new 1', 'new 2', 'new 3'].slice(0, Math.max(0, nodesMax - nodes.length));
    return fc.subarray([...idsOf(nodes), ...spare], { minLength: 1 }).chain((ids) =>
      fc.record({
        owners: fc.constant(owners),
        target: fc.tuple(...ids.map((id) => fc.record({ id: fc.constant(id), weight }))),
      }),
    );
  });
}

const anyWeight = fc.oneof(fc.constantFrom(1, 1, 2, 0.1, 0.3), fc.double({ min: 0.01, max: 4, noNaN: true }));
const changes = changesOf(7, 70, anyWeight);
const check = (law: (change: Change) => void): void => fc.assert(fc.property(changes, law), { numRuns: RUNS });

/** The table with all nodes, old and new, so that moves can be applied one by one. */
function mapOf({ owners, target }: Change): Slots {
  const old = [...new Set(owners)].filter((id) => !idsOf(target).includes(id));
  return slots([...target, ...old], { count: owners.length, owners: runsOf(owners) });
}

const tableOf = (map: Slots): string[] => Array.from({ length: map.count }, (_, slot) => map.owner(slot).id);

/** The fewest moves to any table in which each share is rounded up or down: all of them are tried. */
function fewestMoves(owners: readonly string[], target: readonly { id: string; weight: number }[]): number {
  const total = target.reduce((sum, { weight }) => sum + weight, 0);
  const held = target.map(({ id }) => countOf(owners, id));
  let fewest = Infinity;
  for (let choice = 0; choice < 2 ** target.length; choice++) {
    const goals = target.map(({ weight }, i) => {
      const product = owners.length * weight;
      return Math.floor(product / total) + (product % total > 0 ? (choice >> i) & 1 : 0);
    });
    if (goals.reduce((sum, goal) => sum + goal, 0) !== owners.length) continue;
    // Each slot that a node lacks has to come to it, and nothing else has to move.
    fewest = Math.min(
      fewest,
      goals.reduce((sum, goal, i) => sum + Math.max(0, goal - held[i]!), 0),
    );
  }
  return fewest;
}

/** The moves from one table to goals, each looked for among all nodes and all slots. */
function greedy(owners: readonly string[], goals: ReadonlyMap<string, number>, wanted: readonly string[]): SlotMove[] {
  const table = [...owners];
  const moves: SlotMove[] = [];
  const ids = [...new Set([...table, ...wanted])].sort();
  for (;;) {
    const surplus = (id: string): number => countOf(table, id) - (goals.get(id) ?? 0);
    const furthest = (among: string[], distance: (id: string) => number): string | undefined =>
      among.reduce<string | undefined>(
        (best, id) => (distance(id) > (best === undefined ? 0 : distance(best)) ? id : best),
        undefined,
      );
    const from =
      furthest(
        ids.filter((id) => !wanted.includes(id)),
        surplus,
      ) ??
      furthest(
        ids.filter((id) => wanted.includes(id)),
        surplus,
      );
    const to = furthest(ids, (id) => -surplus(id));
    if (from === undefined || to === undefined) return moves;
    const slot = table.lastIndexOf(from);
    table[slot] = to;
    moves.push({ slot, from, to });
  }
}

describe('a plan', () => {
  it('has the fewest moves of all tables with shares rounded up or down (tried: all roundings, 6 nodes x 24 slots)', () => {
    // Whole weights, so that the test divides exactly.
    const small = changesOf(6, 24, fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(small, ({ owners, target }) => {
        const moves = plan(mapOf({ owners, target }), target);
        expect(moves).toHaveLength(fewestMoves(owners, target as { id: string; weight: number }[]));
      }),
      { numRuns: RUNS * 3 },
    );
  });

  it('leaves each node with its share rounded up or down, and others with nothing', () => {
    check((change) => {
      const map = mapOf(change);
      const after = map.assign(plan(map, change.target));
      const total = change.target.reduce((sum, { weight = 1 }) => sum + weight, 0);
      let all = 0;
      for (const { id, weight = 1 } of change.target) {
        const held = after.slotsOf(id).length;
        expect(Math.abs(held - (map.count * weight) / total)).toBeLessThan(1);
        all += held;
      }
      expect(all).toBe(map.count);
      expect(plan(after, change.target)).toEqual([]);
    });
  });

  it('moves each slot at most once, and from its owner', () => {
    check((change) => {
      const moves = plan(mapOf(change), change.target);
      expect(new Set(moves.map(({ slot }) => slot)).size).toBe(moves.length);
      for (const { slot, from, to } of moves) {
        expect(from).toBe(change.owners[slot]);
        expect(to).not.toBe(from);
        expect(idsOf(change.target)).toContain(to);
      }
    });
  });

  it('goes from the node furthest above its goal, unwanted ones first, to the furthest below, highest slot first', () => {
    check((change) => {
      const map = mapOf(change);
      const moves = plan(map, change.target);
      const table = tableOf(map.assign(moves));
      const goals = new Map(idsOf(change.target).map((id) => [id, countOf(table, id)]));
      expect(moves).toEqual(greedy(change.owners, goals, idsOf(change.target)));
    });
  });

  it('may be cut anywhere: a plan made after a part is the rest of the plan', () => {
    fc.assert(
      fc.property(
        changes,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
        (change, sizes) => {
          let map = mapOf(change);
          const whole = plan(map, change.target);
          const goal = map.assign(whole).fingerprint;
          let done = 0;
          for (let i = 0; done < whole.length; i++) {
            const maxMoves = sizes[i % sizes.length]!;
            const part = plan(map, change.target, { maxMoves });
            expect(part).toEqual(whole.slice(done, done + maxMoves));
            map = map.assign(part);
            done += part.length;
          }
          expect(map.fingerprint).toBe(goal);
          expect(plan(map, change.target)).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('depends on the set of nodes, not on their order, nor on nodes that own nothing and are not wanted', () => {
    fc.assert(
      fc.property(
        changes.chain((change) =>
          fc.tuple(fc.constant(change), fc.shuffledSubarray([...change.target], { minLength: change.target.length })),
        ),
        ([change, shuffled]) => {
          const moves = plan(mapOf(change), change.target);
          expect(plan(mapOf(change), shuffled)).toEqual(moves);
          const old = new Set(change.owners);
          const alone = slots(old, { count: change.owners.length, owners: runsOf(change.owners) });
          expect(plan(alone, change.target)).toEqual(moves);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('is what with, without and reweight apply', () => {
    fc.assert(
      fc.property(mapsOf(7, 70), fc.nat(), anyWeight, ({ nodes, owners, seed }, at, weight) => {
        fc.pre(nodes.length < owners.length);
        const map = slots(nodes, { count: owners.length, owners: runsOf(owners), seed });
        const { id } = map.nodes[at % map.nodes.length]!;
        const came = map.with({ id: 'the new node', weight });
        const grown = slots(came.nodes, { count: owners.length, owners: runsOf(owners), seed });
        expect(came.toJSON()).toEqual(grown.assign(plan(map, came.nodes)).toJSON());
        const other = map.reweight(id, weight);
        const same = slots(other.nodes, { count: owners.length, owners: runsOf(owners), seed });
        expect(other.toJSON()).toEqual(same.assign(plan(map, other.nodes)).toJSON());
        if (nodes.length === 1) return;
        const left = map.without(id);
        expect(tableOf(left)).toEqual(tableOf(map.assign(plan(map, left.nodes))));
        expect(idsOf(left.nodes)).toEqual(idsOf(map.nodes).filter((other) => other !== id));
      }),
      { numRuns: RUNS },
    );
  });

  it('with equal weights never moves a slot between two nodes that stay as they are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 41, max: 500 }), fc.nat(), (nodes, count, at) => {
        const ids = Array.from({ length: nodes }, (_, i) => `n${String((i * 7) % 41)}`);
        const map = slots(ids, { count });
        const id = ids[at % nodes]!;
        // A new id before, between and behind the others: ties by id must not matter.
        for (const fresh of ['a', 'n2x', 'z']) {
          const grown = map.with(fresh);
          expect(plan(map, grown.nodes).every(({ to }) => to === fresh)).toBe(true);
          expect(plan(grown, map.nodes).every(({ from }) => from === fresh)).toBe(true);
        }
        expect(plan(map, map.without(id).nodes).every(({ from }) => from === id)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});
