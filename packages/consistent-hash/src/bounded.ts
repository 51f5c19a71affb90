/**
 * `bounded`: the owner of a key as long as it has room, else the next in the key's order of preference that has.
 *
 * Source: Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads" (SODA 2018, arXiv 1608.01350). With
 * `total` keys placed, a node of weight w may hold `ceil(c * (total + 1) * w / W)` of them, W being the sum of weights,
 * so none is ever more than c times as full as its share. Because c is above 1, the capacities add up to more than
 * there is to place, and some node has room.
 *
 * A placement answers from nodes and key alone; this answers from loads too, and so it is state: what is acquired must
 * be released. Loads are kept by id and not by placement, so that they outlive a change of nodes. It counts what one
 * process acquired and knows nothing of others.
 */
import { refuse } from './errors.ts';
import type { Key, Node, Placement } from './types.ts';

export interface BoundedOptions {
  /** How full a node may be, as a multiple of its share: a finite number above 1. Default 1.25. */
  readonly c?: number | undefined;
}

/** A key's place on a node. */
export interface Lease<T = unknown> {
  readonly node: Node<T>;
  /** Gives the place back; a second call does nothing. O(1). */
  release(): void;
}

export interface Bounded<T = unknown> {
  readonly placement: Placement<T>;
  /** Leases not yet released, also those of nodes that are gone. */
  readonly total: number;
  /**
   * A place for a key: on its owner, or on the first node of its preference that has room. The bound holds at this
   * moment; releases lower the mean and leave full nodes full. O(1) for an owner that has room, else a walk.
   *
   * Throws TypeError for a key that is neither string nor Uint8Array.
   */
  acquire(key: Key): Lease<T>;
  /** Leases of a node, also of one that is gone; 0 for an id it does not know. */
  loadOf(id: string): number;
  /** Goes on with another placement. Loads stay; those of nodes that are gone are released by whoever holds them. O(N). */
  use(next: Placement<T>): void;
}

/**
 * Leases on the nodes of a placement, none yet. The smaller `c`, the more even the loads and the more keys away from
 * their owners.
 *
 * @throws {PlacementError} BAD_OPTION
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { bounded, ring } from '@loadbearing/consistent-hash';
 * const rooms = bounded(ring(['ws-1', 'ws-2', 'ws-3']), { c: 1.25 });
 * const leases = Array.from({ length: 300 }, (_, i) => rooms.acquire(`room:${String(i)}`));
 * assert.ok(rooms.loadOf('ws-1') <= 125);
 * leases.forEach((lease) => lease.release());
 * assert.equal(rooms.total, 0);
 * ```
 */
export function bounded<T = unknown>(placement: Placement<T>, { c = 1.25 }: BoundedOptions = {}): Bounded<T> {
  if (!Number.isFinite(c) || c <= 1) refuse('BAD_OPTION', 'c', 'finite and above 1', c);
  /** Nodes without leases are not in it, so ids of the past do not pile up. */
  const loads = new Map<string, number>();
  let total = 0;
  let current: Placement<T>;
  let weights: number;

  const loadOf = (id: string): number => loads.get(id) ?? 0;

  const add = (id: string, change: number): void => {
    total += change;
    const load = loadOf(id) + change;
    if (load > 0) loads.set(id, load);
    else loads.delete(id);
  };

  // Rounding up is for those who read a capacity: an integer is at or above the number rounded just when it is unrounded.
  const isFull = ({ id, weight }: Node<T>): boolean => loadOf(id) >= (c * (total + 1) * weight) / weights;

  const use = (next: Placement<T>): void => {
    current = next;
    weights = 0;
    for (const { weight } of next.nodes) weights += weight;
  };

  use(placement);
  return {
    get placement() {
      return current;
    },
    get total() {
      return total;
    },
    acquire(key) {
      let node = current.locate(key);
      if (isFull(node)) for (node of current.preference(key)) if (!isFull(node)) break;
      add(node.id, 1);
      let held = 1;
      const release = (): void => {
        add(node.id, -held);
        held = 0;
      };
      return { node, release };
    },
    loadOf,
    use,
  };
}

export { PlacementError } from './errors.ts';
export type { PlacementErrorCode } from './errors.ts';
export type * from './types.ts';
