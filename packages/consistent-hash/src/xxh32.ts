/**
 * XXH32, the default hash of keys and the hash of node ids.
 *
 * Source: the xxHash specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. Four lanes each
 * take 4 of every 16 bytes, the lanes are folded into one word, the rest follows by words and bytes, and an avalanche
 * spreads every bit over the whole result.
 *
 * We depart in one way: a string is hashed from its characters, without encoding it first. That is right while all
 * are ASCII, where a character is its byte, so the loop ORs every character into `any` on the way; at 128 or more the
 * result is thrown away and the UTF-8 bytes are hashed instead. A character above 255 would spill into its neighbour's
 * byte of the word, so the check decides before the value is used.
 *
 * Chosen because it is a named standard with published vectors, mixes its top bits well, and beats a call into
 * WebAssembly or native code for keys of ordinary length.
 */
import { requireKey, utf8 } from './key-bytes.ts';
import type { Key, KeyHash } from './types.ts';

const PRIME_1 = 0x9e3779b1 | 0;
const PRIME_2 = 0x85ebca77 | 0;
const PRIME_3 = 0xc2b2ae3d | 0;
const PRIME_4 = 0x27d4eb2f | 0;
const PRIME_5 = 0x165667b1 | 0;

const rotl = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));
const lane = (acc: number, word: number): number => Math.imul(rotl((acc + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
const fold = (a: number, b: number, c: number, d: number): number =>
  (rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)) | 0;
const tailWord = (h: number, word: number): number => Math.imul(rotl((h + Math.imul(word, PRIME_3)) | 0, 17), PRIME_4);
const tailByte = (h: number, byte: number): number => Math.imul(rotl((h + Math.imul(byte, PRIME_5)) | 0, 11), PRIME_1);

/** Signed: a result above 2^31 that a call returns as it is would be a double on the heap, for every other key. */
function avalanche(h: number): number {
  h = Math.imul(h ^ (h >>> 15), PRIME_2);
  h = Math.imul(h ^ (h >>> 13), PRIME_3);
  return h ^ (h >>> 16);
}

function hashBytes(bytes: Uint8Array, length: number, seed: number): number {
  // Every index below is less than `length`, so the reads are never undefined; a fallback would be a branch each.
  const word = (i: number): number =>
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24);
  let h = (seed + PRIME_5) | 0;
  let i = 0;
  if (length >= 16) {
    let a = (seed + PRIME_1 + PRIME_2) | 0;
    let b = (seed + PRIME_2) | 0;
    let c = seed | 0;
    let d = (seed - PRIME_1) | 0;
    for (; i + 16 <= length; i += 16) {
      a = lane(a, word(i));
      b = lane(b, word(i + 4));
      c = lane(c, word(i + 8));
      d = lane(d, word(i + 12));
    }
    h = fold(a, b, c, d);
  }
  h = (h + length) | 0;
  for (; i + 4 <= length; i += 4) h = tailWord(h, word(i));
  for (; i < length; i++) h = tailByte(h, bytes[i] as number);
  return avalanche(h);
}

// Written out where hashBytes calls `word`: a closure that also updates `any`, and a second read of the characters, were
// both slower, for keys of 12 and of 40 characters.
function hashString(text: string, seed: number): number {
  const length = text.length;
  let any = 0;
  let h = (seed + PRIME_5) | 0;
  let i = 0;
  let c0: number;
  let c1: number;
  let c2: number;
  let c3: number;
  if (length >= 16) {
    let a = (seed + PRIME_1 + PRIME_2) | 0;
    let b = (seed + PRIME_2) | 0;
    let c = seed | 0;
    let d = (seed - PRIME_1) | 0;
    for (; i + 16 <= length; i += 16) {
      c0 = text.charCodeAt(i);
      c1 = text.charCodeAt(i + 1);
      c2 = text.charCodeAt(i + 2);
      c3 = text.charCodeAt(i + 3);
      any |= c0 | c1 | c2 | c3;
      a = lane(a, c0 | (c1 << 8) | (c2 << 16) | (c3 << 24));
      c0 = text.charCodeAt(i + 4);
      c1 = text.charCodeAt(i + 5);
      c2 = text.charCodeAt(i + 6);
      c3 = text.charCodeAt(i + 7);
      any |= c0 | c1 | c2 | c3;
      b = lane(b, c0 | (c1 << 8) | (c2 << 16) | (c3 << 24));
      c0 = text.charCodeAt(i + 8);
      c1 = text.charCodeAt(i + 9);
      c2 = text.charCodeAt(i + 10);
      c3 = text.charCodeAt(i + 11);
      any |= c0 | c1 | c2 | c3;
      c = lane(c, c0 | (c1 << 8) | (c2 << 16) | (c3 << 24));
      c0 = text.charCodeAt(i + 12);
      c1 = text.charCodeAt(i + 13);
      c2 = text.charCodeAt(i + 14);
      c3 = text.charCodeAt(i + 15);
      any |= c0 | c1 | c2 | c3;
      d = lane(d, c0 | (c1 << 8) | (c2 << 16) | (c3 << 24));
    }
    h = fold(a, b, c, d);
  }
  h = (h + length) | 0;
  for (; i + 4 <= length; i += 4) {
    c0 = text.charCodeAt(i);
    c1 = text.charCodeAt(i + 1);
    c2 = text.charCodeAt(i + 2);
    c3 = text.charCodeAt(i + 3);
    any |= c0 | c1 | c2 | c3;
    h = tailWord(h, c0 | (c1 << 8) | (c2 << 16) | (c3 << 24));
  }
  for (; i < length; i++) {
    c0 = text.charCodeAt(i);
    any |= c0;
    h = tailByte(h, c0);
  }
  if (any < 128) return avalanche(h);
  const encoded = utf8(text);
  return hashBytes(encoded.bytes, encoded.length, seed);
}

/**
 * XXH32 of the UTF-8 bytes of a string, or of bytes; in 0..2^32 - 1. O(length); allocates nothing for ASCII.
 *
 * `hash` throws TypeError for a key that is neither string nor Uint8Array.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { xxh32 } from '@loadbearing/consistent-hash';
 * assert.equal(xxh32.hash('abc', 0), 0x32d153ff);
 * assert.equal(xxh32.hash('é', 7), xxh32.hash(new TextEncoder().encode('é'), 7));
 * ```
 */
export const xxh32: KeyHash = /* @__PURE__ */ Object.freeze({
  name: 'xxh32',
  hash(key: Key, seed: number): number {
    if (typeof key === 'string') return hashString(key, seed) >>> 0;
    requireKey(key);
    return hashBytes(key, key.length, seed) >>> 0;
  },
});
