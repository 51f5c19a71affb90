/**
 * The end of the log on disk: the active segment's file, what of it a sync has covered, and the checkpoint that says
 * so.
 *
 * Invariants:
 * - A write that fails leaves no trace: the file is cut back and the cut is synced, because a machine that dies now
 *   could otherwise come back with a whole batch whose append was rejected. The offsets are given again.
 * - A sync that fails is never tried again, because a second one may report success about pages that are gone
 *   (ATC '20, see recovery.ts). The log has failed; what was durable stays readable.
 * - The checkpoint never claims more than a successful sync has covered, and follows every one. So after the death
 *   of the process recovery knows exactly what was durable, and takes damage below for what it is.
 * - A roll that has begun is finished before the next record is written; until then its file name is taken.
 *
 * Calls must not overlap; the one loop of `log-writer.ts` sees to it.
 */
import type { CheckpointFile } from './checkpoint.ts';
import type { PendingAppend } from './commit-queue.ts';
import { joinGroup } from './commit-queue.ts';
import { LogError, outOfRange, writeError } from './errors.ts';
import { saveIndex } from './index-file.ts';
import type { LogState } from './log-state.ts';
import { stampBaseOffset } from './record-batch.ts';
import { indexName, logName } from './segment.ts';
import type { Segment } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';
import { writeFully, writeSoon } from './storage.ts';
import type { Storage, StorageFile } from './storage.ts';

/**
 * Small writes go through `writeNow`, without leaving the turn, because the way through a thread pool costs many
 * times the copy into the page cache. Every 32nd takes the asynchronous way, so that timers and sockets get their
 * turn in an awaited append loop.
 */
const WRITE_NOW_BYTES_MAX = 64 * 1024;
const WRITES_NOW_PER_TURN = 32;

export interface LogEndOptions {
  readonly storage: Storage;
  readonly segmentBytes: number;
  readonly indexIntervalBytes: number;
  /** The most that may be written behind the last sync; undefined for a mode that acknowledges before it syncs. */
  readonly unsyncedBytesMax: number | undefined;
}

export class LogEnd {
  readonly #state: LogState;
  readonly #options: LogEndOptions;
  readonly #checkpoint: CheckpointFile;
  #file: StorageFile;
  #rolling: boolean = false;
  #writesNow: number = 0;
  #unsyncedBytes: number = 0;
  #durableOffset: number;
  readonly counts: { appends: number; records: number; batches: number; writes: number; syncs: number };

  constructor(state: LogState, file: StorageFile, checkpoint: CheckpointFile, options: LogEndOptions) {
    this.#state = state;
    this.#file = file;
    this.#checkpoint = checkpoint;
    this.#options = options;
    this.#durableOffset = state.end;
    this.counts = { appends: 0, records: 0, batches: 0, writes: 0, syncs: 0 };
  }

  get durableOffset(): number {
    return this.#durableOffset;
  }

  get unsyncedBytes(): number {
    return this.#unsyncedBytes;
  }

