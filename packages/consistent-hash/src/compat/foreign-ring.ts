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
import { refuse, requireHash, shown } from '../errors.ts';
import { rankOf, toNodes, withoutNode } from '../nodes.ts';
import { buildTable, ownerOf, ownerRanges, POINTS_MAX, sortPoints, walkOwners } from '../point-table.ts';
import type { PointTable, SortedPoints } from '../point-table.ts';
import { hashKey, Snapshot } from '../snapshot.ts';
import type { HashRange, Key, KeyHash, Node, NodeInput, PlacementJSON, Ranged } from '../types.ts';

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
    if (weight >>> 0 !== weight) {
      refuse('UNSUPPORTED_WEIGHT', `the weight of node ${shown(id)}`, 'an integer below 2^32 here', weight);
    }
  }
  return Object.freeze(ids.map((id) => sorted[rankOf(sorted, id)]!));
}

function sum(counts: readonly number[]): number {
  const count = counts.reduce((a, b) => a + b, 0);
  return count <= POINTS_MAX
    ? count
    : refuse('TOO_MANY_POINTS', 'the points of all servers', `at most ${POINTS_MAX}`, count);
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

class ForeignSnapshot<T> extends Snapshot<T, PlacementJSON> implements ForeignRing<T> {
  readonly kind: string;
  private readonly recipe: Recipe;
  private readonly table: PointTable;

  constructor(nodes: readonly Node<T>[], recipe: Recipe, table: PointTable) {
    super(nodes, recipe.hash, 0);
    this.kind = recipe.kind;
    this.recipe = recipe;
    this.table = table;
  }

  locate(key: Key): Node<T> {
    return this.byRank[ownerOf(this.table, hashKey(key, this.hash, 0))] as Node<T>;
  }

  locateHash(hash: number): Node<T> {
    return this.byRank[ownerOf(this.table, requireHash(hash))] as Node<T>;
  }

  protected *order(hash: number): Generator<Node<T>> {
    const met = new Set<Node<T>>();
    for (const rank of walkOwners(this.table, hash, this.nodes.length)) {
      const node = this.nodes[rank] as Node<T>;
      met.add(node);
      yield node;
    }
    for (const node of this.nodes) if (!met.has(node)) yield node;
  }

  protected parameters(): object {
    return {};
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
    // For its refusals; it knows nodes in the order of their ids only.
    withoutNode(toNodes(this.nodes), id);
    return foreignRing(
      this.nodes.filter((node) => node.id !== id),
      this.recipe,
    );
  }
}
