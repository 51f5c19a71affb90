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
import type { Key } from '../types.ts';
import { foldBytes } from './fold-bytes.ts';

function remainder32(byte: number): number {
  for (let bit = 0; bit < 8; bit++) byte = (byte >>> 1) ^ (byte & 1 && 0xedb88320);
  return byte;
}

function remainder16(byte: number): number {
  byte <<= 8;
  for (let bit = 0; bit < 8; bit++) byte = (byte << 1) ^ (byte & 0x8000 && 0x11021);
  return byte;
}

// Filled at the first use, so that importing this file costs nothing.
const table32 = new Int32Array(256);
const table16 = new Int32Array(256);

function fill(table: Int32Array, remainder: (byte: number) => number): void {
  // The remainder of 1 is 0 in no table that is filled.
  if (table[1] === 0) table.set(table.map((_, byte) => remainder(byte)));
}

/** Byte and register are cut to the table, so a character above 255 does no harm. */
const step32 = (register: number, byte: number): number =>
  (register >>> 8) ^ (table32[(register ^ byte) & 0xff] as number);

const step16 = (register: number, byte: number): number =>
  ((register & 0xff) << 8) ^ (table16[((register >>> 8) ^ byte) & 0xff] as number);

/**
 * A CRC-32 register after a key: the running state, for a message in several pieces. It begins as -1; the CRC is its
 * complement. O(length); allocates nothing for ASCII.
 *
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 */
export function crc32Register(register: number, key: Key): number {
  fill(table32, remainder32);
  return foldBytes(key, register, step32);
}

/** A CRC-32 register after the four bytes of a word, the lowest first. */
export function crc32Word(register: number, word: number): number {
  fill(table32, remainder32);
  let next = register ^ word;
  for (let i = 0; i < 4; i++) next = step32(next, 0);
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
  fill(table16, remainder16);
  return foldBytes(key, 0, step16, start, end);
}
