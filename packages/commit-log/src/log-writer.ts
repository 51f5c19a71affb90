/**
 * The writing side: one loop that owns the end of the log.
 *
 * Appends and tasks (sync, roll, delete, close) stand in one queue and are done one after the other, so nothing here
 * needs a lock: a write, a sync and a roll never overlap. A round takes a group, gives it its offsets, writes it with
 * one write, and then, by mode: none and interval acknowledge; batch and each sync first.
 *
 * Invariants:
 * - Nothing becomes visible, and nothing is acknowledged as durable, before the sync that covers it has succeeded.
 * - A write that fails leaves no trace: the file is cut back, the cut is synced, the offsets are given again.
 * - A sync that fails is never tried again, because a second one may report success about pages that are gone
 *   (ATC '20, see recovery.ts). From then on nothing is acknowledged; what was durable stays readable.
 * - A roll that has begun is finished before the next record is written; until then its file name is taken.
 *
 * Small writes go through `writeNow`, without leaving the turn, because the way through a thread pool costs many
 * times the copy into the page cache. Every 32nd takes the asynchronous way, so that timers and sockets get their
 * turn in an awaited append loop.
 */
import type { CheckpointFile } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import { CommitQueue, GROUP_BYTES_MAX, joinGroup } from './commit-queue.ts';
import type { PendingAppend } from './commit-queue.ts';
import { LogError, outOfRange, writeError } from './errors.ts';
import { saveIndex } from './index-file.ts';
import type { LogState } from './log-state.ts';
import { encodeBatch, stampBaseOffset } from './record-batch.ts';
import { indexName, logName } from './segment.ts';
import type { Segment } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';
import { writeFully } from './storage.ts';
import type { Storage, StorageFile } from './storage.ts';
import type { AppendOptions, Appended, Durability, RecordInput } from './types.ts';

const WRITE_NOW_BYTES_MAX = 64 * 1024;
const WRITES_NOW_PER_TURN = 32;
const CHECKPOINT_EVERY_BYTES = 1024 * 1024;

export interface WriterOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly durability: Durability;
  readonly syncIntervalMs: number;
  readonly syncBytes: number;
  readonly segmentBytes: number;
  readonly maxBatchBytes: number;
  readonly maxInFlightBytes: number;
  readonly indexIntervalBytes: number;
}

interface Waiting {
  readonly records: readonly RecordInput[];
  readonly options: AppendOptions;
  readonly resolve: (appended: Promise<Appended>) => void;
  readonly reject: (error: unknown) => void;
}

export class LogWriter {
  readonly #state: LogState;
  readonly #options: WriterOptions;
  readonly #checkpoint: CheckpointFile;
  readonly #queue: CommitQueue;
  readonly #waiting: Set<Waiting> = new Set();
  readonly #syncFirst: boolean;
  #file: StorageFile;
  #running: boolean = false;
  #closing: boolean = false;
  #rolling: boolean = false;
  #writesNow: number = 0;
  #unsyncedBytes: number = 0;
  #bytesSinceCheckpoint: number = 0;
  #durableOffset: number;
  #cancelTimer: (() => void) | undefined;
  readonly counts: { appends: number; records: number; batches: number; writes: number; syncs: number };

  constructor(state: LogState, file: StorageFile, checkpoint: CheckpointFile, options: WriterOptions) {
    this.#state = state;
    this.#file = file;
    this.#checkpoint = checkpoint;
    this.#options = options;
    this.#queue = new CommitQueue(options.maxInFlightBytes);
    this.#syncFirst = options.durability === 'batch' || options.durability === 'each';
    this.#durableOffset = state.end;
    this.counts = { appends: 0, records: 0, batches: 0, writes: 0, syncs: 0 };
  }

  get durableOffset(): number {
    return this.#durableOffset;
  }

  get inFlightBytes(): number {
    return this.#queue.inFlightBytes;
  }

