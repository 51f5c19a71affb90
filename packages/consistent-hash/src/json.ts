/**
 * Placements out of JSON: what all readers check, whatever the algorithm.
 *
 * A placement crosses processes as text, and a process that read it wrongly would disagree about owners in silence. So
 * a reader accepts nothing by halves: version, kind and hash must be known, every field has its type, and the
 * placement built from them must have the fingerprint that the JSON states.
 */
import { PlacementError, shown } from './errors.ts';
import { toNodes } from './nodes.ts';
import type { KeyHash, NodeInput, Placement } from './types.ts';
import { xxh32 } from './xxh32.ts';

export interface FromJSONOptions<T = undefined> {
  /** Hashes besides xxh32 that the JSON may name. */
  readonly hashes?: readonly KeyHash[] | undefined;
  /** The `data` of a node, which JSON leaves out. */
  readonly data?: ((id: string) => T) | undefined;
}

export interface ReadPlacement<T> {
  /** All fields, for those of the kind alone; their types are still unknown. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Checked and sorted. */
  readonly nodes: readonly NodeInput<T>[];
  readonly hash: KeyHash;
  readonly seed: number;
}

export function badJSON(message: string): PlacementError {
  return new PlacementError('BAD_JSON', message);
}

/** A field of a type that JSON knows. Throws PlacementError BAD_JSON. */
export function requireField(fields: Readonly<Record<string, unknown>>, name: string, type: 'number'): number;
export function requireField(fields: Readonly<Record<string, unknown>>, name: string, type: 'array'): unknown[];
export function requireField(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  type: 'number' | 'array',
): unknown {
  const value = fields[name];
  if (type === 'array' ? Array.isArray(value) : typeof value === type) return value;
  throw badJSON(`${name} must be of type ${type}; got ${shown(value)}`);
}

/**
 * The fields that every kind has. O(N log N).
 *
 * @throws {PlacementError} BAD_JSON when it is no placement of version 1 and this kind; HASH_MISMATCH when it names a
 * hash that is neither xxh32 nor in `hashes`; what `toNodes` throws
 */
export function readPlacement<T>(
  kind: string,
  json: unknown,
  { hashes = [], data }: FromJSONOptions<T>,
): ReadPlacement<T> {
  if (typeof json !== 'object' || json === null) {
    throw badJSON(`a placement in JSON must be an object (parse the text first); got ${shown(json)}`);
  }
  const fields = json as Record<string, unknown>;
  if (fields['v'] !== 1) throw badJSON(`v must be 1; got ${shown(fields['v'])}`);
  if (fields['kind'] !== kind) throw badJSON(`kind must be ${shown(kind)}; got ${shown(fields['kind'])}`);
  const seed = requireField(fields, 'seed', 'number');
  const hash = [xxh32, ...hashes].find(({ name }) => name === fields['hash']);
  if (hash === undefined) {
    throw new PlacementError(
      'HASH_MISMATCH',
      `the JSON needs the hash ${shown(fields['hash'])}; pass it in \`hashes\``,
    );
  }
  // Checked first: `data` is the caller's function and must not meet what is no id.
  const nodes = toNodes(requireField(fields, 'nodes', 'array') as NodeInput<T>[]).map((node) => ({
    ...node,
    data: data?.(node.id),
  }));
  return { fields, nodes, hash, seed };
}

/** The placement read, if it is the one that was written. Throws PlacementError BAD_JSON. */
export function proved<P extends Placement>(placement: P, fields: Readonly<Record<string, unknown>>): P {
  const stated = fields['fingerprint'];
  if (placement.fingerprint === stated) return placement;
  throw badJSON(`the content has fingerprint ${placement.fingerprint}; the JSON says ${shown(stated)}`);
}
