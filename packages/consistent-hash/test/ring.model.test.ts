/** The ring against a sorted array of objects, over random topologies, with the real mixer and one that collides. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ring, ringFromJSON } from '../src/index.ts';
import { build, ids, mix8, naivePoints, naivePreference, tellingHashes, topologies } from './topology.ts';
import type { Topology } from './topology.ts';

const keys = Array.from({ length: 60 }, (_, i) => `user:${String(i)}`);
const order = (nodes: Iterable<{ id: string }>): string[] => [...nodes].map(({ id }) => id);
/** A topology and the index of one of its nodes. */
const withPick = topologies.chain((t) =>
  fc.tuple(
    fc.constant(t),
    fc.integer({ min: 0, max: t.nodes.length - 1 }),
    fc.double({ min: 0.01, max: 4, noNaN: true }),
  ),
);
/** At least two nodes, and one of them. */
const withLeaver = withPick.filter(([t]) => t.nodes.length > 1);
const without = (t: Topology, pick: number): Topology => ({ ...t, nodes: t.nodes.filter((_, i) => i !== pick) });

describe('a ring', () => {
  it('gives every hash the owner that a linear scan gives it', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const points = naivePoints(topology);
        const built = build(topology);
        for (const hash of tellingHashes(points)) {
          expect(built.locateHash(hash).id).toBe(naivePreference(points, hash)[0]);
        }
      }),
    );
  });

  it('prefers nodes in the order of the walk, each once, all of them', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const points = naivePoints(topology);
        const built = build(topology);
        for (const key of keys) {
          expect(order(built.preference(key))).toEqual(naivePreference(points, built.hashOf(key)));
          expect(built.locate(key)).toBe(built.locateHash(built.hashOf(key)));
        }
      }),
    );
  });

  it('does not depend on the order of insertion or on history', () => {
    fc.assert(
      fc.property(withLeaver, ([topology, pick]) => {
        const fresh = build(topology);
        const reversed = build({ ...topology, nodes: topology.nodes.toReversed() });
        const grown = build(without(topology, pick)).with(topology.nodes[pick]!);
        const { id } = topology.nodes[pick]!;
        expect(reversed).toEqual(fresh);
        expect(grown).toEqual(fresh);
        expect(fresh.without(id)).toEqual(build(without(topology, pick)));
        expect(fresh.without(id).with(topology.nodes[pick]!)).toEqual(fresh);
      }),
    );
  });

  it('moves keys only to a node that comes, and only from one that goes', () => {
    fc.assert(
      fc.property(withLeaver, ([topology, pick]) => {
        const { id } = topology.nodes[pick]!;
        const all = build(topology);
        const fewer = all.without(id);
        for (const hash of tellingHashes(naivePoints(topology))) {
          const [owner, other] = [all.locateHash(hash).id, fewer.locateHash(hash).id];
          if (owner !== id) expect(other).toBe(owner);
        }
      }),
    );
  });

  it('moves keys only to a node that gains weight, and only from one that loses it', () => {
    fc.assert(
      fc.property(withPick, ([topology, pick, weight]) => {
        const { id, weight: was = 1 } = topology.nodes[pick]!;
        const before = build(topology);
        const after = before.reweight(id, weight);
        for (const hash of tellingHashes([...naivePoints(topology)])) {
          const [owner, other] = [before.locateHash(hash).id, after.locateHash(hash).id];
          if (owner !== other) expect(weight > was ? other : owner).toBe(id);
        }
      }),
    );
  });

  it('reweighted equals a fresh build, and reweighted back is the same ring', () => {
    fc.assert(
      fc.property(withPick, ([topology, pick, weight]) => {
        const { id, weight: was = 1 } = topology.nodes[pick]!;
        const nodes = topology.nodes.map((node, i) => (i === pick ? { ...node, weight } : node));
        const before = build(topology);
        expect(before.reweight(id, weight)).toEqual(build({ ...topology, nodes }));
        expect(before.reweight(id, weight).reweight(id, was)).toEqual(before);
      }),
    );
  });

  it('keeps the points of one of two colliding nodes when the other goes', () => {
    const nodes = Array.from({ length: 8 }, (_, i) => ({ id: `n${String(i)}` }));
    const topology = { nodes, vnodes: 200, seed: 0, mix: mix8 };
    const points = naivePoints(without(topology, 3));
    const rest = build(topology).without('n3');
    for (const hash of tellingHashes(points)) {
      expect(order([rest.locateHash(hash)])).toEqual(naivePreference(points, hash).slice(0, 1));
    }
  });

  it('has shares that are counts of hashes and add up to 1', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const points = [...new Set(naivePoints(topology).map(({ point }) => point))];
        const scanned = naivePoints(topology);
        const counts = new Map(topology.nodes.map(({ id }) => [id, 0]));
        points.forEach((point, i) => {
          const gap = i === 0 ? point + 2 ** 32 - points.at(-1)! : point - points[i - 1]!;
          const id = naivePreference(scanned, point)[0]!;
          counts.set(id, counts.get(id)! + gap);
        });
        const shares = build(topology).shares();
        expect(Object.fromEntries(shares)).toEqual(
          Object.fromEntries([...counts].map(([id, count]) => [id, count / 2 ** 32])),
        );
        expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBe(1);
      }),
    );
  });

  it('survives JSON with the same owners, the same fingerprint and the data that is handed in', () => {
    fc.assert(
      fc.property(topologies, ({ nodes, vnodes, seed }) => {
        const before = ring(nodes, { vnodes, seed });
        const after = ringFromJSON(JSON.parse(JSON.stringify(before)), { data: (id) => `connection to ${id}` });
        expect(after.toJSON()).toEqual(before.toJSON());
        for (const key of keys) {
          const { id, data } = after.locate(key);
          expect(id).toBe(before.locate(key).id);
          expect(data).toBe(`connection to ${id}`);
        }
      }),
    );
  });

  it('has another fingerprint whenever ids, weights, zones, seed or vnodes differ', () => {
    fc.assert(
      fc.property(withPick, ids, ([t, pick, weight], id) => {
        const { nodes, vnodes, seed } = t;
        const base = ring(nodes, { vnodes, seed });
        const picked = nodes[pick]!;
        const edit = (change: object): string =>
          ring(
            nodes.map((node, i) => (i === pick ? { ...node, ...change } : node)),
            { vnodes, seed },
          ).fingerprint;
        expect(ring(nodes, { vnodes: vnodes + 1, seed }).fingerprint).not.toBe(base.fingerprint);
        expect(ring(nodes, { vnodes, seed: (seed ^ 2) >>> 0 }).fingerprint).not.toBe(base.fingerprint);
        expect(edit({ zone: 'elsewhere' })).not.toBe(base.fingerprint);
        if (weight !== (picked.weight ?? 1)) expect(edit({ weight })).not.toBe(base.fingerprint);
        if (nodes.every((node) => node.id !== id)) expect(edit({ id })).not.toBe(base.fingerprint);
      }),
    );
  });

  it('has points that nest: a smaller weight keeps a subset of them', () => {
    fc.assert(
      fc.property(withPick, ([topology, pick, weight]) => {
        const { id, weight: was = 1 } = topology.nodes[pick]!;
        const pointsAt = (w: number): Set<number> =>
          new Set(naivePoints({ ...topology, nodes: [{ id, weight: w }] }).map(({ point }) => point));
        const [light, heavy] = [pointsAt(Math.min(was, weight)), pointsAt(Math.max(was, weight))];
        expect(heavy).toEqual(new Set([...heavy, ...light]));
      }),
    );
  });
});

