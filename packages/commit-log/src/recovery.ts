/**
 * Opening a log: what the files say, made one story.
 *
 * Order: the checkpoint; the sealed segments below it, by the trailers of their indexes; then every batch of the
 * segments from the checkpoint's on, checksums verified. The end of the last one is judged (tail-damage.ts) and cut
 * if it is a torn write. A log that was closed in order is believed without reading a batch.
 *
 * Invariants: running it twice, or dying anywhere in it, gives the same result. Nothing is destroyed without a copy
 * in `quarantine/`, as long as the disk has room for one. Files that can be made again (indexes, checkpoint) never
 * keep a log from opening.
 *
 * Two steps that are easy to leave out. A roll syncs the old file before it creates the new one, so every file but
 * the last must be whole: a hole there is damage, never a torn write. And after a failed sync the cache may hold
 * pages that the disk does not, marked clean (Rebello et al., "Can Applications Recover from fsync Failures?", ATC
 * '20): what was read behind the checkpoint is written again in place before it is synced and believed.
 *
 * Departure from the shortest way: after a crash the whole last segment is read, not only what stands behind the
 * checkpoint. It costs a reading of one file, and finds rot in what is durable before anything is appended to it.
 */
import { CHECKPOINT_NAME, CheckpointFile, reserveSlots } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { LogError } from './errors.ts';
import { loadIndex, loadTrailer, saveIndex } from './index-file.ts';
import { baseOfName, indexName, logName } from './segment.ts';
import type { Segment } from './segment.ts';
import { scanSegment } from './segment-scan.ts';
import { readFully, writeFully } from './storage.ts';
import type { Storage, StorageFile } from './storage.ts';
import { judgeTail } from './tail-damage.ts';

const CHUNK_BYTES_MAX = 1024 * 1024;
const QUARANTINE = 'quarantine';

export interface RecoveryOptions {
  readonly storage: Storage;
  readonly indexIntervalBytes: number;
  /** Of the log that is being opened: how much it may leave unsynced; undefined for any amount. */
  readonly unsyncedBytesMax: number | undefined;
}

export interface Recovered {
  readonly segments: Segment[];
  readonly activeFile: StorageFile;
  readonly checkpoint: CheckpointFile;
  readonly start: number;
  readonly clean: boolean;
  readonly scannedBytes: number;
  readonly truncatedBytes: number;
  readonly quarantined: readonly string[];
  readonly rebuilt: readonly string[];
}

