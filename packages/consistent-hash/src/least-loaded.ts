/**
 * The least loaded of a few candidates: with `locateN` it turns one owner into a choice.
 *
 * Two candidates are enough to level most of what hashing leaves uneven ("the power of two choices": Azar, Broder,
 * Karlin, Upfal, STOC 1994), and each further one brings little.
 */
import { PlacementError } from './errors.ts';
import type { Node } from './types.ts';

/**
 * The candidate with the lowest load; of equals the first, so the key's own order decides. O(candidates); `load` is
 * called once for each. A load of NaN or Infinity is taken only when there is no other.
 *
 * @throws {PlacementError} NO_NODES without candidates
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { leastLoaded, ring } from '@loadbearing/consistent-hash';
 * const inFlight = new Map([['a', 7], ['b', 2], ['c', 9]]);
 * const caches = ring(inFlight.keys());
 * const node = leastLoaded(caches.locateN('user:42', 3), ({ id }) => inFlight.get(id)!);
 * assert.equal(node.id, 'b');
 * ```
 */
export function leastLoaded<T>(candidates: readonly Node<T>[], load: (node: Node<T>) => number): Node<T> {
  let least = candidates[0];
  if (least === undefined) throw new PlacementError('NO_NODES', 'leastLoaded needs a candidate; got none');
  let lowest = Infinity;
  for (const node of candidates) {
    const its = load(node);
    if (its >= lowest || Number.isNaN(its)) continue;
    lowest = its;
    least = node;
  }
  return least;
}
