/**
 * XXH64, by which Envoy hashes hosts and keys.
 *
 * Source: the xxHash specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. As XXH32, with words
 * of eight bytes and lanes that take 8 of every 32; only the lanes are mixed once more when they are folded.
 *
 * In BigInt, because it is then the specification line by line. That costs some microseconds a key; xxh32.ts is the hash
 * for those who may choose.
 */
import { requireKey, utf8 } from '../key-bytes.ts';
import type { Key } from '../types.ts';

const PRIME_1 = 0x9e3779b185ebca87n;
const PRIME_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME_3 = 0x165667b19e3779f9n;
const PRIME_4 = 0x85ebca77c2b2ae63n;
const PRIME_5 = 0x27d4eb2f165667c5n;

const cut = (x: bigint): bigint => BigInt.asUintN(64, x);
const rotl = (x: bigint, bits: bigint): bigint => cut(x << bits) | (cut(x) >> (64n - bits));
const lane = (acc: bigint, word: bigint): bigint => rotl(acc + word * PRIME_2, 31n) * PRIME_1;

function hashBytes(bytes: Uint8Array, length: number, seed: bigint): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const word = (i: number): bigint => view.getBigUint64(i, true);
  let h = seed + PRIME_5;
  let i = 0;
  if (length >= 32) {
    const lanes = [seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1];
    for (; i + 32 <= length; i += 32) lanes.forEach((acc, j) => (lanes[j] = lane(acc, word(i + 8 * j))));
    h = lanes.reduce((sum, acc, j) => sum + rotl(acc, [1n, 7n, 12n, 18n][j]!), 0n);
    for (const acc of lanes) h = (h ^ lane(0n, acc)) * PRIME_1 + PRIME_4;
  }
  h += BigInt(length);
  for (; i + 8 <= length; i += 8) h = rotl(h ^ lane(0n, word(i)), 27n) * PRIME_1 + PRIME_4;
  // Bits above the 64th are cut off wherever they would come down again: in `rotl`, and before a shift to the right.
  for (; i + 4 <= length; i += 4) h = rotl(h ^ (BigInt(view.getUint32(i, true)) * PRIME_1), 23n) * PRIME_2 + PRIME_3;
  for (; i < length; i++) h = rotl(h ^ (BigInt(view.getUint8(i)) * PRIME_5), 11n) * PRIME_1;
  h = cut(h);
  h = cut((h ^ (h >> 33n)) * PRIME_2);
  h = cut((h ^ (h >> 29n)) * PRIME_3);
  return h ^ (h >> 32n);
}

/**
 * XXH64 of the UTF-8 bytes of a string, or of bytes; in 0..2^64 - 1. O(length), some microseconds for a short key.
 *
 * @param seed taken modulo 2^64
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 */
export function xxh64(key: Key, seed = 0n): bigint {
  if (typeof key === 'string') {
    const { bytes, length } = utf8(key);
    return hashBytes(bytes, length, seed);
  }
  requireKey(key);
  return hashBytes(key, key.length, seed);
}
