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
  | 'BAD_OPTION'
  | 'TOO_MANY_POINTS'
  | 'HASH_MISMATCH'
  | 'BAD_JSON';

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