  /** Takes the append if there is room now; undefined when there is not. Rejects what is no append. */
  tryAppend(records: readonly RecordInput[], options: AppendOptions = {}): Promise<Appended> | undefined {
    if (this.#state.failure === undefined && (!this.#queue.hasRoom || this.#waiting.size > 0)) return undefined;
    return this.#take(records, options);
  }

  append(records: readonly RecordInput[], options: AppendOptions = {}): Promise<Appended> {
    const taken = this.tryAppend(records, options);
    if (taken !== undefined) return taken;
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return new Promise<Appended>((resolve, reject) => {
      const waiting: Waiting = {
        records,
        options,
        resolve: (appended) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(appended);
        },
        reject: (error: unknown) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      const onAbort = (): void => {
        this.#waiting.delete(waiting);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /** Everything written before the call is durable when this resolves. */
  sync(): Promise<void> {
    return this.#exclusive(() => this.#sync());
  }

  /** Moves the start; whole segments below it are removed after that is durable. */
  deleteBefore(offset: number): Promise<void> {
    return this.#exclusive(async () => {
      const state = this.#state;
      if (offset > state.active.nextOffset) throw outOfRange(offset, state.start, state.end);
      if (offset <= state.start) return;
      // The start must never be ahead of what a crash leaves: offsets would be given twice.
      await this.#sync();
      // Emptying the log has to free its last file too, and a file is only ever removed whole.
      if (offset === state.active.nextOffset && state.active.bytes > 0) await this.#roll(offset);
      else await this.#writeCheckpoint('synced', { start: offset });
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
    });
  }

  /** Finishes what was taken, writes a clean checkpoint and closes the files. To be called once. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const waiting of this.#waiting) waiting.reject(closedError());
    this.#waiting.clear();
    await this.#exclusive(async () => {
      this.#cancelTimer?.();
      try {
        if (this.#state.failure !== undefined) return;
        await this.#sync();
        await saveIndex(this.#options.storage, this.#state.active);
        await this.#writeCheckpoint('synced', { clean: true });
      } finally {
        await this.#file.close();
        await this.#checkpoint.close();
      }
    }, true);
  }

  #take(records: readonly RecordInput[], options: AppendOptions): Promise<Appended> {
    const { clock, maxBatchBytes } = this.#options;
    try {
      if (this.#closing) throw closedError();
      if (this.#state.failure !== undefined) throw this.#state.failure;
      options.signal?.throwIfAborted();
      const timestamp = clock.now();
      const { bytes, count, maxTimestamp } = encodeBatch(records, timestamp, maxBatchBytes);
      const durable = options.waitFor === undefined ? this.#syncFirst : waitsForSync(options.waitFor);
      return new Promise<Appended>((resolve, reject) => {
        this.#queue.push({ bytes, count, timestamp, maxTimestamp, durable, baseOffset: -1, resolve, reject });
        this.#start();
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Runs `task` when everything queued before it is done, and alone. */
  #exclusive(task: () => Promise<void>, evenFailed: boolean = false): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const run = async (): Promise<void> => {
        try {
          if (this.#state.failure !== undefined && !evenFailed) throw this.#state.failure;
          await task();
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      this.#queue.push({ run });
      this.#start();
    });
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    // In a microtask, so that all appends of one turn share the first group.
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) {
      if ('run' in first) {
        this.#queue.shift();
        await first.run();
      } else {
        await this.#flush(first);
      }
    }
    this.#running = false;
  }

  /** One round of the loop; settles every append it takes, and never throws. */
  async #flush(first: PendingAppend): Promise<void> {
    const { segmentBytes, durability } = this.#options;
    const state = this.#state;
    let group: PendingAppend[] = [];
    try {
      if (state.failure !== undefined) throw state.failure;
      const sealed = state.active.bytes > 0 && state.active.bytes + first.bytes.length > segmentBytes;
      if (sealed || this.#rolling) await this.#roll();
      const room = Math.min(GROUP_BYTES_MAX, segmentBytes - state.active.bytes);
      group = this.#queue.takeGroup(room, durability === 'each' ? 1 : Infinity);
      await this.#write(group);
      if (this.#syncFirst) {
        settle(group, false);
        await this.#sync();
        settle(group, true);
      } else {
        this.#publish();
        // Acknowledging first would let a crash take more than syncBytes of what was acknowledged.
        const full = durability === 'interval' && this.#unsyncedBytes >= this.#options.syncBytes;
        if (!full) settle(group, false);
        if (full || group.some(({ durable }) => durable)) await this.#sync();
        else if (durability === 'interval') this.#syncLater();
        if (full) settle(group, false);
        settle(group, true);
      }
    } catch (error) {
      if (group.length === 0) group = this.#queue.takeGroup(GROUP_BYTES_MAX, 1);
      for (const append of group) append.reject(error);
    }
    this.#release(group);
    // Those whose promises just resolved need a few turns to append again; then they share the next sync.
    if (this.#syncFirst) for (let turn = 0; turn < 4; turn++) await undefined;
  }

  async #write(group: readonly PendingAppend[]): Promise<void> {
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

  async #writeBytes(bytes: Uint8Array, at: number): Promise<void> {
    const file = this.#file;
    if (file.writeNow !== undefined && bytes.length <= WRITE_NOW_BYTES_MAX && this.#writesNow < WRITES_NOW_PER_TURN) {
      this.#writesNow++;
      const count = file.writeNow(bytes, at);
      if (count === bytes.length) return;
      if (!Number.isInteger(count) || count < 0 || count > bytes.length) {
        throw new Error(`the storage reported a write of ${count} bytes of ${bytes.length}`);
      }
      await writeFully(file, bytes.subarray(count), at + count);
      return;
    }
    this.#writesNow = 0;
    await writeFully(file, bytes, at);
  }

  /**
   * Cuts a failed write off. Synced at once: otherwise a machine that dies now could come back with a whole batch
   * whose append was rejected.
   */
  async #undoWrite(active: Segment, cause: unknown): Promise<void> {
    try {
      await this.#file.truncate(active.bytes);
      await this.#file.sync();
    } catch {
      throw this.#fail('a failed write could not be cut off', cause);
    }
  }

