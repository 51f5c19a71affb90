/**
 * CRC-32C (Castagnoli), the checksum of a record batch.
 *
 * Idea: a CRC is linear, so the effect of 16 input bytes can be looked up in 16 independent tables and combined with
 * XOR ("slicing", Kounavis and Berry 2005, there with 8 tables). The loop then has one dependency per 16 bytes
 * instead of one per byte.
 *
 * Invariant: `crc32c(b)` equals the bit-by-bit division by the polynomial 0x1EDC6F41, reflected, with all ones going
 * in and out (RFC 3720, B.4). `zlib.crc32` of Node is another polynomial (IEEE) and cannot replace it.
 *
 * Cost: 16 KiB of tables and about a byte per clock cycle; the checksum is the larger part of what an append costs.
 */
const POLYNOMIAL_REFLECTED = 0x82f63b78;

const TABLE: Int32Array = /* @__PURE__ */ slicingTable();

function slicingTable(): Int32Array {
  const table = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL_REFLECTED : 0);
    table[byte] = crc;
  }
  // Slice k holds the effect of a byte that is followed by k more bytes.
  for (let at = 256; at < table.length; at++) {
    const previous = table[at - 256]!;
    table[at] = (previous >>> 8) ^ table[previous & 0xff]!;
  }
  return table;
}

/**
 * The CRC-32C of `bytes[start, end)`, as an unsigned 32-bit number. O(end - start).
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { crc32c } from '@loadbearing/commit-log/record-batch';
 * assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
 * ```
 */
export function crc32c(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  const table = TABLE;
  let crc = -1;
  let at = start;
  if (end - start >= 16) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const last = end - 16; at <= last; at += 16) {
      const a = crc ^ view.getInt32(at, true);
      const b = view.getInt32(at + 4, true);
      const c = view.getInt32(at + 8, true);
      const d = view.getInt32(at + 12, true);
      crc =
        table[3840 + (a & 0xff)]! ^
        table[3584 + ((a >>> 8) & 0xff)]! ^
        table[3328 + ((a >>> 16) & 0xff)]! ^
        table[3072 + (a >>> 24)]! ^
        table[2816 + (b & 0xff)]! ^
        table[2560 + ((b >>> 8) & 0xff)]! ^
        table[2304 + ((b >>> 16) & 0xff)]! ^
        table[2048 + (b >>> 24)]! ^
        table[1792 + (c & 0xff)]! ^
        table[1536 + ((c >>> 8) & 0xff)]! ^
        table[1280 + ((c >>> 16) & 0xff)]! ^
        table[1024 + (c >>> 24)]! ^
        table[768 + (d & 0xff)]! ^
        table[512 + ((d >>> 8) & 0xff)]! ^
        table[256 + ((d >>> 16) & 0xff)]! ^
        table[d >>> 24]!;
    }
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
