/**
 * What a key is, and its UTF-8 bytes.
 *
 * A string key means its UTF-8 bytes, so that a process in another language, hashing bytes, finds the same owner.
 * Encoding goes into one scratch buffer of the module, because a fresh array for every key would cost more than the
 * hash; keys that might not fit get their own array, so the scratch never grows.
 *
 * The scratch is synchronous state: nothing may run between filling and reading it.
 */
const encoder = new TextEncoder();

/** UTF-8 takes at most 3 bytes for each UTF-16 unit. */
const SCRATCH_UNITS_MAX = 21_845;
const scratch = new Uint8Array(SCRATCH_UNITS_MAX * 3);

/** Bytes on loan: read `bytes[0 .. length)` at once, then forget them. */
export interface LentBytes {
  bytes: Uint8Array;
  length: number;
}

const lent: LentBytes = { bytes: scratch, length: 0 };

/** The UTF-8 bytes of a string, on loan until the next call. Lone surrogates become U+FFFD. O(length). */
export function utf8(text: string): LentBytes {
  if (text.length > SCRATCH_UNITS_MAX) {
    const bytes = encoder.encode(text);
    return { bytes, length: bytes.length };
  }
  lent.length = encoder.encodeInto(text, scratch).written;
  return lent;
}

/**
 * Refuses a key that is no string and no Uint8Array either. By tag, not `instanceof`: a Buffer and an array of another realm
 * are Uint8Arrays too.
 *
 * @throws {TypeError} naming the type given
 */
export function requireKey(key: unknown): void {
  if (Object.prototype.toString.call(key) === '[object Uint8Array]') return;
  throw new TypeError(`a key must be a string or a Uint8Array; got ${key === null ? 'null' : typeof key}`);
}
