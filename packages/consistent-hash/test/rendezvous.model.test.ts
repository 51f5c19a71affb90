/** Rendezvous against a score for each node and a sort, over random topologies; and against its weights. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mix32 } from '../src/mix32.ts';
import { identityOf } from '../src/nodes.ts';
import { rendezvous } from '../src/rendezvous.ts';
import type { NodeSpec } from '../src/types.ts';
import { topologies } from './topology.ts';

const NIGHTLY = process.env['NIGHTLY'] === '1';
const parameters = { numRuns: NIGHTLY ? 1000 : 200 };
const hashes = Array.from({ length: NIGHTLY ? 300 : 100 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);

/** Ids by score: an exponential variable of rate w for each node, the smallest first. */
function naivePreference(nodes: readonly NodeSpec[], seed: number, hash: number): string[] {
  return nodes
    .map(({ id, weight = 1 }) => {
      const { a, b } = identityOf(id, seed);
      const draw = mix32(hash, a, b);
      return { id, draw, weight, score: -Math.log((draw + 0.5) / 2 ** 32) / weight };
    })
    .sort((x, y) => (x.weight === y.weight ? y.draw - x.draw : x.score - y.score) || (x.id < y.id ? -1 : 1))
    .map(({ id }) => id);
}

const withPick = topologies.chain((t) =>
  fc.tuple(fc.constant(t), fc.nat(t.nodes.length - 1), fc.double({ min: 0.01, max: 4, noNaN: true })),
);
const withLeaver = withPick.filter(([{ nodes }]) => nodes.length > 1);
const keyWith = (hash: number): { name: string; hash: () => number } => ({ name: 'fixed', hash: () => hash });

/** Found by hashing 250,000 ids: the draws of these two are equal. The smaller id first. */
const TIES = [
  { hash: 42, ids: ['n6537', 'n65903'] },
  { hash: 42, ids: ['n109187', 'n28662'] },
  { hash: 0x80000000, ids: ['n64897', 'n78372'] },
];

describe('a rendezvous', () => {
  it('gives every hash to the best score, and prefers nodes by score', () => {
    fc.assert(
      fc.property(topologies, ({ nodes, seed }) => {
        const built = rendezvous(nodes, { seed });
        for (const hash of hashes) {
          expect(built.locateHash(hash).id).toBe(naivePreference(nodes, seed, hash)[0]);
        }
        for (const hash of hashes.slice(0, 10)) {
          const order = [...rendezvous(nodes, { seed, hash: keyWith(hash) }).preference('any')];
          expect(order.map(({ id }) => id)).toEqual(naivePreference(nodes, seed, hash));
        }
      }),
      parameters,
    );
  });

  it('moves a key only to a node that comes, and only from one that goes', () => {
    fc.assert(
      fc.property(withLeaver, ([{ nodes, seed }, pick]) => {
        const { id } = nodes[pick]!;
        const all = rendezvous(nodes, { seed });
        const fewer = all.without(id);
        for (const hash of hashes) {
          const owner = all.locateHash(hash).id;
          if (owner !== id) expect(fewer.locateHash(hash).id).toBe(owner);
        }
      }),
      parameters,
    );
  });

  it('moves a key only to a node that gains weight, and only from one that loses it', () => {
    fc.assert(
      fc.property(withPick, ([{ nodes, seed }, pick, weight]) => {
        const { id, weight: was = 1 } = nodes[pick]!;
        const before = rendezvous(nodes, { seed });
        const after = before.reweight(id, weight);
        for (const hash of hashes) {
          const [owner, other] = [before.locateHash(hash).id, after.locateHash(hash).id];
          if (owner !== other) expect(weight > was ? other : owner).toBe(id);
        }
      }),
      parameters,
    );
  });

  it('gives the smaller id a hash whose draws are equal, wherever it stood in the list', () => {
    for (const { hash, ids } of TIES) {
      const draws = ids.map((id) => identityOf(id, 0)).map(({ a, b }) => mix32(hash, a, b));
      expect(draws[0]).toBe(draws[1]);
      for (const nodes of [ids, ids.toReversed()]) {
        expect(rendezvous(nodes).locateHash(hash).id).toBe(ids[0]);
        const order = [...rendezvous(nodes, { hash: keyWith(hash) }).preference('any')];
        expect(order.map(({ id }) => id)).toEqual(ids);
      }
    }
  });
});

const chi2Of = (found: readonly number[], expected: readonly number[]): number =>
  found.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
const KEYS = NIGHTLY ? 1_000_000 : 100_000;

describe(`of ${KEYS} keys each node owns what its weight says, by chi-square`, () => {
  const numbered = (weights: number[]): NodeSpec[] => weights.map((weight, i) => ({ id: `node-${i}`, weight }));
  it.each([
    ['equal weights', numbered(Array<number>(10).fill(1))],
    ['weights 1, 2, 3, ... 10', numbered(Array.from({ length: 10 }, (_, i) => i + 1))],
    ['a light node among heavy ones', numbered([0.05, 10, 10, 10])],
    ['broken weights', numbered([0.1, 1 / 3, Math.PI, Math.E, 7])],
  ])('%s', (_, nodes) => {
    for (const seed of [0, 1, 2, 3, 4]) {
      const built = rendezvous(nodes, { seed });
      const found = new Map(built.nodes.map(({ id }) => [id, 0]));
      for (let i = 0; i < KEYS; i++) {
        const { id } = built.locate(`user:${i}`);
        found.set(id, found.get(id)! + 1);
      }
      const expected = [...built.shares().values()].map((share) => share * KEYS);
      const freedom = nodes.length - 1;
      expect(chi2Of([...found.values()], expected)).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom));
    }
  });
});
