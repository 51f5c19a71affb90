/**
 * The index of a segment as a file beside it.
 *
 * Nothing here is synced and nothing here can fail a caller: a missing, torn or wrong index file means that the
 * segment is read instead, and the file written again.
 */
import { indexName } from './segment.ts';
import type { Segment } from './segment.ts';
import { INDEX_TRAILER_BYTES, readIndexTrailer, SparseIndex } from './sparse-index.ts';
import type { IndexTrailer } from './sparse-index.ts';
import { readFully, writeFully } from './storage.ts';
import type { Storage, StorageFile } from './storage.ts';

/** Writes the index of a segment, if it is in memory. */
export async function saveIndex(storage: Storage, segment: Segment): Promise<void> {
  if (segment.index === undefined) return;
  try {
    const file = await storage.open(indexName(segment.base), 'create');
    try {
      await writeFully(file, segment.index.encode(segment), 0);
    } finally {
      await file.close();
    }
  } catch {
    // The next open reads the segment instead.
  }
}

/** What the last 36 bytes of the index file say about its segment; undefined when they say nothing. */
export async function loadTrailer(storage: Storage, base: number): Promise<IndexTrailer | undefined> {
  return await withIndexFile(storage, base, async (file, size) => {
    const bytes = new Uint8Array(Math.min(size, INDEX_TRAILER_BYTES));
    await readFully(file, bytes, size - bytes.length);
    return readIndexTrailer(bytes);
  });
}

/** The index of a segment from its file; undefined when the file is missing or wrong. */
export async function loadIndex(
  storage: Storage,
  base: number,
  intervalBytes: number,
): Promise<SparseIndex | undefined> {
  return await withIndexFile(storage, base, async (file, size) => {
    const bytes = new Uint8Array(size);
    const count = await readFully(file, bytes, 0);
    return SparseIndex.decode(bytes.subarray(0, count), base, intervalBytes);
  });
}

async function withIndexFile<T>(
  storage: Storage,
  base: number,
  use: (file: StorageFile, size: number) => Promise<T | undefined>,
): Promise<T | undefined> {
  let file: StorageFile;
  try {
    file = await storage.open(indexName(base), 'read');
  } catch {
    return undefined; // whatever the reason: the index is made again from the segment
  }
  try {
    return await use(file, await file.size());
  } finally {
    await file.close();
  }
}
