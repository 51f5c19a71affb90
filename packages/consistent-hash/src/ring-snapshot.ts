/**
 * The ring as a snapshot: nodes, their points in a gapped table, and everything a `Ring` answers.
 *
 * A node's points are `mix32(j, a, b)` for j = 0 .. max(1, round(weight * vnodes)) - 1, where (a, b) is the node's
 * own identity. They depend on no other node: adding, removing or reweighting one node leaves all other points where
 * they are, so a key moves only to or from that node. And they are nested: weight 2 keeps every point of weight 1.
 * (Weights normalised by their total, as in ketama, move keys between nodes that did not change.)
 *
 * The mixer is a parameter for the tests alone, which replace it by one that collides all the time.
 */
import { PlacementError, requireHash } from './errors.ts';
import { mix32 } from './mix32.ts';
import { identityOf, reweightNode, withNode, withoutNode } from './nodes.ts';
import { buildTable, ownerOf, ownerRanges, POINTS_MAX, replacePoints, sortPoints, walkOwners } from './point-table.ts';
import type { PointTable, SortedPoints } from './point-table.ts';
import { hashKey, Snapshot } from './snapshot.ts';
import type { HashRange, Key, KeyHash, Node, NodeInput, PlacementJSON, Ranged, Weighted } from './types.ts';

export interface RingJSON extends PlacementJSON {
  readonly kind: 'ring';
  readonly vnodes: number;
}

/** A snapshot of a ring. `with`, `without` and `reweight` cost O(points) without sorting. */
export interface Ring<T = unknown> extends Weighted<T>, Ranged<T> {
  readonly kind: 'ring';
  readonly vnodes: number;
  with(node: NodeInput<T>): Ring<T>;
  without(id: string): Ring<T>;
  reweight(id: string, weight: number): Ring<T>;
  toJSON(): RingJSON;
}

export type Mixer = (x: number, a: number, b: number) => number;

export interface RingParameters {
  readonly hash: KeyHash;
  readonly seed: number;
  readonly vnodes: number;
  readonly mix: Mixer;
}

/** Number of points of a node; may be beyond every limit. */
function pointCount({ weight }: Node, vnodes: number): number {
  return Math.max(1, Math.round(weight * vnodes));
}

function requirePoints(nodes: readonly Node[], vnodes: number): void {
  const count = nodes.reduce((sum, node) => sum + pointCount(node, vnodes), 0);
  if (count <= POINTS_MAX) return;
  throw new PlacementError(
    'TOO_MANY_POINTS',
    `weights times vnodes must add up to at most ${POINTS_MAX}; got ${count}`,
  );
}

/** The points of some nodes, each under the rank that it has among all. O(n log n) in points. */
function pointsOf(nodes: readonly Node[], rank: number, { seed, vnodes, mix }: RingParameters): SortedPoints {
  const count = nodes.reduce((sum, node) => sum + pointCount(node, vnodes), 0);
  return sortPoints(count, (add) =>
    nodes.forEach((node, i) => {
      const { a, b } = identityOf(node.id, seed);
      for (let j = pointCount(node, vnodes); j-- > 0;) add(mix(j, a, b), rank + i);
    }),
  );
}

/** A ring from sorted nodes and checked parameters. O(n log n) in points. Throws PlacementError TOO_MANY_POINTS. */
export function buildRing<T>(
  nodes: readonly Node<T>[],
  parameters: Omit<RingParameters, 'mix'>,
  mix?: Mixer,
): RingSnapshot<T> {
  const all: RingParameters = { ...parameters, mix: mix ?? mix32 };
  requirePoints(nodes, all.vnodes);
  return new RingSnapshot(nodes, all, buildTable(pointsOf(nodes, 0, all), nodes.length));
}

export class RingSnapshot<T> extends Snapshot<T, RingJSON> implements Ring<T> {
  readonly kind = 'ring';
  readonly vnodes: number;
  /** For the tests. */
  readonly table: PointTable;
  private readonly mix: Mixer;

  constructor(nodes: readonly Node<T>[], { hash, seed, vnodes, mix }: RingParameters, table: PointTable) {
    super(nodes, hash, seed);
    this.vnodes = vnodes;
    this.mix = mix;
    this.table = table;
  }

  locate(key: Key): Node<T> {
    return this.byRank[ownerOf(this.table, hashKey(key, this.hash, this.seed))] as Node<T>;
  }

  locateHash(hash: number): Node<T> {
    return this.byRank[ownerOf(this.table, requireHash(hash))] as Node<T>;
  }

  protected *order(hash: number): Generator<Node<T>> {
    for (const rank of walkOwners(this.table, hash, this.nodes.length)) yield this.nodes[rank] as Node<T>;
  }

  protected parameters(): object {
    return { vnodes: this.vnodes };
  }

  shares(): ReadonlyMap<string, number> {
    const hashes = new Float64Array(this.nodes.length);
    for (const { start, end, owner } of ownerRanges(this.table)) hashes[owner]! += end - start + 1;
    // Counts below 2^32 and a power of two: every share is exact.
    return new Map(this.nodes.map(({ id }, rank) => [id, hashes[rank]! / 2 ** 32]));
  }

  ranges(): Iterable<HashRange<T>> {
    return { [Symbol.iterator]: () => this.namedRanges() };
  }

  private *namedRanges(): Generator<HashRange<T>> {
    for (const { start, end, owner } of ownerRanges(this.table)) {
      yield { start, end, node: this.nodes[owner] as Node<T> };
    }
  }

  with(node: NodeInput<T>): Ring<T> {
    const { nodes, rank } = withNode(this.nodes, node);
    return this.changed(nodes, (r) => (r < rank ? r : r + 1), rank);
  }

  without(id: string): Ring<T> {
    const { nodes, rank } = withoutNode(this.nodes, id);
    return this.changed(nodes, (r) => (r < rank ? r : r === rank ? -1 : r - 1));
  }

  reweight(id: string, weight: number): Ring<T> {
    const { nodes, rank } = reweightNode(this.nodes, id, weight);
    return this.changed(nodes, (r) => (r === rank ? -1 : r), rank);
  }

  /** @param added the rank among `nodes` whose points are new */
  private changed(nodes: readonly Node<T>[], rename: (rank: number) => number, added?: number): Ring<T> {
    const { hash, seed, vnodes, mix } = this;
    const parameters = { hash, seed, vnodes, mix };
    requirePoints(nodes, vnodes);
    const points = pointsOf(added === undefined ? [] : [nodes[added]!], added ?? 0, parameters);
    const renamed = Int32Array.from(this.nodes, (_, rank) => rename(rank));
    return new RingSnapshot(nodes, parameters, replacePoints(this.table, nodes.length, renamed, points));
  }
}
