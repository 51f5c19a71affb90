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
import { PlacementError, shown } from './errors.ts';
import { requireHashOptions, toNodes } from './nodes.ts';
import { buildRing } from './ring-snapshot.ts';
import type { Ring } from './ring-snapshot.ts';
import type { HashOptions, KeyHash, NodeInput, PlacementJSON } from './types.ts';
import { xxh32 } from './xxh32.ts';

export interface RingOptions extends HashOptions {
  /** Points of a node of weight 1, an integer in 1..65536. More balance better and cost memory. Default 512. */
  readonly vnodes?: number | undefined;
}

export interface FromJSONOptions<T = undefined> {
  /** Hashes besides xxh32 that the JSON may name. */
  readonly hashes?: readonly KeyHash[] | undefined;
  /** The `data` of a node, which JSON leaves out. */
  readonly data?: ((id: string) => T) | undefined;
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
  const vnodes: unknown = options.vnodes ?? VNODES_DEFAULT;
  if (typeof vnodes !== 'number' || !Number.isInteger(vnodes) || vnodes < 1 || vnodes > VNODES_MAX) {
    throw new PlacementError('BAD_OPTION', `vnodes must be an integer in 1..${VNODES_MAX}; got ${shown(vnodes)}`);
  }
  return buildRing(toNodes(nodes), { hash, seed, vnodes });
}

const badJSON = (message: string): PlacementError => new PlacementError('BAD_JSON', message);

function requireHashNamed(name: unknown, hashes: readonly KeyHash[]): KeyHash {
  const hash = [xxh32, ...hashes].find((known) => known.name === name);
  if (hash !== undefined) return hash;
  throw new PlacementError('HASH_MISMATCH', `the JSON needs the hash ${shown(name)}; pass it in \`hashes\``);
}

/**
 * The ring that `toJSON` described, proved by its fingerprint. Same cost as `ring`.
 *
 * @throws {PlacementError} BAD_JSON when it is no ring of version 1 or its content does not give its fingerprint;
 * HASH_MISMATCH when it names a hash that is neither xxh32 nor in `hashes`; what `ring` throws for its nodes
 */
export function ringFromJSON<T = undefined>(json: PlacementJSON, options: FromJSONOptions<T> = {}): Ring<T> {
  const given: unknown = json;
  if (typeof given !== 'object' || given === null) {
    throw badJSON(`a ring in JSON must be an object (parse the text first); got ${shown(given)}`);
  }
  const { v, kind, hash, seed, vnodes, nodes, fingerprint } = given as Record<string, unknown>;
  if (v !== 1) throw badJSON(`v must be 1; got ${shown(v)}`);
  if (kind !== 'ring') throw badJSON(`kind must be "ring"; got ${shown(kind)}`);
  if (typeof seed !== 'number') throw badJSON(`seed must be a number; got ${shown(seed)}`);
  if (typeof vnodes !== 'number') throw badJSON(`vnodes must be a number; got ${shown(vnodes)}`);
  if (!Array.isArray(nodes)) throw badJSON(`nodes must be an array; got ${shown(nodes)}`);
  const { data } = options;
  // Checked first: `data` is the caller's function and must not meet what is no id.
  const inputs = toNodes(nodes as NodeInput<T>[]).map((node) => ({ ...node, data: data?.(node.id) }));
  const result = ring<T>(inputs, { hash: requireHashNamed(hash, options.hashes ?? []), seed, vnodes });
  if (result.fingerprint !== fingerprint) {
    throw badJSON(`the content has fingerprint ${result.fingerprint}; the JSON says ${shown(fingerprint)}`);
  }
  return result;
}

export type { Ring, RingJSON } from './ring-snapshot.ts';
export { PlacementError } from './errors.ts';
export type { PlacementErrorCode } from './errors.ts';
export type * from './types.ts';
