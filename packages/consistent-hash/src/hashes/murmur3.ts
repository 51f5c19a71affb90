/**
 * MurmurHash3 of 32 bits, by which Guava (`murmur3_32_fixed`), Kafka Streams and Hive hash, among many others.
 *
 * Source: Appleby's MurmurHash3_x86_32, in the public domain (https://github.com/aappleby/smhasher). Every word of four
 * bytes, the lowest first, is scrambled by two multiplications and a turn and mixed into the state; the bytes that are
 * left make a last word that is scrambled the same way; a finaliser spreads every bit over the result.
 */
import { requireKey, utf8 } from '../key-bytes.ts';
import type { Key, KeyHash } from '../types.ts';

const rotl = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

const scramble = (word: number): number => Math.imul(rotl(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);

/** The finaliser: a bijection under which every bit of the input changes half of the output. In 0..2^32 - 1. */
export function fmix32(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hashBytes(bytes: Uint8Array, length: number, seed: number): number {
  const end = length & ~3;
  let h = seed;
  // Every index is less than `length`.
  for (let i = 0; i < end; i += 4) {
    const word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    h = Math.imul(rotl(h ^ scramble(word), 13), 5) + 0xe6546b64;
  }
  let rest = 0;
  for (let i = length; i-- > end;) rest = (rest << 8) | (bytes[i] as number);
  // Without a rest this mixes in 0.
  return fmix32(h ^ scramble(rest) ^ length);
}

/**
 * MurmurHash3_x86_32 of the UTF-8 bytes of a string, or of bytes; in 0..2^32 - 1. O(length).
 *
 * `hash` throws TypeError for a key that is neither string nor Uint8Array.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { murmur3_32 } from '@loadbearing/consistent-hash/hashes';
 * assert.equal(murmur3_32.hash('test', 0), 0xba6bd213);
 * ```
 */
export const murmur3_32: KeyHash = /* @__PURE__ */ Object.freeze({
  name: 'murmur3_32',
  hash(key: Key, seed: number): number {
    if (typeof key === 'string') {
      const { bytes, length } = utf8(key);
      return hashBytes(bytes, length, seed);
    }
    requireKey(key);
    return hashBytes(key, key.length, seed);
  },
});
