/**
 * The one error type of the package. A mistake of the caller (a misspelt key, an unknown field, a value out of
 * range) throws before any work is done and says where in the JSON it was made. Expected outcomes, such as a
 * version conflict or a missing document, are values and never come this way.
 */
export type SearchErrorCode =
  | 'unknown_key'
  | 'invalid_value'
  | 'unknown_field'
  | 'wrong_field_type'
  | 'no_positions'
  | 'limit_exceeded'
  | 'invalid_document'
  | 'closed';

/** Thrown for a wrong mapping, document, query or setting. `path` points into the JSON: `query.bool.should[1].match`. */
export class SearchError extends Error {
  readonly code: SearchErrorCode;
  readonly path?: string;
  constructor(code: SearchErrorCode, message: string, path?: string) {
    super(path === undefined ? message : `${path}: ${message}`);
    this.name = 'SearchError';
    this.code = code;
    if (path !== undefined) this.path = path;
  }
}

/** A value of unknown type, short, for a message. Never throws: it may be a bigint, a cycle or a function. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, 100);
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value).slice(0, 100);
  } catch {
    return Array.isArray(value) ? 'an array' : 'an object';
  }
}
