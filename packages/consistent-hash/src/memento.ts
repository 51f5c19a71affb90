/**
 * `memento`: numbered buckets of which any may go.
 *
 * Source: Coluzzi, Brocco, Antonucci and Leidi, "MementoHash" (arXiv 2306.09783). Jump hashing spreads keys over n
 * buckets but can only lose the last. Memento remembers each bucket that went: the c buckets that were left then share
 * its keys. Their places 0..c - 1 are those of the moment: whoever stood on place c moved into the gap, so a place
 * whose bucket was gone by then is followed to the c of that bucket, until it leads to one that was still there.
 *
 * Invariant: buckets go one by one and come back in the reverse order, the freed last first. So they form a stack, and
 * of n buckets the one at height i left n - 1 - i: no c is stored beside the stack.
 *
 * We depart in one way: instead of a map of the buckets that are gone there is one array with a number for each
 * bucket, the rank of its node or `~c`. A table from buckets to nodes is needed anyway, so this costs no memory, and
 * one read answers both questions.
 */
import { buildContest, ownerFirst } from './contest.ts';
import type { Contest } from './contest.ts';
import { refuse, requireHash, shown } from './errors.ts';
import { jump } from './jump.ts';
import { badJSON, proved, readPlacement, requireField } from './json.ts';
import type { FromJSONOptions } from './json.ts';
import { mix } from './mix32.ts';
import { NODES_MAX, requireHashOptions, toNodes, withNode, withoutNode } from './nodes.ts';
import { hashKey, Snapshot } from './snapshot.ts';
import type { HashOptions, Key, KeyHash, Node, NodeInput, Placement, PlacementJSON } from './types.ts';

export type MementoOptions = HashOptions;

export interface MementoJSON extends PlacementJSON {
  readonly kind: 'memento';
  /** Of each bucket that has a node, in ascending order, the place of the node in `nodes`. */
  readonly buckets: readonly number[];
  /** The buckets without a node, in the order in which they lost it. */
  readonly removed: readonly number[];
}

/**
 * A snapshot of a memento. Owners depend on the order of past changes, and so does the fingerprint: two processes
 * agree if they made the same changes in the same order, or if one read the JSON of the other.
 *
 * `with` puts a node into the bucket freed last, which need not be the one it had before. Both cost O(N).
 */
export interface Memento<T = unknown> extends Placement<T> {
  readonly kind: 'memento';
  with(node: NodeInput<T>): Memento<T>;
  without(id: string): Memento<T>;
  toJSON(): MementoJSON;
}

/**
 * A memento of nodes, all of weight 1; at first they have the buckets 0..N - 1 in the order of ids. O(N log N);
 * `locate` is O(log N) while few buckets are gone. `shares` are expected ones, 1/N each.
 *
 * @throws {PlacementError} NO_NODES, BAD_ID, DUPLICATE_ID, BAD_WEIGHT, BAD_OPTION; UNSUPPORTED_WEIGHT for a weight
 * other than 1; TOO_MANY_POINTS above 2^20 nodes
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { memento } from '@loadbearing/consistent-hash';
 * const shards = memento(['shard-0', 'shard-1', 'shard-2']);
 * const owner = shards.locate('user:42').id;
 * const other = shards.nodes.find(({ id }) => id !== owner)!;
 * assert.equal(shards.without(other.id).locate('user:42').id, owner);
 * ```
 */
export function memento<T = unknown>(nodes: Iterable<NodeInput<T>>, options: MementoOptions = {}): Memento<T> {
  const { hash, seed } = requireHashOptions(options);
  const sorted = toNodes(nodes);
  return new MementoSnapshot(sorted, hash, seed, Int32Array.from(sorted.keys()), []);
}

/**
 * The memento that `toJSON` described, with its history, proved by its fingerprint. O(N log N).
 *
 * @throws {PlacementError} BAD_JSON when it is no memento of version 1, when its buckets do not fit its nodes or its
 * content does not give its fingerprint; HASH_MISMATCH when it names a hash that is neither xxh32 nor in `hashes`; what
 * `memento` throws for its nodes
 */