  /** Begins a new segment if `bytes` do not fit into the active one; returns the bytes that do. */
  async makeRoom(bytes: number): Promise<number> {
    const { segmentBytes } = this.#options;
    const { active } = this.#state;
    const full = active.bytes > 0 && active.bytes + bytes > segmentBytes;
    if (full || this.#rolling) await this.#roll();
    return segmentBytes - this.#state.active.bytes;
  }

  /** Gives the appends their offsets and writes them at once; they fit. */
  async write(group: readonly PendingAppend[]): Promise<void> {
    const { active } = this.#state;
    let offset = active.nextOffset;
    for (const append of group) {
      append.baseOffset = offset;
      stampBaseOffset(append.bytes, offset);
      offset += append.count;
    }
    const bytes = joinGroup(group);
    try {
      await this.#writeBytes(bytes, active.bytes);
    } catch (cause) {
      await this.#undoWrite(active, cause);
      throw writeError(cause);
    }
    let position = active.bytes;
    for (const append of group) {
      active.index?.observe({ baseOffset: append.baseOffset, maxTimestamp: append.maxTimestamp }, position);
      position += append.bytes.length;
      active.maxTimestamp = Math.max(active.maxTimestamp, append.maxTimestamp);
      this.counts.records += append.count;
    }
    active.bytes = position;
    active.nextOffset = offset;
    this.#unsyncedBytes += bytes.length;
    this.counts.appends += group.length;
    this.counts.batches += group.length;
    this.counts.writes++;
  }

  /** Makes everything written durable and visible. */
  async sync(): Promise<void> {
    if (this.#unsyncedBytes > 0) {
      try {
        await this.#file.datasync();
      } catch (cause) {
        throw this.#fail('a sync failed', cause);
      }
      this.counts.syncs++;
      this.#unsyncedBytes = 0;
      this.#durableOffset = this.#state.active.nextOffset;
      // Not synced itself, and not needed to keep a promise: a failure here is the next synced checkpoint's to report.
      await this.#writeCheckpoint().catch(() => undefined);
    }
    this.publish();
    this.#state.emit({ type: 'synced', durableOffset: this.#durableOffset });
  }

  /** Makes everything written visible. */
  publish(): void {
    const { active } = this.#state;
    active.readableBytes = active.bytes;
    this.#state.end = active.nextOffset;
    this.#state.wake();
  }

  /** Moves the start; whole segments below it are removed after that is durable. */
  async deleteBefore(offset: number): Promise<void> {
    const state = this.#state;
    if (offset > state.active.nextOffset) throw outOfRange(offset, state.start, state.end);
    if (offset <= state.start) return;
    // The start must never be ahead of what a crash leaves: offsets would be given twice.
    await this.sync();
    // Emptying the log has to free its last file too, and a file is only ever removed whole.
    if (offset === state.active.nextOffset && state.active.bytes > 0) await this.#roll(offset);
    else await this.#syncCheckpoint({ start: offset });
    state.start = offset;
    state.wake();
    let removed = false;
    while (state.segments.length > 1 && state.segments[0]!.nextOffset <= offset) {
      const { base } = state.segments.shift()!;
      await this.#options.storage.remove(logName(base));
      await this.#options.storage.remove(indexName(base)).catch(() => undefined);
      removed = true;
    }
    if (removed) await this.#options.storage.syncDir('');
  }

  /** Leaves a clean checkpoint, unless the log has failed, and closes the files. To be called once. */
  async close(): Promise<void> {
    try {
      if (this.#state.failure !== undefined) return;
      await this.sync();
      await saveIndex(this.#options.storage, this.#state.active);
      await this.#syncCheckpoint({ clean: true });
    } finally {
      await this.#file.close().finally(() => this.#checkpoint.close());
    }
  }

  async #writeBytes(bytes: Uint8Array, at: number): Promise<void> {
    if (bytes.length <= WRITE_NOW_BYTES_MAX && this.#writesNow < WRITES_NOW_PER_TURN) {
      this.#writesNow++;
      await writeSoon(this.#file, bytes, at);
    } else {
      this.#writesNow = 0;
      await writeFully(this.#file, bytes, at);
    }
  }

  async #undoWrite(active: Segment, cause: unknown): Promise<void> {
    try {
      await this.#file.truncate(active.bytes);
      await this.#file.sync();
    } catch {
      throw this.#fail('a failed write could not be cut off', cause);
    }
  }

  /** Seals the active segment and begins the next one; `start` moves the log's start in the same checkpoint. */
  async #roll(start: number = this.#state.start): Promise<void> {
    const { storage, indexIntervalBytes } = this.#options;
    const state = this.#state;
    const old = state.active;
    await this.sync();
    this.#rolling = true;
    await saveIndex(storage, old);
    const base = old.nextOffset;
    let file: StorageFile;
    try {
      file = await storage.open(logName(base), 'create');
    } catch (cause) {
      throw writeError(cause);
    }
    try {
      await file.sync();
      await storage.syncDir('');
      await this.#syncCheckpoint({ start, segmentBase: base, position: 0 });
    } catch (cause) {
      await file.close().catch(() => undefined);
      throw cause instanceof LogError ? cause : this.#fail('a new segment could not be synced', cause);
    }
    const sealed = this.#file;
    this.#file = file;
    this.#rolling = false;
    old.index = undefined;
    const index = new SparseIndex(base, indexIntervalBytes);
    state.segments.push({ base, nextOffset: base, bytes: 0, readableBytes: 0, maxTimestamp: -1, index });
    // Synced long ago: what closing it says decides nothing.
    await sealed.close().catch(() => undefined);
    state.emit({ type: 'rolled', base });
    state.emit({ type: 'sealed', base: old.base, bytes: old.bytes });
  }

  async #writeCheckpoint(changes: CheckpointChanges = {}): Promise<void> {
    const { active, start } = this.#state;
    try {
      await this.#checkpoint.write({
        clean: false,
        start,
        segmentBase: active.base,
        // What is not synced yet does not count.
        position: active.bytes - this.#unsyncedBytes,
        nextOffset: this.#durableOffset,
        unsyncedBytesMax: this.#options.unsyncedBytesMax,
        ...changes,
      });
    } catch (cause) {
      throw writeError(cause);
    }
  }

  /** Rejects `STORAGE_FULL` or `WRITE_FAILED` if it could not be written: the checkpoint before it stays the last. */
  async #syncCheckpoint(changes: CheckpointChanges): Promise<void> {
    await this.#writeCheckpoint(changes);
    try {
      await this.#checkpoint.sync();
    } catch (cause) {
      throw this.#fail('a checkpoint could not be synced', cause);
    }
  }

  /** From here on nothing is acknowledged. Readers keep what was durable. */
  #fail(what: string, cause: unknown): LogError {
    const message = `${what}; nothing is acknowledged any more. Close the log and open it again`;
    const failure = new LogError('LOG_FAILED', message, { cause });
    this.#state.failure = failure;
    this.#state.end = Math.min(this.#state.end, this.#durableOffset);
    this.#state.wake();
    this.#state.emit({ type: 'failed', cause });
    return failure;
  }
}

interface CheckpointChanges {
  readonly start?: number;
  readonly segmentBase?: number;
  readonly position?: number;
  readonly clean?: boolean;
}
