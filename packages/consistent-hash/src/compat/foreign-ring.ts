/**
 * A ring whose points and key hash are those of another program: what nginx's and ketama's rings have in common.
 *
 * The program decides where points lie; from there on it is the successor on a circle of 2^32 hashes as in ring.ts, and
 * point-table.ts finds it. Three things differ from our own ring, because the other program has them so. Nodes keep the
 * GIVEN order, which is that of its configuration, and of equal points the first given owns the place. Weights are
 * integers. And a server may have no point at all; it owns nothing and comes last in every order of preference.
 *
 * A change of nodes builds the ring anew, because in ketama it may change everybody's points (ketama.ts tells why).
 */
import { PlacementError, requireHash, shown } from '../errors.ts';
import { requireKey } from '../key-bytes.ts';
import { fingerprintOf, nodesToJSON, rankOf, toNodes } from '../nodes.ts';
import { buildTable, ownerOf, ownerRanges, POINTS_MAX, sortPoints, walkOwners } from '../point-table.ts';
import type { PointTable, SortedPoints } from '../point-table.ts';
import { countZones, take } from '../take.ts';
import type { HashRange, Key, KeyHash, LocateOptions, Node, NodeInput, PlacementJSON, Ranged } from '../types.ts';

/**
 * A ring of another program. Node ids are what that program calls its servers, weights are integers, and `nodes`,
 * `shares` and the JSON keep the given order. `with` (at the end) and `without` build anew: O(points * log points).
 */
export interface ForeignRing<T = unknown> extends Ranged<T> {
  with(node: NodeInput<T>): ForeignRing<T>;
  without(id: string): ForeignRing<T>;
}

/** Where the points of some servers lie. */
export interface Layout {
  /** How many points each server has, in the given order. */
  readonly counts: readonly number[];
  /** Calls `add` for the `count` points of a server. */
  readonly eachPoint: (id: string, count: number, add: (point: number) => void) => void;
}

/** How the other program makes its ring. */
export interface Recipe {
  readonly kind: string;
  readonly hash: KeyHash;
  readonly layout: (nodes: readonly Node[]) => Layout;
  /** Whether of equal points only the first stays, also for a walk. */
  readonly dropsEqual: boolean;
}

const WEIGHT_MAX = 0xffffffff;

function* noted<T>(servers: Iterable<NodeInput<T>>, ids: string[]): Generator<NodeInput<T>> {
  for (const server of servers) {
    yield server;
    // Only now is it known to be a node.
    ids.push(typeof server === 'string' ? server : server.id);
  }
}

/** Checked nodes in the given order. Throws what `toNodes` throws, and UNSUPPORTED_WEIGHT. O(N log N). */
function givenNodes<T>(servers: Iterable<NodeInput<T>>): readonly Node<T>[] {
  const given: unknown = servers;
  const ids: string[] = [];
  const listed = typeof given === 'object' && given !== null && Symbol.iterator in given;
  const sorted = toNodes(listed ? noted(servers, ids) : servers);
  for (const { id, weight } of sorted) {
    if (Number.isInteger(weight) && weight <= WEIGHT_MAX) continue;
    throw new PlacementError(
      'UNSUPPORTED_WEIGHT',
      `the weight of node ${shown(id)} must be an integer in 1..${WEIGHT_MAX} here; got ${weight}`,
    );
  }
  return Object.freeze(ids.map((id) => sorted[rankOf(sorted, id)]!));
}

function sum(counts: readonly number[]): number {
  const count = counts.reduce((a, b) => a + b, 0);
  if (count <= POINTS_MAX) return count;
  throw new PlacementError('TOO_MANY_POINTS', `these servers must have at most ${POINTS_MAX} points; got ${count}`);
}

function firstOfEqual({ size, points, owners }: SortedPoints): SortedPoints {
  let kept = 0;
  for (let i = 0; i < size; i++) {
    if (i > 0 && points[i] === points[i - 1]) continue;
    points[kept] = points[i] as number;
    owners[kept++] = owners[i] as number;
  }
  return { size: kept, points, owners };
}

/** O(points * log points). Throws what `toNodes` throws, UNSUPPORTED_WEIGHT, TOO_MANY_POINTS. */
export function foreignRing<T>(servers: Iterable<NodeInput<T>>, recipe: Recipe): ForeignRing<T> {
  const nodes = givenNodes(servers);
  const { counts, eachPoint } = recipe.layout(nodes);
  const sorted = sortPoints(sum(counts), (add) =>
    nodes.forEach(({ id }, rank) => eachPoint(id, counts[rank]!, (point) => add(point, rank))),
  );
  const table = buildTable(recipe.dropsEqual ? firstOfEqual(sorted) : sorted, nodes.length);
  return new ForeignSnapshot(nodes, recipe, table);
}

class ForeignSnapshot<T> implements ForeignRing<T> {
  readonly kind: string;
  readonly fingerprint: string;
  readonly nodes: readonly Node<T>[];
  private readonly recipe: Recipe;
  private readonly table: PointTable;
  private readonly zones: number;

  constructor(nodes: readonly Node<T>[], recipe: Recipe, table: PointTable) {
    this.kind = recipe.kind;
    this.nodes = nodes;
    this.recipe = recipe;
    this.table = table;
    this.zones = countZones(nodes);
    this.fingerprint = fingerprintOf(this.content());
  }

  hashOf(key: Key): number {
    if (typeof key !== 'string') requireKey(key);
    return this.recipe.hash.hash(key, 0) >>> 0;
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
    const met = new Set<number>();
    for (const rank of walkOwners(this.table, hash, this.nodes.length)) {
      met.add(rank);
      yield this.nodes[rank] as Node<T>;
    }
    for (const [rank, node] of this.nodes.entries()) if (!met.has(rank)) yield node;
  }

  shares(): ReadonlyMap<string, number> {
    const shares = new Map(this.nodes.map(({ id }) => [id, 0]));
    // Counts over a power of two: every share is exact.
    for (const { start, end, node } of this.ranges()) {
      shares.set(node.id, shares.get(node.id)! + (end - start + 1) / 2 ** 32);
    }
    return shares;
  }

  ranges(): Iterable<HashRange<T>> {
    return { [Symbol.iterator]: () => this.namedRanges() };
  }

  private *namedRanges(): Generator<HashRange<T>> {
    for (const { start, end, owner } of ownerRanges(this.table)) {
      yield { start, end, node: this.nodes[owner] as Node<T> };
    }
  }

  with(node: NodeInput<T>): ForeignRing<T> {
    return foreignRing([...this.nodes, node], this.recipe);
  }

  without(id: string): ForeignRing<T> {
    const rank = this.nodes.findIndex((node) => node.id === id);
    // The search refuses an unknown id; it needs the order of ids.
    if (rank < 0) rankOf(toNodes(this.nodes), id);
    return foreignRing(this.nodes.toSpliced(rank, 1), this.recipe);
  }

  /** What decides the owners: here the order of nodes is part of it. */
  private content(): Omit<PlacementJSON, 'fingerprint'> {
    const { kind, recipe, nodes } = this;
    return { v: 1, kind, hash: recipe.hash.name, seed: 0, nodes: nodesToJSON(nodes) };
  }

  toJSON(): PlacementJSON {
    return { ...this.content(), fingerprint: this.fingerprint };
  }
}
