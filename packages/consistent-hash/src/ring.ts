/**
 * `ring`: consistent hashing with virtual nodes, the default placement.
 *
 * Karger et al., "Consistent Hashing and Random Trees" (STOC 1997): every node owns many points on a circle of 2^32
 * hashes, and a key belongs to the first point at or after its hash. A node that comes takes its keys from everybody,
 * one that goes leaves its keys to everybody, and no key moves between two others.
 *
 * Balance is a matter of the number of points: the load of a node has a coefficient of variation of 1 / sqrt(vnodes).
 * This file is the door: makers and their checks. ring-snapshot.ts is the ring, point-table.ts its lookup.
 */
import { requireInteger } from './errors.ts';
import { proved, readPlacement, requireField } from './json.ts';
import type { FromJSONOptions } from './json.ts';
import { requireHashOptions, toNodes } from './nodes.ts';
import { buildRing } from './ring-snapshot.ts';
import type { Ring } from './ring-snapshot.ts';
import type { HashOptions, NodeInput, PlacementJSON } from './types.ts';

export interface RingOptions extends HashOptions {
  /** Points of a node of weight 1, an integer in 1..65536. More balance better and cost memory. Default 512. */
  readonly vnodes?: number | undefined;
}

const VNODES_DEFAULT = 512;
const VNODES_MAX = 65_536;

/**
 * A ring of nodes. O(points * log points); `locate` is O(1) expected, whatever the number of nodes.
 *
 * @throws {PlacementError} NO_NODES, BAD_ID, DUPLICATE_ID, BAD_WEIGHT, BAD_OPTION; TOO_MANY_POINTS above 2^20 nodes or
 * 2^24 points
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { ring } from '@loadbearing/consistent-hash';
 * const caches = ring(['cache-a', 'cache-b', { id: 'cache-c', weight: 2 }]);
 * const [primary, failover] = caches.locateN('user:42', 2);
 * assert.equal(primary, caches.locate('user:42'));
 * assert.equal(failover?.id, caches.without(primary!.id).locate('user:42').id);
 * ```
 */
export function ring<T = unknown>(nodes: Iterable<NodeInput<T>>, options: RingOptions = {}): Ring<T> {
  const { hash, seed } = requireHashOptions(options);
  const vnodes = requireInteger('vnodes', options.vnodes ?? VNODES_DEFAULT, 1, VNODES_MAX);
  return buildRing(toNodes(nodes), { hash, seed, vnodes });
}

/**
 * The ring that `toJSON` described, proved by its fingerprint. Same cost as `ring`.
 *
 * @throws {PlacementError} BAD_JSON when it is no ring of version 1 or its content does not give its fingerprint;
 * HASH_MISMATCH when it names a hash that is neither xxh32 nor in `hashes`; what `ring` throws for its nodes
 */
export function ringFromJSON<T = undefined>(json: PlacementJSON, options: FromJSONOptions<T> = {}): Ring<T> {
  const { fields, nodes, hash, seed } = readPlacement('ring', json, options);
  return proved(ring<T>(nodes, { hash, seed, vnodes: requireField(fields, 'vnodes', 'number') }), fields);
}

export type { Ring, RingJSON } from './ring-snapshot.ts';
export type { FromJSONOptions } from './json.ts';
export { PlacementError } from './errors.ts';
export type { PlacementErrorCode } from './errors.ts';
export type * from './types.ts';
