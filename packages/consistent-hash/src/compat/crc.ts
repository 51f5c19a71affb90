/**
 * CRC-32 and CRC-16, because foreign systems place keys by them: nginx and librdkafka by the first, Redis Cluster by
 * the second.
 *
 * Source: Sarwate, "Computation of cyclic redundancy checks via table look-up" (CACM, 1988). A message is a polynomial
 * over two elements and its CRC the remainder of a division; a table holds the remainder of each byte, so a byte costs
 * one look-up. CRC-32 is that of IEEE 802.3 (reflected, polynomial 0x04c11db7), CRC-16 is XMODEM (polynomial 0x1021,
 * register 0 at first).
 *
 * Neither is offered as a hash of keys elsewhere: a CRC is linear, so similar keys differ in few of the top bits, and
 * those decide the owner.
 */
import { requireKey, utf8 } from '../key-bytes.ts';
import type { Key } from '../types.ts';

// Filled at the first use, so that importing this file costs nothing.
let table32: Int32Array | undefined;
let table16: Int32Array | undefined;

function table(stepOf: (byte: number) => number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => stepOf(byte));
}

function remainder32(byte: number): number {
  for (let bit = 0; bit < 8; bit++) byte = (byte >>> 1) ^ (byte & 1 && 0xedb88320);
  return byte;
}

function remainder16(byte: number): number {
  byte <<= 8;
  for (let bit = 0; bit < 8; bit++) byte = (byte << 1) ^ (byte & 0x8000 && 0x11021);
  return byte;
}

/** One byte into a CRC-32 register. */
const step32 = (t: Int32Array, register: number, byte: number): number =>
  (register >>> 8) ^ (t[(register ^ byte) & 0xff] as number);

const step16 = (t: Int32Array, register: number, byte: number): number =>
  ((register & 0xff) << 8) ^ (t[(register >>> 8) ^ byte] as number);

/**
 * A CRC-32 register after a key: the running state, for a message in several pieces. It begins as -1; the CRC is its
 * complement. O(length); allocates nothing for ASCII.
 *
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 */
export function crc32Register(register: number, key: Key): number {
  const t = (table32 ??= table(remainder32));
  let next = register;
  if (typeof key === 'string') {
    let any = 0;
    for (let i = 0; i < key.length; i++) {
      const c = key.charCodeAt(i);
      any |= c;
      next = step32(t, next, c);
    }
    // Beyond ASCII a character is not its byte: once more, over the encoded key.
    if (any < 128) return next;
    const { bytes, length } = utf8(key);
    next = register;
    for (let i = 0; i < length; i++) next = step32(t, next, bytes[i] as number);
    return next;
  }
  requireKey(key);
  for (const byte of key) next = step32(t, next, byte);
  return next;
}

/** A CRC-32 register after the four bytes of a word, the lowest first. */
export function crc32Word(register: number, word: number): number {
  const t = (table32 ??= table(remainder32));
  let next = register ^ word;
  for (let i = 0; i < 4; i++) next = step32(t, next, 0);
  return next;
}

/**
 * CRC-32 of the UTF-8 bytes of a string, or of bytes; in 0..2^32 - 1. O(length); allocates nothing for ASCII.
 *
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 */
export function crc32(key: Key): number {
  return ~crc32Register(-1, key) >>> 0;
}

/**
 * CRC-16/XMODEM of a part of a key, in 0..65535. `start` and `end` count what `key.length` counts: characters of a
 * string, whose UTF-8 bytes are hashed, or bytes. O(end - start); allocates nothing for ASCII.
 *
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 */
export function crc16(key: Key, start = 0, end?: number): number {
  requireKey(key);
  const to = end ?? key.length;
  const t = (table16 ??= table(remainder16));
  let register = 0;
  if (typeof key === 'string') {
    let any = 0;
    for (let i = start; i < to; i++) {
      const c = key.charCodeAt(i);
      any |= c;
      // Masked, or a character above 255 would leave the table; its result is thrown away below.
      register = step16(t, register, c & 0xff);
    }
    if (any < 128) return register;
    const { bytes, length } = utf8(key.slice(start, to));
    register = 0;
    for (let i = 0; i < length; i++) register = step16(t, register, bytes[i] as number);
    return register;
  }
  for (let i = start; i < to; i++) register = step16(t, register, key[i] as number);
  return register;
}
