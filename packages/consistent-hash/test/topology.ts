/** Random topologies for the property tests, the second implementation of the ring, and a mixer made to collide. */
import fc from 'fast-check';
import { identityOf, toNodes } from '../src/nodes.ts';
import { buildRing } from '../src/ring-snapshot.ts';
import type { Mixer, RingSnapshot } from '../src/ring-snapshot.ts';
import type { NodeSpec } from '../src/index.ts';
import { mix32, xxh32 } from '../src/index.ts';

export interface Topology {
  nodes: NodeSpec[];
  vnodes: number;
  seed: number;
  mix: Mixer;
}

/** Only 256 points exist, so nearly all collide, between nodes and inside one. */
export const mix8: Mixer = (x, a, b) => ((mix32(x, a, b) & 0xff) << 24) >>> 0;

const node = (id: fc.Arbitrary<string>): fc.Arbitrary<NodeSpec> =>
  fc.record(
    {
      id,
      weight: fc.oneof(fc.constantFrom(1, 2, 0.5, 0.001), fc.double({ min: 0.01, max: 4, noNaN: true })),
      zone: fc.constantFrom('x', 'y', 'z'),
    },
    { requiredKeys: ['id'] },
  );

export const ids: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  fc.constantFrom('s1:1', 's1:11', 's1:111', 'ź', '__proto__', 'constructor'),
);

export const topologies: fc.Arbitrary<Topology> = fc.record({
  nodes: fc.uniqueArray(node(ids), { selector: ({ id }) => id, minLength: 1, maxLength: 12 }),
  vnodes: fc.integer({ min: 1, max: 40 }),
  seed: fc.constantFrom(0, 1, 0xffffffff, 0x9e3779b9),
  mix: fc.constantFrom(mix32, mix8),
});

export function build({ nodes, vnodes, seed, mix }: Topology): RingSnapshot<unknown> {
  return buildRing(toNodes(nodes), { hash: xxh32, seed, vnodes }, mix);
}

interface NaivePoint {
  point: number;
  id: string;
}

/** All points of all nodes in a sorted array of objects; the same point of a node twice does no harm here. */
export function naivePoints({ nodes, vnodes, seed, mix }: Topology): NaivePoint[] {
  return nodes
    .flatMap(({ id, weight = 1 }) => {
      const { a, b } = identityOf(id, seed);
      const count = Math.max(1, Math.round(weight * vnodes));
      return Array.from({ length: count }, (_, j) => ({ point: mix(j, a, b), id }));
    })
    .sort((p, q) => p.point - q.point || (p.id < q.id ? -1 : p.id > q.id ? 1 : 0));
}

/** Ids in the order of preference: a walk over the array, once around. */
export function naivePreference(points: readonly NaivePoint[], hash: number): string[] {
  const first = points.findIndex(({ point }) => point >= hash);
  const turned = first < 0 ? points : [...points.slice(first), ...points.slice(0, first)];
  return [...new Set(turned.map(({ id }) => id))];
}

/** Every point and its neighbours, the ends, and some hashes between. */
export function tellingHashes(points: readonly { point: number }[]): number[] {
  const near = points.flatMap(({ point }) => [point - 1, point, point + 1]);
  const spread = Array.from({ length: 50 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 0);
  return [...new Set([0, 1, 0xfffffffe, 0xffffffff, ...near, ...spread])].filter((h) => h >= 0 && h <= 0xffffffff);
}
