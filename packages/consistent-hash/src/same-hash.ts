/**
 * Two placements can only be compared if both hash a key to the same place: name of the hash and seed must be equal.
 */
import { PlacementError } from './errors.ts';
import type { Placement } from './types.ts';

/** Throws PlacementError HASH_MISMATCH when the two differ in hash or seed. */
export function requireSameHash(before: Placement, after: Placement): void {
  const [x, y] = [before.toJSON(), after.toJSON()];
  if (x.hash === y.hash && x.seed === y.seed) return;
  throw new PlacementError(
    'HASH_MISMATCH',
    `hash and seed must be equal; got ${x.hash} ${x.seed} and ${y.hash} ${y.seed}`,
  );
}
