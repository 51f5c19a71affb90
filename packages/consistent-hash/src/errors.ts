/**
 * PlacementError: what a caller configured wrongly, with a code that programs can branch on.
 *
 * Test `error.code`, not `instanceof`: one process may hold an ESM and a CommonJS copy of this package, and each has
 * a class of its own. A key of the wrong type is no matter of configuration; that is a TypeError.
 */
export type PlacementErrorCode =
  | 'NO_NODES'
  | 'BAD_ID'
  | 'DUPLICATE_ID'
  | 'UNKNOWN_NODE'
  | 'BAD_WEIGHT'
  | 'UNSUPPORTED_WEIGHT'
  | 'BAD_OPTION'
  | 'TOO_MANY_POINTS'
  | 'TABLE_TOO_SMALL'
  | 'HASH_MISMATCH'
  | 'BAD_JSON'
  | 'STALE_MOVE'
  | 'CLUSTER_INCOMPLETE';

export class PlacementError extends Error {
  override readonly name = 'PlacementError';
  readonly code: PlacementErrorCode;

  constructor(code: PlacementErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const SHOWN_CHARACTERS_MAX = 80;

/** A given value for a message: short, on one line, and never throwing. */
export function shown(value: unknown): string {
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : Array.isArray(value)
        ? 'an array'
        : value !== null && (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol')
          ? `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
          : String(value);
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}...`;
}

/** An integer option within its limits. Throws PlacementError BAD_OPTION. */
export function requireInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new PlacementError('BAD_OPTION', `${name} must be an integer in ${min}..${max}; got ${shown(value)}`);
}

/** The argument of `locateHash`. Throws PlacementError BAD_OPTION. */
export function requireHash(hash: number): number {
  return hash >>> 0 === hash ? hash : requireInteger('a hash', hash, 0, 0xffffffff);
}