/** Opens the files of the directory, which the caller has locked. Rejects with `LOG_CORRUPT` at rot. */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const run = new Recovery(options);
  try {
    return await run.open();
  } catch (error) {
    await run.abandon();
    throw error;
  }
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #storage: Storage;
  readonly #quarantined: string[] = [];
  readonly #rebuilt: string[] = [];
  #checkpoint: CheckpointFile | undefined;
  #activeFile: StorageFile | undefined;
  #scannedBytes: number = 0;
  #truncatedBytes: number = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#storage = options.storage;
  }

  /** Lets go of the files when opening failed. */
  async abandon(): Promise<void> {
    await this.#checkpoint?.close();
    await this.#activeFile?.close();
  }

  async open(): Promise<Recovered> {
    const names = await this.#storage.list('');
    const bases = names
      .map(baseOfName)
      .filter((base) => base !== undefined)
      .sort((a, b) => a - b);
    const { newest, damaged } = await this.#readCheckpoint(names.includes(CHECKPOINT_NAME));
    if (bases.length === 0) {
      if (newest !== undefined) {
        throw corrupt(logName(newest.segmentBase), 0, 'the file is missing, and the checkpoint knows it');
      }
      await this.#create(logName(0));
      bases.push(0);
    }

    const start = await this.#dropBelowStart(bases, newest, damaged);
    if (newest !== undefined && !bases.includes(newest.segmentBase)) {
      throw corrupt(logName(newest.segmentBase), 0, 'the file is missing, and the checkpoint knows it');
    }
    const segments: Segment[] = [];
    for (let i = 0; i < bases.length - 1; i++) {
      segments.push(await this.#sealedSegment(bases[i]!, bases[i + 1]!));
    }
    const active = await this.#activeSegment(bases[bases.length - 1]!, newest);
    segments.push(active.segment);

    const checkpoint = await this.#settle(start, active.segment);
    return {
      segments,
      activeFile: this.#activeFile!,
      checkpoint,
      start: Math.min(start, active.segment.nextOffset),
      clean: active.clean,
      scannedBytes: this.#scannedBytes,
      truncatedBytes: this.#truncatedBytes,
      quarantined: this.#quarantined,
      rebuilt: this.#rebuilt,
    };
  }

  async #readCheckpoint(exists: boolean): Promise<{ newest: Checkpoint | undefined; damaged: boolean }> {
    if (!exists) return { newest: undefined, damaged: false };
    this.#checkpoint = new CheckpointFile(await this.#storage.open(CHECKPOINT_NAME, 'write'));
    return await this.#checkpoint.read();
  }

  /** Removes the files that a deleteBefore had no time to remove; returns where the log starts. */
  async #dropBelowStart(bases: number[], newest: Checkpoint | undefined, damaged: boolean): Promise<number> {
    const wanted = newest?.start ?? bases[0]!;
    let removed = false;
    while (bases.length > 1 && bases[1]! <= wanted) {
      const base = bases.shift()!;
      await this.#storage.remove(logName(base));
      await this.#storage.remove(indexName(base)).catch(() => undefined);
      removed = true;
    }
    if (removed) await this.#storage.syncDir('');
    const first = bases[0]!;
    if (first <= wanted) return wanted;
    // A damaged slot may have held a later start. Without one, the files in between are missing.
    if (!damaged)
      throw corrupt(logName(first), 0, `the log starts at ${wanted}, and no file holds [${wanted}, ${first})`);
    this.#rebuilt.push(CHECKPOINT_NAME);
    return first;
  }

  /** A segment that another one follows: known by the trailer of its index, or read whole. */
  async #sealedSegment(base: number, next: number): Promise<Segment> {
    const file = await this.#storage.open(logName(base), 'read');
    try {
      const bytes = await file.size();
      const trailer = await loadTrailer(this.#storage, base);
      if (trailer?.logBytes === bytes && trailer.nextOffset === next) {
        const { maxTimestamp } = trailer;
        return { base, nextOffset: next, bytes, readableBytes: bytes, maxTimestamp, index: undefined };
      }
      const segment = await this.#scan(file, base, bytes);
      if (segment.damage !== undefined) throw corrupt(logName(base), segment.found.bytes, segment.damage);
      if (segment.found.nextOffset !== next) {
        const what = `the file ends at offset ${segment.found.nextOffset}, and the next one begins at ${next}`;
        throw corrupt(logName(base), bytes, what);
      }
      this.#rebuilt.push(indexName(base));
      await saveIndex(this.#storage, segment.found);
      // On demand again from here on: the indexes of all segments together have no bound.
      return { ...segment.found, index: undefined };
    } finally {
      await file.close();
    }
  }

  async #activeSegment(base: number, newest: Checkpoint | undefined): Promise<{ segment: Segment; clean: boolean }> {
    const name = logName(base);
    const file = await this.#storage.open(name, 'write');
    this.#activeFile = file;
    const bytes = await file.size();
    const known = newest?.segmentBase === base ? newest : undefined;
    if (known?.clean && known.position === bytes) {
      const segment = await this.#closedSegment(base, known);
      if (segment !== undefined) return { segment, clean: true };
      this.#rebuilt.push(indexName(base));
    }

    const { found, damage } = await this.#scan(file, base, bytes);
    const durablePosition = known?.position ?? 0;
    const verdict = await judgeTail(file, {
      position: found.bytes,
      fileBytes: bytes,
      nextOffset: found.nextOffset,
      durablePosition,
      unsyncedBytesMax: (newest ?? this.#options).unsyncedBytesMax,
    });
    if (verdict === 'rot') throw corrupt(name, found.bytes, damage ?? 'the file is shorter than what was synced');
    if (verdict === 'torn') await this.#quarantine(file, base, found.bytes, bytes, newest?.sequence ?? 0);
    if (verdict !== 'whole') {
      await file.truncate(found.bytes);
      this.#truncatedBytes += bytes - found.bytes;
    }
    await rewrite(file, durablePosition, found.bytes);
    await file.sync();
    return { segment: found, clean: false };
  }

  /** The last segment of a log that was closed in order; undefined when its index does not agree. */
  async #closedSegment(base: number, known: Checkpoint): Promise<Segment | undefined> {
    const index = await loadIndex(this.#storage, base, this.#options.indexIntervalBytes);
    const trailer = await loadTrailer(this.#storage, base);
    if (index === undefined || trailer?.logBytes !== known.position) return undefined;
    if (trailer.nextOffset !== known.nextOffset) return undefined;
    return {
      base,
      nextOffset: known.nextOffset,
      bytes: known.position,
      readableBytes: known.position,
      maxTimestamp: trailer.maxTimestamp,
      index,
    };
  }

  async #scan(
    file: StorageFile,
    base: number,
    bytes: number,
  ): Promise<{ readonly found: Segment; readonly damage: string | undefined }> {
    const scan = await scanSegment(file, base, bytes, this.#options.indexIntervalBytes);
    this.#scannedBytes += bytes;
    return scan;
  }

  /** A copy of what is about to be cut off. A full disk must not keep the log from opening. */
  async #quarantine(file: StorageFile, base: number, from: number, to: number, sequence: number): Promise<void> {
    const name = `${QUARANTINE}/${logName(base)}.${from}.${sequence}`;
    try {
      await this.#storage.makeDir(QUARANTINE);
      const copy = await this.#storage.open(name, 'create');
      try {
        for (let at = from; at < to; at += CHUNK_BYTES_MAX) {
          const bytes = new Uint8Array(Math.min(CHUNK_BYTES_MAX, to - at));
          await writeFully(copy, bytes.subarray(0, await readFully(file, bytes, at)), at - from);
        }
        await copy.sync();
      } finally {
        await copy.close();
      }
      await this.#storage.syncDir(QUARANTINE);
      this.#quarantined.push(name);
    } catch {
      // The torn bytes were never acknowledged; the copy is a courtesy.
    }
  }

  /** Makes the recovered state the durable one, before anything is built on it. */
  async #settle(start: number, active: Segment): Promise<CheckpointFile> {
    await this.#storage.syncDir('');
    let checkpoint = this.#checkpoint;
    if (checkpoint === undefined) {
      // Only now: a checkpoint without its segment means that a file was lost.
      const file = await this.#storage.open(CHECKPOINT_NAME, 'create');
      checkpoint = new CheckpointFile(file);
      this.#checkpoint = checkpoint;
      await reserveSlots(file);
      if (active.nextOffset > 0) this.#rebuilt.push(CHECKPOINT_NAME);
    }
    const state = {
      clean: false,
      start: Math.min(start, active.nextOffset),
      segmentBase: active.base,
      position: active.bytes,
      nextOffset: active.nextOffset,
      unsyncedBytesMax: this.#options.unsyncedBytesMax,
    };
    await checkpoint.write(state);
    await checkpoint.sync();
    await this.#storage.syncDir('');
    return checkpoint;
  }

  async #create(name: string): Promise<void> {
    const file = await this.#storage.open(name, 'create');
    await file.sync();
    await file.close();
    await this.#storage.syncDir('');
  }
}

/** Writes what is there once more, so that the next sync is about these pages whatever the last one did. */
async function rewrite(file: StorageFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += CHUNK_BYTES_MAX) {
    const bytes = new Uint8Array(Math.min(CHUNK_BYTES_MAX, to - at));
    await writeFully(file, bytes.subarray(0, await readFully(file, bytes, at)), at);
  }
}

function corrupt(file: string, position: number, what: string): LogError {
  const advice = 'these bytes were durable and have changed or gone: restore the directory from a copy';
  return new LogError('LOG_CORRUPT', `${file}, position ${position}: ${what}; ${advice}`);
}
