/**
 * Numbers in bytes: zigzag varints (lengths, deltas) and 64-bit integers (offsets, timestamps).
 *
 * A record stores its numbers as zigzag LEB128: 7 bits a byte, lowest first, the sign in the lowest bit, so that
 * small numbers of either sign take one byte (Protocol Buffers' sint64, Kafka's varlong).
 *
 * Departure: values are JavaScript numbers up to 2^53 - 1, not 64-bit integers. Doubling such a number for the
 * zigzag would round, and `<<` would cut it to 32 bits. So the sign is split off first: with m = n, or -n - 1 when
 * n is negative, the first byte holds the sign and 6 bits of m, and the other bytes hold the rest. Nothing is ever
 * doubled, and every safe integer is exact. What does not fit on reading is damage, not a rounded number.
 */
import { LogError } from './errors.ts';

const TWO_32 = 4294967296;

/** Bytes that `value` takes as a varint, 1 to 8 for a safe integer. */
export function varintBytes(value: number): number {
  let rest = value < 0 ? -value - 1 : value;
  if (rest < 64) return 1;
  let bytes = 2;
  for (rest = Math.floor(rest / 64); rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Writes `value` at `at` and returns the position after it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  const sign = value < 0 ? 1 : 0;
  const magnitude = value < 0 ? -value - 1 : value;
  if (magnitude < 64) {
    into[at] = (magnitude << 1) | sign;
    return at + 1;
  }
  into[at++] = 0x80 | ((magnitude % 64) << 1) | sign;
  let rest = Math.floor(magnitude / 64);
  while (rest >= 128) {
    into[at++] = 0x80 | (rest % 128);
    rest = Math.floor(rest / 128);
  }
  into[at++] = rest;
  return at;
}

/** A place in bytes that moves as it is read; `end` is the first byte that must not be read. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
}

/** Reads one varint and moves the cursor behind it. Throws `LOG_CORRUPT` when it is cut off or no safe integer. */
export function readVarint(cursor: Cursor): number {
  const { bytes, end } = cursor;
  if (cursor.at >= end) throw new LogError('LOG_CORRUPT', 'a number is cut off');
  let byte = bytes[cursor.at++]!;
  const negative = (byte & 1) === 1;
  let magnitude = (byte & 0x7f) >> 1;
  for (let scale = 64; byte >= 0x80; scale *= 128) {
    if (cursor.at >= end) throw new LogError('LOG_CORRUPT', 'a number is cut off');
    byte = bytes[cursor.at++]!;
    magnitude += (byte & 0x7f) * scale;
    if (magnitude > Number.MAX_SAFE_INTEGER) throw new LogError('LOG_CORRUPT', 'a number is above 2^53 - 1');
  }
  return negative ? -magnitude - 1 : magnitude;
}

/** Writes a safe integer as 64 bits, big-endian, two's complement. */
export function writeInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  view.setInt32(at, high);
  view.setUint32(at + 4, value - high * TWO_32);
}

/** Reads 64 bits, big-endian. What is beyond 2^53 - 1 comes back as a number that is no safe integer. */
export function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * TWO_32 + view.getUint32(at + 4);
}
