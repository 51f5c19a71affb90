/**
 * Walks the batches of one segment file, in large reads and without a promise per batch.
 *
 * `take` hands out the next batch that is already in memory; undefined asks for `fill`. Every batch is checked
 * before it is handed out: its header against the offset that must come next, and its checksum. What fails the check
 * is reported once, with its position, and the walk ends there: after a wrong length nothing behind it can be
 * trusted to begin where it seems to.
 *
 * Invariant: a buffer is read once and never written again, so views into it stay what they were.
 */
import { BATCH_HEADER_BYTES, batchCrcIsValid, batchDamage, readBatchHeader } from './record-batch.ts';
import type { BatchHeader } from './record-batch.ts';
import { readFully } from './storage.ts';
import type { StorageFile } from './storage.ts';

const FIRST_CHUNK_BYTES = 64 * 1024;

export interface ScannedBatch {
  readonly header: BatchHeader;
  /** Where it stands in the file. */
  readonly position: number;
  /** The chunk that holds all of it, and where it begins there. */
  readonly bytes: Uint8Array;
  readonly at: number;
}

export interface ScanStart {
  readonly position: number;
  /** The offset that the batch at `position` must carry. */
  readonly offset: number;
  /** No byte of the file from here on is read. */
  readonly end: number;
  /** Reads grow up to this. */
  readonly chunkBytesMax: number;
}

export class BatchScanner {
  readonly #file: StorageFile;
  readonly #chunkBytesMax: number;
  #buffer: Uint8Array = new Uint8Array(0);
  #bufferAt: number = 0;
  #position: number;
  #end: number;
  #nextOffset: number;
  #chunkBytes: number;
  #needed: number = BATCH_HEADER_BYTES;
  #damage: string | undefined = undefined;

  constructor(file: StorageFile, start: ScanStart) {
    this.#file = file;
    this.#position = start.position;
    this.#nextOffset = start.offset;
    this.#end = start.end;
    this.#chunkBytesMax = start.chunkBytesMax;
    this.#chunkBytes = Math.min(FIRST_CHUNK_BYTES, start.chunkBytesMax);
  }

  /** Where the next batch begins: everything before was whole. */
  get position(): number {
    return this.#position;
  }

  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** What is wrong at `position`; undefined as long as nothing is. */
  get damage(): string | undefined {
    return this.#damage;
  }

  /** Lets the walk go on to `end`, which has been written meanwhile. */
  extend(end: number): void {
    this.#end = end;
  }

  /** The next batch in memory; undefined when there is none, see `fill`. */
  take(): ScannedBatch | undefined {
    if (this.#damage !== undefined) return undefined;
    const at = this.#position - this.#bufferAt;
    const available = this.#buffer.length - at;
    if (available < BATCH_HEADER_BYTES) {
      this.#needed = BATCH_HEADER_BYTES;
      return undefined;
    }
    const header = readBatchHeader(this.#buffer, at);
    this.#damage = batchDamage(header, this.#nextOffset);
    if (this.#damage !== undefined) return undefined;
    if (available < header.totalBytes) {
      this.#needed = header.totalBytes;
      return undefined;
    }
    if (!batchCrcIsValid(this.#buffer, at, header.totalBytes)) {
      this.#damage = 'the checksum is wrong';
      return undefined;
    }
    const position = this.#position;
    this.#position += header.totalBytes;
    this.#nextOffset += header.count;
    return { header, position, bytes: this.#buffer, at };
  }

  /** Reads more; false at the end or at damage. */
  async fill(): Promise<boolean> {
    const left = this.#end - this.#position;
    if (this.#damage !== undefined || left <= 0) return false;
    if (this.#needed > left) {
      this.#damage = `a batch of at least ${this.#needed} bytes, and ${left} are left`;
      return false;
    }
    const wanted = Math.min(left, Math.max(this.#chunkBytes, this.#needed));
    const buffer = new Uint8Array(wanted);
    const count = await readFully(this.#file, buffer, this.#position);
    if (count < this.#needed) {
      this.#damage = `a batch of at least ${this.#needed} bytes, and the file has ${count} more`;
      return false;
    }
    this.#buffer = count === wanted ? buffer : buffer.subarray(0, count);
    this.#bufferAt = this.#position;
    this.#chunkBytes = Math.min(this.#chunkBytes * 2, this.#chunkBytesMax);
    return true;
  }
}
