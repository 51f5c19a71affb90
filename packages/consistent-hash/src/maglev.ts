/**
 * `maglev`: a lookup table in which every node has its share of the entries almost exactly.
 *
 * Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016). Each node has its
 * own order of all M entries, `offset, offset + skip, offset + 2 skip, ...` modulo a prime M, and the nodes take turns
 * at claiming the next entry of their order that is still free. Equal weights differ by one entry at most.
 *
 * We depart in two ways. Weights follow Envoy: with weights that add up to 1, a node takes its turn in iteration i
 * when i times its weight has reached its target, and each turn raises the target by the largest weight. And M is
 * given, never derived from the number of nodes, which would move almost every key when that number changes.
 *
 * What it costs: who comes or goes leaves gaps in the order of turns, so a few entries change hands between nodes that
 * did not change. At the default size that is under 1 % of the keys. For data that must stay, take another placement.
 */
import { buildContest, ownerFirst } from './contest.ts';
import type { Contest } from './contest.ts';
import { PlacementError, requireHash } from './errors.ts';
import { proved, readPlacement, requireField } from './json.ts';
import type { FromJSONOptions } from './json.ts';
import { fillTable, requirePrime } from './maglev-table.ts';
import type { Turns } from './maglev-table.ts';
import { identityOf, requireHashOptions, reweightNode, toNodes, withNode, withoutNode } from './nodes.ts';
import type { Change } from './nodes.ts';
import { hashKey, Snapshot } from './snapshot.ts';
import type { HashOptions, Key, KeyHash, Node, NodeInput, PlacementJSON, Weighted } from './types.ts';

export interface MaglevOptions extends HashOptions {
  /** Entries of the table, a prime of at most 2^24. A hundred for each node balance to 1 %. Default 65537. */
  readonly size?: number | undefined;
}

export interface MaglevJSON extends PlacementJSON {
  readonly kind: 'maglev';
  readonly size: number;
}

/** A snapshot of a Maglev table. `with`, `without` and `reweight` cost as much as `maglev`. */
export interface Maglev<T = unknown> extends Weighted<T> {
  readonly kind: 'maglev';
  readonly size: number;
  with(node: NodeInput<T>): Maglev<T>;
  without(id: string): Maglev<T>;
  reweight(id: string, weight: number): Maglev<T>;
  toJSON(): MaglevJSON;
}

const SIZE_DEFAULT = 65_537;
const SIZE_MAX = 2 ** 24;

/**
 * A Maglev table of nodes. `locate` is O(1), whatever the number of nodes; building is O(size log size) for weights of
 * one order of magnitude, and up to O(size N) when one is much larger than all others.
 *
 * @throws {PlacementError} NO_NODES, BAD_ID, DUPLICATE_ID, BAD_WEIGHT, BAD_OPTION; TABLE_TOO_SMALL for more nodes than
 * entries; TOO_MANY_POINTS above 2^20 nodes
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { maglev } from '@loadbearing/consistent-hash';
 * const backends = maglev(['web-1', 'web-2', 'web-3'], { size: 1009 });
 * const shares = [...backends.shares().values()];
 * assert.ok(Math.max(...shares) - Math.min(...shares) < 1.01 / 1009);
 * ```
 */
export function maglev<T = unknown>(nodes: Iterable<NodeInput<T>>, options: MaglevOptions = {}): Maglev<T> {
  const { hash, seed } = requireHashOptions(options);
  return new MaglevSnapshot(toNodes(nodes), hash, seed, requirePrime('size', options.size ?? SIZE_DEFAULT, SIZE_MAX));
}

/**
 * The table that `toJSON` described, proved by its fingerprint. Same cost as `maglev`.
 *
 * @throws {PlacementError} BAD_JSON when it is no table of version 1 or its content does not give its fingerprint;
 * HASH_MISMATCH when it names a hash that is neither xxh32 nor in `hashes`; what `maglev` throws for its nodes and size
 */
export function maglevFromJSON<T = undefined>(json: PlacementJSON, options: FromJSONOptions<T> = {}): Maglev<T> {
  const { fields, nodes, hash, seed } = readPlacement('maglev', json, options);
  return proved(maglev<T>(nodes, { hash, seed, size: requireField(fields, 'size', 'number') }), fields);
}

function tableOf(nodes: readonly Node[], seed: number, size: number): Uint16Array | Uint32Array {
  if (nodes.length > size) {
    throw new PlacementError('TABLE_TOO_SMALL', `${nodes.length} nodes need a size of as many; got ${size}`);
  }
  // A power of two changes no bit of a ratio, and with this one no sum of 2^20 weights overflows.
  const total = nodes.reduce((sum, { weight }) => sum + weight * 2 ** -21, 0);
  const turns = nodes.map(({ id, weight }): Turns => {
    const { a, b } = identityOf(id, seed);
    return { offset: a % size, skip: (b % (size - 1)) + 1, weight: (weight * 2 ** -21) / total };
  });
  return fillTable(turns, size);
}

class MaglevSnapshot<T> extends Snapshot<T, MaglevJSON> implements Maglev<T> {
  readonly kind = 'maglev';
  readonly size: number;
  private readonly table: Uint16Array | Uint32Array;
  /** For successors; made when they are first asked for. */
  private contest: Contest | undefined;

  constructor(nodes: readonly Node<T>[], hash: KeyHash, seed: number, size: number) {
    super(nodes, hash, seed);
    this.size = size;
    this.table = tableOf(nodes, seed, size);
  }

  private ownerOf(hash: number): number {
    return this.table[hash % this.size] as number;
  }

  locate(key: Key): Node<T> {
    return this.byRank[this.ownerOf(hashKey(key, this.hash, this.seed))] as Node<T>;
  }

  locateHash(hash: number): Node<T> {
    return this.byRank[this.ownerOf(requireHash(hash))] as Node<T>;
  }

  protected order(hash: number): Iterator<Node<T>> {
    const contest = (): Contest => (this.contest ??= buildContest(this.nodes, this.seed));
    return ownerFirst(this.ownerOf(hash), hash, this.nodes, contest);
  }

  protected parameters(): object {
    return { size: this.size };
  }

  shares(): ReadonlyMap<string, number> {
    const hashes = new Float64Array(this.nodes.length);
    // 2^32 is no multiple of an odd size: the first entries get one hash more.
    const [each, more] = [Math.floor(2 ** 32 / this.size), 2 ** 32 % this.size];
    this.table.forEach((owner, entry) => {
      hashes[owner]! += entry < more ? each + 1 : each;
    });
    return new Map(this.nodes.map(({ id }, rank) => [id, hashes[rank]! / 2 ** 32]));
  }

  with(node: NodeInput<T>): Maglev<T> {
    return this.changed(withNode(this.nodes, node));
  }

  without(id: string): Maglev<T> {
    return this.changed(withoutNode(this.nodes, id));
  }

  reweight(id: string, weight: number): Maglev<T> {
    return this.changed(reweightNode(this.nodes, id, weight));
  }

  private changed({ nodes }: Change<T>): Maglev<T> {
    return new MaglevSnapshot(nodes, this.hash, this.seed, this.size);
  }
}

export type { FromJSONOptions } from './json.ts';
export { PlacementError } from './errors.ts';
export type { PlacementErrorCode } from './errors.ts';
export type * from './types.ts';
