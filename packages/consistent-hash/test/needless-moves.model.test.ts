/**
 * A needless move takes a key from one node that did not change to another that did not change. There are none: a key
 * moves to a node that came or grew, or from one that went or shrank.
 *
 * Maglev is the exception and has its own figure. Slots with unequal weights may move what whole numbers of slots
 * force, and only that, so here they have equal weights.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeSpec, Placement, Weighted } from '../src/index.ts';
import { kinds } from './kinds.ts';
import type { Kind } from './kinds.ts';

const NIGHTLY = process.env['NIGHTLY'] !== undefined;
const TOPOLOGIES = NIGHTLY ? 200 : 15;
const KEYS = NIGHTLY ? 100_000 : 2000;
const keys = Array.from({ length: KEYS }, (_, i) => `user:${String(i)}`);

/** Moves of keys, and those among them that have nothing to do with the node that changed. */
function count(before: Placement, after: Placement, changed: string): { moved: number; needless: number } {
  let moved = 0;
  let needless = 0;
  for (const key of keys) {
    const [from, to] = [before.locate(key).id, after.locate(key).id];
    if (from === to) continue;
    moved++;
    if (from !== changed && to !== changed) needless++;
  }
  return { moved, needless };
}

function topologies({ kind, weighted }: Kind): fc.Arbitrary<{ nodes: NodeSpec[]; weight: number; at: number }> {
  const weights = weighted && kind !== 'slots' ? fc.double({ min: 0.1, max: 4, noNaN: true }) : fc.constant(1);
  const node = fc.record({ id: fc.string({ minLength: 1, maxLength: 12 }), weight: weights });
  return fc.record({
    nodes: fc.uniqueArray(node, { selector: ({ id }) => id, minLength: 2, maxLength: 20 }),
    weight: weights,
    at: fc.nat(),
  });
}

const exact = kinds.filter(({ kind }) => kind !== 'maglev');

describe.each(exact)('$kind', (kind) => {
  it(`has no needless move in ${TOPOLOGIES} topologies x ${KEYS} keys, whoever comes, goes or changes weight`, () => {
    let moved = 0;
    fc.assert(
      fc.property(topologies(kind), ({ nodes, weight, at }) => {
        const placement = kind.make(nodes, {});
        const grown = placement.with({ id: 'the new node', weight });
        const came = count(placement, grown, 'the new node');
        const went = count(grown, grown.without('the new node'), 'the new node');
        const id = placement.nodes[at % placement.nodes.length]!.id;
        const lost = count(placement, placement.without(id), id);
        const all = [came, went, lost];
        if (kind.weighted && kind.kind !== 'slots') {
          const other = (placement as Weighted).reweight(id, weight);
          all.push(count(placement, other, id));
          expect(other.reweight(id, nodes.find((node) => node.id === id)!.weight!).fingerprint).toBe(
            placement.fingerprint,
          );
        }
        expect(all.map(({ needless }) => needless)).toEqual(all.map(() => 0));
        moved += all.reduce((sum, change) => sum + change.moved, 0);
      }),
      { numRuns: TOPOLOGIES },
    );
    expect(moved).toBeGreaterThan(KEYS);
    if (NIGHTLY) console.log(`${kind.kind}: ${String(moved)} keys moved, 0 of them needlessly`);
  });
});