  /** Syncs the active file and makes what was written visible. */
  async #sync(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { active } = this.#state;
    if (this.#unsyncedBytes > 0) {
      try {
        await this.#file.datasync();
      } catch (cause) {
        throw this.#fail('a sync failed', cause);
      }
      this.counts.syncs++;
      this.#bytesSinceCheckpoint += this.#unsyncedBytes;
      this.#unsyncedBytes = 0;
    }
    this.#durableOffset = active.nextOffset;
    this.#publish();
    if (this.#bytesSinceCheckpoint >= CHECKPOINT_EVERY_BYTES) {
      // Only a shorter way for recovery: a failure here is the next synced checkpoint's to report.
      await this.#writeCheckpoint('unsynced').catch(() => undefined);
    }
    this.#state.emit({ type: 'synced', durableOffset: this.#durableOffset });
  }

  #syncLater(): void {
    // A failure is sticky and meets the next append; there is nobody here to tell.
    this.#cancelTimer ??= this.#options.clock.schedule(
      () => void this.sync().catch(() => undefined),
      this.#options.syncIntervalMs,
    );
  }

  #publish(): void {
    const { active } = this.#state;
    active.readableBytes = active.bytes;
    this.#state.end = active.nextOffset;
    this.#state.wake();
  }

  /** Seals the active segment and begins the next one; `start` moves the log's start in the same checkpoint. */
  async #roll(start: number = this.#state.start): Promise<void> {
    const { storage, indexIntervalBytes } = this.#options;
    const state = this.#state;
    const old = state.active;
    await this.#sync();
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
    } catch (cause) {
      await file.close().catch(() => undefined);
      throw this.#fail('a new segment could not be synced', cause);
    }
    try {
      await this.#writeCheckpoint('synced', { start, segmentBase: base, position: 0, nextOffset: base });
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    await this.#file.close();
    this.#file = file;
    this.#rolling = false;
    old.index = undefined;
    state.segments.push({
      base,
      nextOffset: base,
      bytes: 0,
      readableBytes: 0,
      maxTimestamp: -1,
      index: new SparseIndex(base, indexIntervalBytes),
    });
    state.emit({ type: 'rolled', base });
    state.emit({ type: 'sealed', base: old.base, bytes: old.bytes });
  }

  async #writeCheckpoint(
    mode: 'synced' | 'unsynced',
    changes: { start?: number; segmentBase?: number; position?: number; nextOffset?: number; clean?: boolean } = {},
  ): Promise<void> {
    const { active, start } = this.#state;
    // What is not synced yet must not count as durable: then the position of the last sync is the honest one.
    const position = this.#unsyncedBytes > 0 ? active.bytes - this.#unsyncedBytes : active.bytes;
    const state = {
      clean: false,
      start,
      segmentBase: active.base,
      position,
      nextOffset: this.#durableOffset,
      unsyncedBytesMax: unsyncedBytesMax(this.#options),
      ...changes,
    };
    try {
      await this.#checkpoint.write(state, mode);
    } catch (cause) {
      throw mode === 'synced' ? this.#fail('a checkpoint could not be synced', cause) : writeError(cause);
    }
    this.#bytesSinceCheckpoint = 0;
  }

  /** From here on nothing is acknowledged. Readers keep what was durable. */
  #fail(what: string, cause: unknown): LogError {
    const message = `${what}; nothing is acknowledged any more. Close the log and open it again`;
    const failure = new LogError('LOG_FAILED', message, { cause });
    this.#state.failure = failure;
    this.#state.end = Math.min(this.#state.end, this.#durableOffset);
    this.#cancelTimer?.();
    for (const waiting of this.#waiting) waiting.reject(failure);
    this.#waiting.clear();
    this.#state.wake();
    this.#state.emit({ type: 'failed', cause });
    return failure;
  }

  #release(group: readonly PendingAppend[]): void {
    for (const { bytes } of group) this.#queue.release(bytes.length);
    for (const waiting of this.#waiting) {
      if (!this.#queue.hasRoom) return;
      this.#waiting.delete(waiting);
      waiting.resolve(this.#take(waiting.records, waiting.options));
    }
  }
}

/** The most that may be written behind the last sync, in a mode that syncs before it acknowledges. */
export function unsyncedBytesMax(options: {
  readonly durability: Durability;
  readonly maxBatchBytes: number;
}): number | undefined {
  const bounded = options.durability === 'batch' || options.durability === 'each';
  return bounded ? Math.max(GROUP_BYTES_MAX, options.maxBatchBytes) : undefined;
}

/** Resolves the appends of a group that have waited for no more than this. */
function settle(group: readonly PendingAppend[], durable: boolean): void {
  for (const append of group) {
    if (append.durable !== durable) continue;
    const { baseOffset, count, timestamp } = append;
    append.resolve({ baseOffset, lastOffset: baseOffset + count - 1, timestamp, durable });
  }
}

function waitsForSync(waitFor: unknown): boolean {
  if (waitFor !== 'durable' && waitFor !== 'written') {
    throw new TypeError(`waitFor is ${String(waitFor)}; it must be 'written' or 'durable'`);
  }
  return waitFor === 'durable';
}

function closedError(): LogError {
  return new LogError('LOG_CLOSED', 'the log is closed');
}
