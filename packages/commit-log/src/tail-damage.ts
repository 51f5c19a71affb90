/**
 * A broken end: torn write or rot?
 *
 * Recovery meets bytes that are no batch at position D. Three causes look alike at first sight and need opposite
 * treatment:
 * - nothing but zeros to the end: the file grew and the bytes never came. Cut off, nothing is lost.
 * - a torn write: the machine died before the sync that would have covered it. Nobody was told that it is stored.
 *   Keep a copy, cut off.
 * - rot: bytes that a sync had covered have changed since. Cutting here would destroy acknowledged records, and
 *   quietly (truncating at any checksum error is how several logs lose data). Refuse, loudly.
 *
 * Evidence for rot: D lies below the position of the checkpoint, or, if the mode syncs before it acknowledges, a
 * whole later batch begins at D + `unsyncedBytesMax` or after. A mode that syncs never has more than that in flight,
 * so the sync of the later batch came after the one at D. Nearer batches prove nothing: sectors of one torn write
 * arrive in any order, and a payload may itself contain a batch.
 */
import { BATCH_HEADER_BYTES, batchCrcIsValid, batchDamage, readBatchHeader } from './record-batch.ts';
import { readFully } from './storage.ts';
import type { StorageFile } from './storage.ts';

const CHUNK_BYTES = 1024 * 1024;

export type TailVerdict = 'whole' | 'zeros' | 'torn' | 'rot';

export interface BrokenTail {
  /** Where the last whole batch ends. */
  readonly position: number;
  readonly fileBytes: number;
  /** The offset that should have followed. */
  readonly nextOffset: number;
  /** Below, a sync has covered everything. */
  readonly durablePosition: number;
  /** Undefined when the mode acknowledges before it syncs. */
  readonly unsyncedBytesMax: number | undefined;
}

/** Decides what the bytes from `position` to the end of the file are. O(bytes). */
export async function judgeTail(file: StorageFile, tail: BrokenTail): Promise<TailVerdict> {
  if (tail.position < tail.durablePosition) return 'rot';
  if (tail.position >= tail.fileBytes) return 'whole';
  if (await isZero(file, tail.position, tail.fileBytes)) return 'zeros';
  if (tail.unsyncedBytesMax === undefined) return 'torn';
  const from = tail.position + tail.unsyncedBytesMax;
  return (await holdsLaterBatch(file, from, tail.fileBytes, tail.nextOffset)) ? 'rot' : 'torn';
}

async function isZero(file: StorageFile, from: number, to: number): Promise<boolean> {
  for (let at = from; at < to; at += CHUNK_BYTES) {
    const bytes = new Uint8Array(Math.min(CHUNK_BYTES, to - at));
    await readFully(file, bytes, at);
    if (bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
}

/** Whether a whole, valid batch with an offset above `offset` begins in [from, to). Every byte is tried. */
async function holdsLaterBatch(file: StorageFile, from: number, to: number, offset: number): Promise<boolean> {
  for (let chunkAt = from; to - chunkAt >= BATCH_HEADER_BYTES; chunkAt += CHUNK_BYTES) {
    const bytes = new Uint8Array(Math.min(CHUNK_BYTES + BATCH_HEADER_BYTES - 1, to - chunkAt));
    await readFully(file, bytes, chunkAt);
    for (let at = 0; at <= bytes.length - BATCH_HEADER_BYTES; at++) {
      if (bytes[at + 16] !== 2) continue; // the magic, as a cheap first test
      const header = readBatchHeader(bytes, at);
      if (header.baseOffset <= offset || batchDamage(header, header.baseOffset) !== undefined) continue;
      if (header.totalBytes > to - chunkAt - at) continue;
      const batch = new Uint8Array(header.totalBytes);
      await readFully(file, batch, chunkAt + at);
      if (batchCrcIsValid(batch, 0, header.totalBytes)) return true;
    }
  }
  return false;
}
