/**
 * MD5, for its first words: the hash of keys and of points in every ketama.
 *
 * Source: RFC 1321. Blocks of 64 bytes are mixed into four words by 64 steps, four rounds of sixteen; the end of the
 * message is a bit 1, zeros, and its length in bits. Nothing here is about security: MD5 has been broken for that, and
 * stays a good mixer.
 *
 * Written in plain steps because `crypto.createHash` costs several times as much for keys of ordinary length, and
 * exists only in Node. As in xxh32.ts a string is hashed from its characters until one beyond ASCII is found.
 */
import { requireKey, utf8 } from '../key-bytes.ts';
import type { Key, KeyHash } from '../types.ts';

/**
 * The constants are the sines of 1..64 as fractions of 2^32, as the RFC defines them. ECMAScript leaves the last bits
 * of `Math.sin` open, but no engine comes near an error that would show here: md5.test.ts states how far they are.
 */
const SINES: Int32Array = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

const block = new Int32Array(16);
const words = new Int32Array(4);

const turn = (x: number, bits: number, plus: number): number => (((x << bits) | (x >>> (32 - bits))) + plus) | 0;

/** Mixes `block` into `words`. Four steps a turn of the loops, so that the words keep their variables. */
function mixBlock(): void {
  let a = words[0] as number;
  let b = words[1] as number;
  let c = words[2] as number;
  let d = words[3] as number;
  // The word of the block that a step takes, with the constant of the step.
  const input = (i: number, at: number): number => ((SINES[i] as number) + (block[at & 15] as number)) | 0;
  for (let i = 0; i < 16; i += 4) {
    a = turn(a + ((b & c) | (~b & d)) + input(i, i), 7, b);
    d = turn(d + ((a & b) | (~a & c)) + input(i + 1, i + 1), 12, a);
    c = turn(c + ((d & a) | (~d & b)) + input(i + 2, i + 2), 17, d);
    b = turn(b + ((c & d) | (~c & a)) + input(i + 3, i + 3), 22, c);
  }
  for (let i = 16; i < 32; i += 4) {
    a = turn(a + ((b & d) | (c & ~d)) + input(i, 5 * i + 1), 5, b);
    d = turn(d + ((a & c) | (b & ~c)) + input(i + 1, 5 * i + 6), 9, a);
    c = turn(c + ((d & b) | (a & ~b)) + input(i + 2, 5 * i + 11), 14, d);
    b = turn(b + ((c & a) | (d & ~a)) + input(i + 3, 5 * i), 20, c);
  }
  for (let i = 32; i < 48; i += 4) {
    a = turn(a + (b ^ c ^ d) + input(i, 3 * i + 5), 4, b);
    d = turn(d + (a ^ b ^ c) + input(i + 1, 3 * i + 8), 11, a);
    c = turn(c + (d ^ a ^ b) + input(i + 2, 3 * i + 11), 16, d);
    b = turn(b + (c ^ d ^ a) + input(i + 3, 3 * i + 14), 23, c);
  }
  for (let i = 48; i < 64; i += 4) {
    a = turn(a + (c ^ (b | ~d)) + input(i, 7 * i), 6, b);
    d = turn(d + (b ^ (a | ~c)) + input(i + 1, 7 * i + 7), 10, a);
    c = turn(c + (a ^ (d | ~b)) + input(i + 2, 7 * i + 14), 15, d);
    b = turn(b + (d ^ (c | ~a)) + input(i + 3, 7 * i + 21), 21, c);
  }
  words[0]! += a;
  words[1]! += b;
  words[2]! += c;
  words[3]! += d;
}

function begin(seed: number): void {
  words[0] = 0x67452301 ^ seed;
  words[1] = 0xefcdab89;
  words[2] = 0x98badcfe;
  words[3] = 0x10325476;
}

/** Pads and mixes the block. `left` bytes of the message stand in it; below 0 or at 64 its end stands elsewhere. */
function endBlock(left: number, length: number): void {
  if (left >= 0 && left < 64) block[left >> 2]! |= 0x80 << (left << 3);
  if (left < 56) {
    block[14] = length << 3;
    block[15] = length / 2 ** 29;
  }
  mixBlock();
}

function digestBytes(bytes: Uint8Array, length: number, seed: number): void {
  begin(seed);
  for (let at = 0; at < length + 9; at += 64) {
    const left = Math.min(length - at, 64);
    block.fill(0);
    // A shift counts modulo 32, so `i << 3` is the place of byte i in its word.
    for (let i = 0; i < left; i++) block[i >> 2]! |= (bytes[at + i] as number) << (i << 3);
    endBlock(left, length);
  }
}

/** digestBytes over characters. False when one is beyond ASCII, and the digest wrong. */
function digestAscii(text: string, seed: number): boolean {
  const { length } = text;
  let any = 0;
  begin(seed);
  for (let at = 0; at < length + 9; at += 64) {
    const left = Math.min(length - at, 64);
    block.fill(0);
    for (let i = 0; i < left; i++) {
      const c = text.charCodeAt(at + i);
      any |= c;
      block[i >> 2]! |= c << (i << 3);
    }
    endBlock(left, length);
  }
  return any < 128;
}

/**
 * The digest as four words, each of 4 bytes with the lowest first and signed, on loan until the next call. O(length);
 * allocates nothing for ASCII.
 *
 * @param seed changes the first word that the steps begin with; 0 is MD5
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 */
export function md5Words(key: Key, seed = 0): Int32Array {
  if (typeof key !== 'string') {
    requireKey(key);
    digestBytes(key, key.length, seed);
  } else if (!digestAscii(key, seed)) {
    const { bytes, length } = utf8(key);
    digestBytes(bytes, length, seed);
  }
  return words;
}

/**
 * The first four bytes of MD5, the lowest first; in 0..2^32 - 1. With a seed other than 0 it is a hash of its own.
 *
 * `hash` throws TypeError for a key that is neither string nor Uint8Array.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { createHash } from 'node:crypto';
 * import { md5_32 } from '@loadbearing/consistent-hash/hashes';
 * assert.equal(md5_32.hash('abc', 0), createHash('md5').update('abc').digest().readUInt32LE());
 * ```
 */
export const md5_32: KeyHash = /* @__PURE__ */ Object.freeze({
  name: 'md5_32',
  hash: (key: Key, seed: number): number => (md5Words(key, seed)[0] as number) >>> 0,
});
