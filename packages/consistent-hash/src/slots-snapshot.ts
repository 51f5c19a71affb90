/**
 * A slot map as a snapshot: nodes, the owner of each slot, and everything that `Slots` answers.
 *
 * A slot is an interval of the hash space, `slot = floor(hash * count / 2^32)`: so it is found with one
 * multiplication, a slot map has ranges as a ring has, and `diff` compares the two. With count <= 2^20 all products
 * are below 2^52 and all of this is exact.
 *
 * Successors of an owner are drawn from the number of the slot and not from the hash of the key: all keys of a slot
 * share one set of replicas, and a copy of a slot is a copy of all of it.
 */
import { buildContest, ownerFirst } from './contest.ts';
import type { Contest } from './contest.ts';
import { PlacementError, requireHash, requireInteger, shown } from './errors.ts';
import { rankOf, reweightNode, withNode, withoutNode } from './nodes.ts';
import type { Change } from './nodes.ts';
import { movesTo } from './plan.ts';
import type { SlotMove } from './plan.ts';
import { hashKey, Snapshot } from './snapshot.ts';
import type { HashRange, Key, KeyHash, Node, NodeInput, PlacementJSON, Ranged, Weighted } from './types.ts';

/** A run of slots, both ends included, and the id of its owner. */
export interface SlotOwners {
  readonly from: number;
  readonly to: number;
  readonly id: string;
}

export interface SlotsJSON extends PlacementJSON {
  readonly kind: 'slots';
  readonly count: number;
  /** Runs as long as possible, ascending, that cover all slots. */
  readonly owners: readonly SlotOwners[];
}

/**
 * A snapshot of a slot map. `with`, `without` and `reweight` apply the whole `plan` for the new nodes, which costs
 * O(count + N log N) and depends on the table there is; to move data slot by slot, use `plan` and `assign`.
 */
export interface Slots<T = unknown> extends Weighted<T>, Ranged<T> {
  readonly kind: 'slots';
  readonly count: number;
  /** The slot of a key, in 0..count - 1. Throws TypeError unless string or Uint8Array. */
  slotOf(key: Key): number;
  /** Throws PlacementError BAD_OPTION unless `slot` is an integer in 0..count - 1. */
  owner(slot: number): Node<T>;
  /** The slots of a node, ascending; may be none. O(count). Throws PlacementError UNKNOWN_NODE. */
  slotsOf(id: string): number[];
  /**
   * The map after these moves, one after the other, among the same nodes. All or nothing. O(count).
   *
   * Throws PlacementError STALE_MOVE when `from` does not own the slot, UNKNOWN_NODE for an unknown `to`, BAD_OPTION
   * for a slot out of range.
   */
  assign(moves: readonly SlotMove[]): Slots<T>;
  with(node: NodeInput<T>): Slots<T>;
  without(id: string): Slots<T>;
  reweight(id: string, weight: number): Slots<T>;
  toJSON(): SlotsJSON;
}

/** Of each slot the rank of its owner; two bytes are enough for 65,536 nodes. */
type Owners = Uint16Array | Uint32Array;

/** The owners of `count` slots, all of rank 0 as yet. */
export function ownersFor(nodes: readonly Node[], count: number): Owners {
  return new (nodes.length <= 2 ** 16 ? Uint16Array : Uint32Array)(count);
}

export class SlotsSnapshot<T> extends Snapshot<T, SlotsJSON> implements Slots<T> {
  readonly kind = 'slots';
  readonly count: number;
  private readonly owners: Owners;
  /** Slots per hash. A product with a hash is exact, and below 2^20. */
  private readonly scale: number;
  /** For successors; made when they are first asked for. */
  private contest: Contest | undefined;

  /** @param owners a rank for each of at least as many slots as there are nodes; not copied */
  constructor(nodes: readonly Node<T>[], hash: KeyHash, seed: number, owners: Owners) {
    super(nodes, hash, seed);
    this.count = owners.length;
    this.owners = owners;
    this.scale = owners.length / 2 ** 32;
  }

