/**
 * A log without consumers: recovery, writer and readers of one directory, put together.
 *
 * The offset store keeps its positions in a log of its own, so what both are made of stands here, and `Log` adds
 * the consumer groups on top. Data flows down: engine -> writer, reader -> segment files -> storage.
 */
import { systemClock } from './clock.ts';
import { GROUP_BYTES_MAX } from './commit-queue.ts';
import { LogError, outOfRange } from './errors.ts';
import { isOffset, LogReader } from './log-reader.ts';
import { LogState } from './log-state.ts';
import { LogEnd } from './log-end.ts';
import type { LogEndOptions } from './log-end.ts';
import { LogWriter, syncsFirst } from './log-writer.ts';
import type { WriterOptions } from './log-writer.ts';
import { BATCH_BYTES_MAX } from './record-batch.ts';
import { recover } from './recovery.ts';
import type {
  AppendOptions,
  Appended,
  Durability,
  LogOptions,
  LogRecord,
  LogStats,
  ReadOptions,
  RecordInput,
  RecoveryReport,
  TailOptions,
} from './types.ts';

const MIB = 1024 * 1024;
const DURABILITIES: readonly Durability[] = ['none', 'interval', 'batch', 'each'];

export class LogEngine {
  readonly recovery: RecoveryReport;
  readonly durability: Durability;
  readonly #state: LogState;
  readonly #end: LogEnd;
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  readonly #unlock: () => Promise<void>;
  #closed: Promise<void> | undefined;

  private constructor(
    parts: {
      readonly state: LogState;
      readonly end: LogEnd;
      readonly writer: LogWriter;
      readonly reader: LogReader;
    },
    recovery: RecoveryReport,
    durability: Durability,
    unlock: () => Promise<void>,
  ) {
    this.#state = parts.state;
    this.#end = parts.end;
    this.#writer = parts.writer;
    this.#reader = parts.reader;
    this.recovery = recovery;
    this.durability = durability;
    this.#unlock = unlock;
  }

  static async open(options: LogOptions): Promise<LogEngine> {
    const settings = checkedOptions(options);
    const { storage, clock, indexIntervalBytes } = settings;
    await storage.makeDir('');
    const unlock = await storage.lock('');
    try {
      const startedMs = clock.now();
      const found = await recover(settings);
      const { segments, start, clean, scannedBytes, truncatedBytes, quarantined, rebuilt } = found;
      const state = new LogState(segments, start, segments[segments.length - 1]!.nextOffset, options.onEvent);
      const end = new LogEnd(state, found.activeFile, found.checkpoint, settings);
      const writer = new LogWriter(state, end, settings);
      const reader = new LogReader(state, storage, indexIntervalBytes);
      const durationMs = clock.now() - startedMs;
      const recovery = { clean, scannedBytes, truncatedBytes, quarantined, rebuilt, durationMs };
      state.emit({ type: 'recovered', ...recovery });
      return new LogEngine({ state, end, writer, reader }, recovery, settings.durability, unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  append(records: readonly RecordInput[], options?: AppendOptions): Promise<Appended> {
    return this.#writer.append(records, options);
  }

  tryAppend(records: readonly RecordInput[], options?: AppendOptions): Promise<Appended> | undefined {
    return this.#writer.tryAppend(records, options);
  }

  read(options: ReadOptions): AsyncIterable<readonly LogRecord[]> {
    return this.#reader.read(options, false);
  }

  tail(options: TailOptions): AsyncIterable<readonly LogRecord[]> {
    return this.#reader.read(options, true);
  }

  offsets(): { readonly start: number; readonly end: number } {
    return { start: this.#state.start, end: this.#state.end };
  }

  async offsetForTime(timestamp: number): Promise<number | undefined> {
    this.#refuseClosed();
    if (!Number.isFinite(timestamp)) throw new TypeError(`timestamp is ${timestamp}; it must be milliseconds`);
    return await this.#reader.offsetForTime(timestamp);
  }

  async deleteBefore(offset: number): Promise<void> {
    this.#refuseClosed();
    if (!isOffset(offset)) throw new RangeError(`offset is ${String(offset)}; it must be a whole number from 0`);
    const { start, end } = this.#state;
    if (offset > end) throw outOfRange(offset, start, end);
    await this.#writer.deleteBefore(offset);
  }

  async sync(): Promise<void> {
    this.#refuseClosed();
    await this.#writer.sync();
  }

  stats(): LogStats {
    const { segments, start, end, failure } = this.#state;
    return {
      start,
      end,
      durableOffset: this.#end.durableOffset,
      bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
      segments: segments.length,
      ...this.#end.counts,
      inFlightBytes: this.#writer.inFlightBytes,
      ...(failure === undefined ? {} : { failure }),
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.#writer.close();
    } finally {
      this.#state.closed = true;
      this.#state.wake();
      await this.#unlock();
    }
  }

  #refuseClosed(): void {
    if (this.#closed !== undefined) throw new LogError('LOG_CLOSED', 'the log is closed');
  }
}

/** The options with their defaults; throws `RangeError` or `TypeError` naming option, value and range. */
function checkedOptions(options: LogOptions): WriterOptions & LogEndOptions {
  const { storage, durability = 'batch', clock = systemClock } = options;
  if (typeof (storage as { open?: unknown } | undefined)?.open !== 'function') {
    throw new TypeError('storage is missing; pass memoryStorage() or fileStorage(dir)');
  }
  if (typeof clock.now !== 'function' || typeof clock.schedule !== 'function') {
    throw new TypeError('clock has no now() or no schedule(fn, ms)');
  }
  if (options.onEvent !== undefined && typeof options.onEvent !== 'function') {
    throw new TypeError(`onEvent is ${typeof options.onEvent}; it must be a function`);
  }
  if (!DURABILITIES.includes(durability)) {
    throw new RangeError(`durability is ${durability as string}; it must be one of ${DURABILITIES.join(', ')}`);
  }
  const segmentBytes = inRange('segmentBytes', options.segmentBytes, 128 * MIB, 4096, 0x7fffffff);
  const maxInFlightBytes = inRange('maxInFlightBytes', options.maxInFlightBytes, 16 * MIB, 1024, 0x7fffffff);
  const batchMax = Math.min(segmentBytes, maxInFlightBytes, BATCH_BYTES_MAX);
  const defaultBatch = Math.min(4 * MIB, batchMax);
  const maxBatchBytes = inRange('maxBatchBytes', options.maxBatchBytes, defaultBatch, 1024, batchMax);
  return {
    storage,
    durability,
    clock,
    segmentBytes,
    maxInFlightBytes,
    maxBatchBytes,
    // A mode that syncs first has one group in flight, and a group is at most this or one append.
    unsyncedBytesMax: syncsFirst(durability) ? Math.max(GROUP_BYTES_MAX, maxBatchBytes) : undefined,
    syncIntervalMs: inRange('syncIntervalMs', options.syncIntervalMs, 1000, 1, 86_400_000),
    syncBytes: inRange('syncBytes', options.syncBytes, 16 * MIB, 1, 0x7fffffff),
    indexIntervalBytes: inRange('indexIntervalBytes', options.indexIntervalBytes, 16 * 1024, 512, 64 * MIB),
  };
}

function inRange(name: string, given: number | undefined, fallback: number, min: number, max: number): number {
  const value = given ?? fallback;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} is ${String(value)}; it must be a whole number from ${min} to ${max}`);
  }
  return value;
}
