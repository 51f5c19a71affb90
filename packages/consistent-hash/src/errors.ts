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
  const type = typeof value;
  const text =
    type === 'string'
      ? JSON.stringify(value)
      : type === 'function' || (type === 'object' && value !== null)
        ? `a value of type ${type}`
        : String(value);
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}...`;
}

/** Throws the error of a value that is not what it must be, naming both. */
export function refuse(code: PlacementErrorCode, what: string, allowed: string, given: unknown): never {
  throw new PlacementError(code, `${what} must be ${allowed}; got ${shown(given)}`);
}

/** An integer option within its limits. Throws PlacementError BAD_OPTION. */
export function requireInteger(name: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  return refuse('BAD_OPTION', name, `an integer in ${min}..${max}`, value);
}

/** The argument of `locateHash`. Throws PlacementError BAD_OPTION. */
export function requireHash(hash: number): number {
  return hash >>> 0 === hash ? hash : requireInteger('a hash', hash, 0, 0xffffffff);
}