  locate(key: Key): Node<T> {
    return this.byRank[this.owners[(hashKey(key, this.hash, this.seed) * this.scale) | 0] as number] as Node<T>;
  }

  locateHash(hash: number): Node<T> {
    return this.byRank[this.owners[(requireHash(hash) * this.scale) | 0] as number] as Node<T>;
  }

  slotOf(key: Key): number {
    return (this.hashOf(key) * this.scale) | 0;
  }

  private require(slot: number): number {
    return requireInteger('slot', slot, 0, this.count - 1);
  }

  owner(slot: number): Node<T> {
    return this.byRank[this.owners[this.require(slot)] as number] as Node<T>;
  }

  slotsOf(id: string): number[] {
    const rank = rankOf(this.nodes, id);
    return [...this.owners.keys()].filter((slot) => this.owners[slot] === rank);
  }

  protected order(hash: number): Iterator<Node<T>> {
    const slot = (hash * this.scale) | 0;
    const contest = (): Contest => (this.contest ??= buildContest(this.nodes, this.seed));
    return ownerFirst(this.owners[slot] as number, slot, this.nodes, contest);
  }

  /** Neighbouring slots of one owner, ascending. Lazy; O(count) in all. */
  private *runs(): Generator<{ from: number; to: number; node: Node<T> }> {
    const { count, owners } = this;
    for (let from = 0, next = 1; next <= count; next++) {
      // Behind the last slot there is undefined, which is no owner.
      if (owners[next] === owners[from]) continue;
      yield { from, to: next - 1, node: this.nodes[owners[from] as number] as Node<T> };
      from = next;
    }
  }

  protected parameters(): object {
    return { count: this.count, owners: Array.from(this.runs(), ({ from, to, node }) => ({ from, to, id: node.id })) };
  }

  shares(): ReadonlyMap<string, number> {
    const shares = new Map(this.nodes.map(({ id }) => [id, 0]));
    // Multiples of 2^-32 that add up to 1: every sum is exact.
    for (const { start, end, node } of this.ranges()) {
      shares.set(node.id, shares.get(node.id)! + (end - start + 1) / 2 ** 32);
    }
    return shares;
  }

  ranges(): Iterable<HashRange<T>> {
    return { [Symbol.iterator]: () => this.namedRanges() };
  }

  private *namedRanges(): Generator<HashRange<T>> {
    // The first hash of a slot. A quotient that is not whole is further than rounding from the next whole number.
    const startOf = (slot: number): number => Math.ceil(slot / this.scale);
    for (const { from, to, node } of this.runs()) yield { start: startOf(from), end: startOf(to + 1) - 1, node };
  }

  assign(moves: readonly SlotMove[]): Slots<T> {
    const { nodes } = this;
    const owners = this.owners.slice();
    for (const { slot, from, to } of moves) {
      const { id } = nodes[owners[this.require(slot)] as number] as Node<T>;
      if (id !== from) {
        throw new PlacementError(
          'STALE_MOVE',
          `slot ${slot} belongs to ${shown(id)}; the move takes it from ${shown(from)}`,
        );
      }
      owners[slot] = rankOf(nodes, to);
    }
    return new SlotsSnapshot(nodes, this.hash, this.seed, owners);
  }

  with(node: NodeInput<T>): Slots<T> {
    return this.spread(withNode(this.nodes, node));
  }

  without(id: string): Slots<T> {
    return this.spread(withoutNode(this.nodes, id));
  }

  reweight(id: string, weight: number): Slots<T> {
    return this.spread(reweightNode(this.nodes, id, weight));
  }

  /** The map over other nodes, after the plan for them. */
  private spread({ nodes }: Change<T>): Slots<T> {
    const ranks = new Map(nodes.map(({ id }, rank) => [id, rank]));
    // Slots of a node that is gone move, all of them: 0 does not stay.
    const owners = ownersFor(nodes, this.count).map((_, slot) => ranks.get(this.owner(slot).id) ?? 0);
    for (const { slot, to } of movesTo(this, nodes)) owners[slot] = ranks.get(to)!;
    return new SlotsSnapshot(nodes, this.hash, this.seed, owners);
  }
}
