/**
 * Keys: who is being limited.
 *
 * A key is the caller's text, used exactly as given. The two mistakes that matter are refused: an absent key, which
 * would make one bucket for everybody, and an unbounded one, which would let a client choose how much memory it costs.
 */
export const KEY_LENGTH_MAX: number = 1024;

export function requireKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') {
    throw new TypeError(`key must be a string of 1..${KEY_LENGTH_MAX} characters; got ${typeof key}`);
  }
  if (key.length === 0 || key.length > KEY_LENGTH_MAX) {
    throw new RangeError(`key must have 1..${KEY_LENGTH_MAX} characters; got ${key.length}`);
  }
}

/**
 * One key out of several parts. Each part is preceded by its length, so no two lists of parts make the same key,
 * whatever characters they hold: `joinKey('a:b', 'c')` and `joinKey('a', 'b:c')` differ. O(total length).
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { joinKey } from '@loadbearing/rate-limiter';
 * assert.equal(joinKey('user', 'alice'), '4:user5:alice');
 * ```
 */
export function joinKey(...parts: readonly string[]): string {
  let key = '';
  for (const part of parts) key += `${part.length}:${part}`;
  return key;
}