export function mementoFromJSON<T = undefined>(json: PlacementJSON, options: FromJSONOptions<T> = {}): Memento<T> {
  const { fields, nodes, hash, seed } = readPlacement('memento', json, options);
  const buckets = requireField(fields, 'buckets', 'array');
  const removed = requireField(fields, 'removed', 'array');
  const size = buckets.length + removed.length;
  const fits = buckets.length === nodes.length && size <= NODES_MAX;
  if (!fits || !areDifferent(buckets, nodes.length) || !areDifferent(removed, size)) {
    throw badJSON('buckets must name each node once, and removed each of the other buckets once');
  }
  const table = new Int32Array(size);
  removed.forEach((bucket, height) => {
    table[bucket] = height - size;
  });
  let filled = 0;
  for (let bucket = 0; bucket < size; bucket++) if (table[bucket] === 0) table[bucket] = buckets[filled++]!;
  return proved(new MementoSnapshot<T>(toNodes(nodes), hash, seed, table, [...removed]), fields);
}

/** Whether all are integers in 0..end - 1 and no two are equal. */
function areDifferent(values: unknown[], end: number): values is number[] {
  const isInRange = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) < end;
  return values.every(isInRange) && new Set(values).size === values.length;
}

/** The rank of the owner. O(log n) for n buckets, and some ln(n/N)^2 steps for those that are gone; no allocation. */
function ownerOf(table: Int32Array, hash: number): number {
  let bucket = jump(hash, mix(hash, 1, 2), table.length);
  let entry = table[bucket] as number;
  while (entry < 0) {
    const gone = entry;
    // At most 2^20 buckets: the product is exact.
    bucket = ((mix(hash, bucket, 0x9e3779b9) >>> 0) * ~gone * 2 ** -32) | 0;
    // A c of at least this one's means gone no later: a smaller or equal entry.
    while ((entry = table[bucket] as number) <= gone) bucket = ~entry;
  }
  return entry;
}

class MementoSnapshot<T> extends Snapshot<T, MementoJSON> implements Memento<T> {
  readonly kind = 'memento';
  /** Of each bucket the rank of its node; of one that is gone, `~c`. */
  private readonly table: Int32Array;
  /** The buckets that are gone, the last one last. */
  private readonly removed: readonly number[];
  /** For successors; made when they are first asked for. */
  private contest: Contest | undefined;

  constructor(nodes: readonly Node<T>[], hash: KeyHash, seed: number, table: Int32Array, removed: readonly number[]) {
    super(nodes, hash, seed);
    for (const { id, weight } of nodes) {
      if (weight !== 1) refuse('UNSUPPORTED_WEIGHT', `the weight of node ${shown(id)}`, '1', weight);
    }
    this.table = table;
    this.removed = removed;
  }

  locate(key: Key): Node<T> {
    return this.byRank[ownerOf(this.table, hashKey(key, this.hash, this.seed))] as Node<T>;
  }

  locateHash(hash: number): Node<T> {
    return this.byRank[ownerOf(this.table, requireHash(hash))] as Node<T>;
  }

  protected order(hash: number): Iterator<Node<T>> {
    const contest = (): Contest => (this.contest ??= buildContest(this.nodes, this.seed));
    return ownerFirst(ownerOf(this.table, hash), hash, this.nodes, contest);
  }

  protected parameters(): object {
    return { buckets: [...this.table.filter((entry) => entry >= 0)], removed: [...this.removed] };
  }

  shares(): ReadonlyMap<string, number> {
    return new Map(this.nodes.map(({ id }) => [id, 1 / this.nodes.length]));
  }

  with(node: NodeInput<T>): Memento<T> {
    const { nodes, rank } = withNode(this.nodes, node);
    const size = this.table.length;
    const bucket = this.removed.at(-1) ?? size;
    const table = new Int32Array(bucket === size ? size + 1 : size);
    table.set(this.table.map((entry) => (entry < rank ? entry : entry + 1)));
    table[bucket] = rank;
    return this.changed(nodes, table, this.removed.slice(0, -1));
  }

  without(id: string): Memento<T> {
    const { nodes, rank } = withoutNode(this.nodes, id);
    const { removed } = this;
    const size = this.table.length;
    const bucket = this.table.indexOf(rank);
    const table = this.table.map((entry) => (entry < rank ? entry : entry - 1));
    // The last bucket of a table without gaps leaves no trace.
    if (removed.length === 0 && bucket === size - 1) return this.changed(nodes, table.subarray(0, -1), removed);
    table[bucket] = removed.length - size;
    return this.changed(nodes, table, [...removed, bucket]);
  }

  private changed(nodes: readonly Node<T>[], table: Int32Array, removed: readonly number[]): Memento<T> {
    return new MementoSnapshot(nodes, this.hash, this.seed, table, removed);
  }
}

export { jumpHash, jumpHash64 } from './jump.ts';
export type { FromJSONOptions } from './json.ts';
export { PlacementError } from './errors.ts';
export type { PlacementErrorCode } from './errors.ts';
export type * from './types.ts';
