/**
 * One segment read from its first byte to its last whole batch, every checksum verified.
 *
 * Recovery uses it to find where a log ends, and readers to make an index again. It only reports: what stands behind
 * the last whole batch is for the caller to judge, who knows whether the file may end in a torn write.
 */
import { BatchScanner } from './batch-scanner.ts';
import type { Segment } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';
import type { StorageFile } from './storage.ts';

const CHUNK_BYTES_MAX = 1024 * 1024;

/** Reads all batches of a segment from its start; `damage` says what stands where the last whole batch ends. */
export async function scanSegment(
  file: StorageFile,
  base: number,
  bytes: number,
  indexIntervalBytes: number,
): Promise<{ readonly found: Segment; readonly damage: string | undefined }> {
  const index = new SparseIndex(base, indexIntervalBytes);
  const start = { position: 0, offset: base, end: bytes, chunkBytesMax: CHUNK_BYTES_MAX };
  const scanner = new BatchScanner(file, start);
  let maxTimestamp = -1;
  do {
    for (let batch = scanner.take(); batch !== undefined; batch = scanner.take()) {
      index.observe(batch.header, batch.position);
      maxTimestamp = Math.max(maxTimestamp, batch.header.maxTimestamp);
    }
  } while (await scanner.fill());
  const { position, nextOffset, damage } = scanner;
  return {
    found: { base, nextOffset, bytes: position, readableBytes: position, maxTimestamp, index },
    damage,
  };
}
