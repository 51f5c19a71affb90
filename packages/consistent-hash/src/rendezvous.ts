/**
 * `rendezvous`: highest random weight, for few nodes or exact weights.
 *
 * Every key holds a contest among all nodes (contest.ts) and the winner owns it. Nothing is approximated: each node
 * wins in proportion to its weight, and the loads vary only as much as the hashes of keys do. And since a draw depends
 * on one node and the key alone, a change of one node moves keys to or from that node only.
 *
 * The price is a lookup of O(N), so this is for up to some thirty nodes; beyond, `ring` is faster.
 */
import { buildContest, standingsOf, winnerOf } from './contest.ts';
import type { Contest } from './contest.ts';
import { requireHash } from './errors.ts';
import { proved, readPlacement } from './json.ts';
import type { FromJSONOptions } from './json.ts';
import { requireHashOptions, reweightNode, sharesOf, toNodes, withNode, withoutNode } from './nodes.ts';
import type { Change } from './nodes.ts';
import { hashKey, Snapshot } from './snapshot.ts';
import type { HashOptions, Key, KeyHash, Node, NodeInput, PlacementJSON, Weighted } from './types.ts';

export type RendezvousOptions = HashOptions;

export interface RendezvousJSON extends PlacementJSON {
  readonly kind: 'rendezvous';
}

/** A snapshot of a rendezvous. `shares` are expected ones; `with`, `without` and `reweight` cost O(N log N). */
export interface Rendezvous<T = unknown> extends Weighted<T> {
  readonly kind: 'rendezvous';
  with(node: NodeInput<T>): Rendezvous<T>;
  without(id: string): Rendezvous<T>;
  reweight(id: string, weight: number): Rendezvous<T>;
  toJSON(): RendezvousJSON;
}

/**
 * A rendezvous of nodes. O(N log N); `locate` is O(N) and `locateN` O(N log N).
 *
 * @throws {PlacementError} NO_NODES, BAD_ID, DUPLICATE_ID, BAD_WEIGHT, BAD_OPTION; TOO_MANY_POINTS above 2^20 nodes
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { rendezvous } from '@loadbearing/consistent-hash';
 * const shards = rendezvous(['db-1', 'db-2', { id: 'db-3', weight: 2 }]);
 * const { id } = shards.locate('user:42');
 * assert.equal(shards.shares().get('db-3'), 0.5);
 * assert.equal(shards.reweight('db-1', 5).reweight('db-1', 1).locate('user:42').id, id);
 * ```
 */
export function rendezvous<T = unknown>(nodes: Iterable<NodeInput<T>>, options: RendezvousOptions = {}): Rendezvous<T> {
  const { hash, seed } = requireHashOptions(options);
  return new RendezvousSnapshot(toNodes(nodes), hash, seed);
}

/**
 * The rendezvous that `toJSON` described, proved by its fingerprint. O(N log N).
 *
 * @throws {PlacementError} BAD_JSON when it is no rendezvous of version 1 or its content does not give its
 * fingerprint; HASH_MISMATCH when it names a hash that is neither xxh32 nor in `hashes`; what `rendezvous` throws for
 * its nodes
 */
export function rendezvousFromJSON<T = undefined>(
  json: PlacementJSON,
  options: FromJSONOptions<T> = {},
): Rendezvous<T> {
  const { fields, nodes, hash, seed } = readPlacement('rendezvous', json, options);
  return proved(rendezvous<T>(nodes, { hash, seed }), fields);
}

class RendezvousSnapshot<T> extends Snapshot<T, RendezvousJSON> implements Rendezvous<T> {
  readonly kind = 'rendezvous';
  private readonly contest: Contest;

  constructor(nodes: readonly Node<T>[], hash: KeyHash, seed: number) {
    super(nodes, hash, seed);
    this.contest = buildContest(nodes, seed);
  }

  locate(key: Key): Node<T> {
    return this.byRank[winnerOf(this.contest, hashKey(key, this.hash, this.seed))] as Node<T>;
  }

  locateHash(hash: number): Node<T> {
    return this.byRank[winnerOf(this.contest, requireHash(hash))] as Node<T>;
  }

  protected *order(hash: number): Generator<Node<T>> {
    for (const rank of standingsOf(this.contest, hash)) yield this.nodes[rank] as Node<T>;
  }

  protected parameters(): object {
    return {};
  }

  shares(): ReadonlyMap<string, number> {
    const shares = sharesOf(this.nodes);
    return new Map(this.nodes.map(({ id }, rank) => [id, shares[rank]!]));
  }

  with(node: NodeInput<T>): Rendezvous<T> {
    return this.changed(withNode(this.nodes, node));
  }

  without(id: string): Rendezvous<T> {
    return this.changed(withoutNode(this.nodes, id));
  }

  reweight(id: string, weight: number): Rendezvous<T> {
    return this.changed(reweightNode(this.nodes, id, weight));
  }

  private changed({ nodes }: Change<T>): Rendezvous<T> {
    return new RendezvousSnapshot(nodes, this.hash, this.seed);
  }
}

export type { FromJSONOptions } from './json.ts';
export { PlacementError } from './errors.ts';
export type { PlacementErrorCode } from './errors.ts';
export type * from './types.ts';
