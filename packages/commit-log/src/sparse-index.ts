/**
 * The sparse index of a segment: every 16 KiB, which offset stands at which position, and the largest timestamp
 * before it. One structure for both lookups, by offset and by time.
 *
 * Rule: an index may make a read slower, never wrong. An entry is only a hint where to begin, and the reader
 * believes it only if the batch at that position carries exactly that offset. So the file needs no sync and no
 * repair: whatever is wrong with it, it is thrown away and made again by reading its segment.
 *
 * File: entries of 16 bytes {u32 relative offset, u32 position, i64 largest timestamp of all records before},
 * then a trailer of 36 bytes {u32 magic, u32 entries, u32 log bytes, i64 next offset, i64 largest timestamp,
 * u32 CRC of the entries, u32 CRC of the trailer}. The trailer alone tells what open needs to know.
 *
 * A time lookup may start at the last entry with a smaller largest timestamp: all records before it are too old, in
 * whatever order timestamps come.
 */
import { crc32c } from './crc32c.ts';
import type { BatchHeader } from './record-batch.ts';
import { readInt64, writeInt64 } from './varint.ts';

const MAGIC = 0x4c424958; // "LBIX"
const ENTRY_BYTES = 16;
export const INDEX_TRAILER_BYTES = 36;

export interface IndexTrailer {
  readonly entries: number;
  readonly logBytes: number;
  readonly nextOffset: number;
  readonly maxTimestamp: number;
  readonly entriesCrc: number;
}

export class SparseIndex {
  readonly base: number;
  readonly #intervalBytes: number;
  #offsets: Float64Array = new Float64Array(16);
  #positions: Float64Array = new Float64Array(16);
  #timestamps: Float64Array = new Float64Array(16);
  #count: number = 0;
  #nextEntryAt: number;
  #maxTimestamp: number = -1;

  constructor(base: number, intervalBytes: number) {
    this.base = base;
    this.#intervalBytes = intervalBytes;
    // The start of the segment needs no entry.
    this.#nextEntryAt = intervalBytes;
  }

  get entries(): number {
    return this.#count;
  }

  /** Takes note of the batch at `position`. Batches come in order. O(1) amortised. */
  observe(header: Pick<BatchHeader, 'baseOffset' | 'maxTimestamp'>, position: number): void {
    if (position >= this.#nextEntryAt) {
      this.#push(header.baseOffset, position, this.#maxTimestamp);
      this.#nextEntryAt = position + this.#intervalBytes;
    }
    if (header.maxTimestamp > this.#maxTimestamp) this.#maxTimestamp = header.maxTimestamp;
  }

  /** Where to begin reading for `offset`: the last entry at or before it. O(log entries). */
  before(offset: number): { readonly offset: number; readonly position: number } {
    return this.#entry(this.#lastWhere((at) => this.#offsets[at]! <= offset));
  }

  /** Where to begin looking for a record with a timestamp >= `timestamp`. O(log entries). */
  beforeTime(timestamp: number): { readonly offset: number; readonly position: number } {
    return this.#entry(this.#lastWhere((at) => this.#timestamps[at]! < timestamp));
  }

  /** The bytes of the index file. */
  encode(segment: { readonly bytes: number; readonly nextOffset: number; readonly maxTimestamp: number }): Uint8Array {
    const entriesBytes = this.#count * ENTRY_BYTES;
    const bytes = new Uint8Array(entriesBytes + INDEX_TRAILER_BYTES);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < this.#count; i++) {
      view.setUint32(i * ENTRY_BYTES, this.#offsets[i]! - this.base);
      view.setUint32(i * ENTRY_BYTES + 4, this.#positions[i]!);
      writeInt64(view, i * ENTRY_BYTES + 8, this.#timestamps[i]!);
    }
    view.setUint32(entriesBytes, MAGIC);
    view.setUint32(entriesBytes + 4, this.#count);
    view.setUint32(entriesBytes + 8, segment.bytes);
    writeInt64(view, entriesBytes + 12, segment.nextOffset);
    writeInt64(view, entriesBytes + 20, segment.maxTimestamp);
    view.setUint32(entriesBytes + 28, crc32c(bytes, 0, entriesBytes));
    view.setUint32(entriesBytes + 32, crc32c(bytes, entriesBytes, entriesBytes + 32));
    return bytes;
  }

  /** The index in the bytes of a whole file; undefined when anything about it is wrong. */
  static decode(bytes: Uint8Array, base: number, intervalBytes: number): SparseIndex | undefined {
    const trailer = readIndexTrailer(bytes);
    if (trailer === undefined) return undefined;
    const entriesBytes = trailer.entries * ENTRY_BYTES;
    if (bytes.length !== entriesBytes + INDEX_TRAILER_BYTES) return undefined;
    if (crc32c(bytes, 0, entriesBytes) !== trailer.entriesCrc) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const index = new SparseIndex(base, intervalBytes);
    for (let at = 0; at < entriesBytes; at += ENTRY_BYTES) {
      index.#push(base + view.getUint32(at), view.getUint32(at + 4), readInt64(view, at + 8));
    }
    index.#maxTimestamp = trailer.maxTimestamp;
    index.#nextEntryAt = (index.#positions[index.#count - 1] ?? 0) + intervalBytes;
    return index;
  }

  #push(offset: number, position: number, timestamp: number): void {
    if (this.#count === this.#offsets.length) {
      this.#offsets = grown(this.#offsets);
      this.#positions = grown(this.#positions);
      this.#timestamps = grown(this.#timestamps);
    }
    this.#offsets[this.#count] = offset;
    this.#positions[this.#count] = position;
    this.#timestamps[this.#count] = timestamp;
    this.#count++;
  }

  #entry(at: number): { readonly offset: number; readonly position: number } {
    return at < 0 ? { offset: this.base, position: 0 } : { offset: this.#offsets[at]!, position: this.#positions[at]! };
  }

  /** The last entry that `holds`, which is true for the first entries and false for the others; -1 for none. */
  #lastWhere(holds: (at: number) => boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(middle)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The trailer at the end of `bytes`; undefined when there is none. */
export function readIndexTrailer(bytes: Uint8Array): IndexTrailer | undefined {
  const at = bytes.length - INDEX_TRAILER_BYTES;
  if (at < 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(at) !== MAGIC || view.getUint32(at + 32) !== crc32c(bytes, at, at + 32)) return undefined;
  return {
    entries: view.getUint32(at + 4),
    logBytes: view.getUint32(at + 8),
    nextOffset: readInt64(view, at + 12),
    maxTimestamp: readInt64(view, at + 20),
    entriesCrc: view.getUint32(at + 28),
  };
}

function grown(values: Float64Array): Float64Array {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
