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
import { requireKey } from './key-bytes.ts';
import { mix32 } from './mix32.ts';
import { fingerprintOf, identityOf, nodesToJSON, reweightNode, withNode, withoutNode } from './nodes.ts';
import { buildTable, ownerOf, ownerRanges, POINTS_MAX, replacePoints, sortPoints, walkOwners } from './point-table.ts';
import type { PointTable } from './point-table.ts';
import { countZones, take } from './take.ts';
import type {
  HashRange,
  Key,
  KeyHash,
  LocateOptions,
  Node,
  NodeInput,
  PlacementJSON,
  Ranged,
  Weighted,
} from './types.ts';

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

function requirePoints(nodes: readonly Node[], vnodes: number): number {
  let count = 0;
  for (const node of nodes) count += pointCount(node, vnodes);
  if (count <= POINTS_MAX) return count;
  throw new PlacementError(
    'TOO_MANY_POINTS',
    `weights times vnodes must add up to at most ${POINTS_MAX} points; got ${count} from ${nodes.length} nodes ` +
      `with vnodes = ${vnodes}`,
  );
}

function eachPointOf(node: Node, { seed, vnodes, mix }: RingParameters, visit: (point: number) => void): void {
  const { a, b } = identityOf(node.id, seed);
  const count = pointCount(node, vnodes);
  for (let j = 0; j < count; j++) visit(mix(j, a, b));
}

function sortedPointsOf(node: Node, parameters: RingParameters): Uint32Array {
  const points = new Uint32Array(pointCount(node, parameters.vnodes));
  let filled = 0;
  eachPointOf(node, parameters, (point) => {
    points[filled++] = point;
  });
  points.sort();
  // The real mixer never repeats a point of a node; the one of the tests does.
  return points.filter((point, i) => i === 0 || point !== points[i - 1]);
}

/** A ring from sorted nodes and checked parameters. O(n log n) in points. Throws PlacementError TOO_MANY_POINTS. */
export function buildRing<T>(
  nodes: readonly Node<T>[],
  parameters: Omit<RingParameters, 'mix'>,
  mix?: Mixer,
): RingSnapshot<T> {
  const all: RingParameters = { ...parameters, mix: mix ?? mix32 };
  const count = requirePoints(nodes, all.vnodes);
  const sorted = sortPoints(count, nodes.length, (add) =>
    nodes.forEach((node, rank) => eachPointOf(node, all, (point) => add(point, rank))),
  );
  return new RingSnapshot(nodes, all, buildTable(sorted, nodes.length));
}

export class RingSnapshot<T> implements Ring<T> {
  readonly kind = 'ring';
  readonly fingerprint: string;
  readonly nodes: readonly Node<T>[];
  readonly vnodes: number;
  /** For the tests. */
  readonly table: PointTable;
  private readonly parameters: RingParameters;
  private readonly keyHash: KeyHash;
  private readonly seed: number;
  private readonly zones: number;

  constructor(nodes: readonly Node<T>[], parameters: RingParameters, table: PointTable) {
    this.nodes = nodes;
    this.parameters = parameters;
    this.keyHash = parameters.hash;
    this.seed = parameters.seed;
    this.vnodes = parameters.vnodes;
    this.table = table;
    this.zones = countZones(nodes);
    this.fingerprint = fingerprintOf(this.content());
  }

  hashOf(key: Key): number {
    if (typeof key !== 'string') requireKey(key);
    return this.keyHash.hash(key, this.seed) >>> 0;
  }

  locate(key: Key): Node<T> {
    return this.nodes[ownerOf(this.table, this.hashOf(key))] as Node<T>;
  }

  locateHash(hash: number): Node<T> {
    return this.nodes[ownerOf(this.table, requireHash(hash))] as Node<T>;
  }

  locateN(key: Key, n: number, options: LocateOptions<T> = {}): Node<T>[] {
    return take(this.preference(key), this.zones, n, options);
  }

  preference(key: Key): Iterable<Node<T>> {
    const hash = this.hashOf(key);
    return { [Symbol.iterator]: () => this.walk(hash) };
  }

  private *walk(hash: number): Generator<Node<T>> {
    for (const rank of walkOwners(this.table, hash, this.nodes.length)) yield this.nodes[rank] as Node<T>;
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
    return this.changed(nodes, (r) => (r < rank ? r : r === rank ? -1 : r - 1), undefined);
  }

  reweight(id: string, weight: number): Ring<T> {
    const { nodes, rank } = reweightNode(this.nodes, id, weight);
    return this.changed(nodes, (r) => (r === rank ? -1 : r), rank);
  }

  /** @param added the rank among `nodes` whose points are new */
  private changed(nodes: readonly Node<T>[], rename: (rank: number) => number, added: number | undefined): Ring<T> {
    requirePoints(nodes, this.vnodes);
    const points = added === undefined ? new Uint32Array(0) : sortedPointsOf(nodes[added]!, this.parameters);
    const renamed = Int32Array.from(this.nodes, (_, rank) => rename(rank));
    const table = replacePoints(this.table, nodes.length, renamed, points, added ?? 0);
    return new RingSnapshot(nodes, this.parameters, table);
  }

  /** What decides the owners, in the order of fields that the fingerprint is defined over. */
  private content(): Omit<RingJSON, 'fingerprint'> {
    const { keyHash, seed, vnodes, nodes } = this;
    return { v: 1, kind: 'ring', hash: keyHash.name, seed, vnodes, nodes: nodesToJSON(nodes) };
  }

  toJSON(): RingJSON {
    return { ...this.content(), fingerprint: this.fingerprint };
  }
}