describe('locateN', () => {
  const dead = (t: Topology): Set<string> => new Set(t.nodes.filter((_, i) => i % 3 === 0).map(({ id }) => id));

  it('begins with the owner and is the beginning of the answer for one more', () => {
    fc.assert(
      fc.property(topologies, fc.constantFrom('node', 'zone'), fc.boolean(), (topology, distinctBy, excluding) => {
        const down = dead(topology);
        const exclude = (node: { id: string }): boolean => excluding && down.has(node.id);
        const built = build(topology);
        const eligible = topology.nodes.filter((node) => !exclude(node)).length;
        for (const key of keys.slice(0, 10)) {
          let previous: string[] = [];
          for (let n = 0; n <= topology.nodes.length + 2; n++) {
            const chosen = order(built.locateN(key, n, { distinctBy, exclude }));
            expect(chosen).toHaveLength(Math.min(n, eligible));
            expect(new Set(chosen).size).toBe(chosen.length);
            expect(chosen.slice(0, -1)).toEqual(previous.slice(0, Math.max(0, chosen.length - 1)));
            if (n === 1 && !exclude(built.locate(key))) expect(chosen).toEqual([built.locate(key).id]);
            previous = chosen;
          }
        }
      }),
    );
  });

  it('by node is the order of preference without the excluded', () => {
    fc.assert(
      fc.property(topologies, fc.nat(14), (topology, n) => {
        const down = dead(topology);
        const built = build(topology);
        for (const key of keys.slice(0, 10)) {
          const expected = order(built.preference(key)).filter((id) => !down.has(id));
          expect(order(built.locateN(key, n, { exclude: ({ id }) => down.has(id) }))).toEqual(expected.slice(0, n));
        }
      }),
    );
  });

  it('by zone gives each zone its first node, then those passed over, both in the order of preference', () => {
    fc.assert(
      fc.property(topologies, fc.nat(14), fc.boolean(), (topology, n, excluding) => {
        const down = excluding ? dead(topology) : new Set<string>();
        const built = build(topology);
        for (const key of keys.slice(0, 10)) {
          const eligible = [...built.preference(key)].filter(({ id }) => !down.has(id));
          const zone = ({ id, zone: z }: { id: string; zone: string | undefined }): string => z ?? `alone: ${id}`;
          const isFirst = (node: (typeof eligible)[number]): boolean =>
            eligible.find((other) => zone(other) === zone(node)) === node;
          const expected = [...eligible.filter(isFirst), ...eligible.filter((node) => !isFirst(node))].slice(0, n);
          const chosen = built.locateN(key, n, { distinctBy: 'zone', exclude: ({ id }) => down.has(id) });
          expect(order(chosen)).toEqual(order(expected));
          const zones = new Set(eligible.map(zone)).size;
          expect(new Set(chosen.map(zone)).size).toBe(Math.min(n, zones));
        }
      }),
    );
  });
});
