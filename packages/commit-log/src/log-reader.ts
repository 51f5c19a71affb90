/**
 * The reading side: from an offset to records, and on to the end as it moves.
 *
 * A lookup is two binary searches, over segments and over the entries of one index, and then a walk of at most one
 * index interval. From there a cursor reads ahead in chunks that grow from 64 KiB, because the next read is nearly
 * always the next bytes. Cursors pull: a slow reader costs its own chunk and delays nobody.
 *
 * Invariants: what is handed out is visible, checked, in order and without a gap. An index entry that does not lead
 * to its own offset is thrown away with its index, and the read begins again at the start of the segment; only if
 * that fails too is the segment damaged. A reader that retention overtakes gets the same answer as one that asks for
 * an offset below the start.
 */
import { BatchScanner } from './batch-scanner.ts';
import { LogError, outOfRange } from './errors.ts';
import { loadIndex, saveIndex } from './index-file.ts';
import type { LogState } from './log-state.ts';
import { collectRecords } from './record-reader.ts';
import { indexName, logName, segmentAt } from './segment.ts';
import type { Segment } from './segment.ts';
import { scanSegment } from './segment-scan.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { Storage, StorageFile } from './storage.ts';
import type { LogRecord, ReadOptions } from './types.ts';

const CHUNK_BYTES_MAX = 1024 * 1024;
/** Loaded indexes of sealed segments that are kept. */
const INDEXES_MAX = 32;

export class LogReader {
  readonly #state: LogState;
  readonly #storage: Storage;
  readonly #indexIntervalBytes: number;
  /** In order of use, the latest last. */
  readonly #indexes: Map<number, SparseIndex> = new Map();

  constructor(state: LogState, storage: Storage, indexIntervalBytes: number) {
    this.#state = state;
    this.#storage = storage;
    this.#indexIntervalBytes = indexIntervalBytes;
  }

  /** Records in [from, to), `to` at most the end as of this call; follows the end when `follow`. */
  read(options: ReadOptions, follow: boolean): AsyncIterable<readonly LogRecord[]> {
    const { start, end } = this.#state;
    const from = options.from === 'start' ? start : options.from === 'end' ? end : options.from;
    const to = follow ? Infinity : Math.min(options.to ?? end, end);
    return this.#chunks(from, to, options, follow);
  }

  async *#chunks(
    from: number,
    to: number,
    options: ReadOptions,
    follow: boolean,
  ): AsyncGenerator<readonly LogRecord[], void, undefined> {
    checkReadOptions(options);
    const state = this.#state;
    const { signal } = options;
    const wake = (): void => state.wake();
    const cursor = new SegmentCursor(this, state, this.#storage, options.maxBytes ?? CHUNK_BYTES_MAX);
    let offset = this.#place(from, options);
    signal?.addEventListener('abort', wake);
    try {
      while (offset < to) {
        if (follow && (state.closed || signal?.aborted)) return;
        if (state.closed) throw new LogError('LOG_CLOSED', 'the log is closed');
        signal?.throwIfAborted();
        offset = this.#place(offset, options);
        const limit = Math.min(to, state.end);
        if (offset < limit) {
          const records = await cursor.chunk(offset, limit);
          // Undefined: retention took the segment meanwhile; the range check above has the answer.
          if (records === undefined) continue;
          offset = records[records.length - 1]!.offset + 1;
          yield records;
        } else if (!follow) {
          return; // a failure has drawn the end back
        } else if (state.failure !== undefined) {
          throw state.failure;
        } else {
          await state.changed();
        }
      }
    } finally {
      signal?.removeEventListener('abort', wake);
      await cursor.close();
    }
  }

  /** The first offset in the visible range with a timestamp >= `timestamp`. O(segments + one index interval). */
  async offsetForTime(timestamp: number): Promise<number | undefined> {
    const state = this.#state;
    for (const segment of [...state.segments]) {
      if (segment.maxTimestamp < timestamp || segment.nextOffset <= state.start) continue;
      const found = await this.#firstAtTime(segment, timestamp);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #firstAtTime(segment: Segment, timestamp: number): Promise<number | undefined> {
    const state = this.#state;
    const file = await openLog(this.#storage, segment.base);
    if (file === undefined) return undefined;
    try {
      let scanner = this.#scannerAt(segment, file, (await this.indexOf(segment)).beforeTime(timestamp));
      for (;;) {
        const batch = scanner.take();
        if (batch !== undefined) {
          if (batch.header.baseOffset >= state.end) return undefined;
          if (batch.header.maxTimestamp < timestamp || scanner.nextOffset <= state.start) continue;
          const records: LogRecord[] = [];
          collectRecords(batch.bytes, batch.at, batch.header, state.start, state.end, records);
          const first = records.find((record) => record.timestamp >= timestamp);
          if (first !== undefined) return first.offset;
        } else if (!(await scanner.fill())) {
          if (scanner.damage === undefined) return undefined;
          const index = await this.rebuildIndex(segment, file);
          scanner = this.#scannerAt(segment, file, index.beforeTime(timestamp));
        }
      }
    } finally {
      await file.close();
    }
  }

  #scannerAt(segment: Segment, file: StorageFile, at: { offset: number; position: number }): BatchScanner {
    return new BatchScanner(file, { ...at, end: segment.readableBytes, chunkBytesMax: CHUNK_BYTES_MAX });
  }

  /** The index of a segment: in memory, from its file, or made again. */
  async indexOf(segment: Segment): Promise<SparseIndex> {
    if (segment.index !== undefined) return segment.index;
    const kept = this.#indexes.get(segment.base);
    const index = kept ?? (await loadIndex(this.#storage, segment.base, this.#indexIntervalBytes));
    if (index !== undefined) return this.#keep(index);
    const file = await openLog(this.#storage, segment.base);
    if (file === undefined) throw new LogError('LOG_CORRUPT', `${logName(segment.base)} is missing`);
    try {
      return await this.rebuildIndex(segment, file);
    } finally {
      await file.close();
    }
  }

  /** Makes the index from the segment itself. Rejects with `LOG_CORRUPT` if that is what was wrong. */
  async rebuildIndex(segment: Segment, file: StorageFile): Promise<SparseIndex> {
    const bytes = segment.readableBytes;
    const { found, damage } = await scanSegment(file, segment.base, bytes, this.#indexIntervalBytes);
    if (damage !== undefined) {
      throw new LogError('LOG_CORRUPT', `${logName(segment.base)}, position ${found.bytes}: ${damage}`);
    }
    this.#state.emit({ type: 'index-rebuilt', file: indexName(segment.base) });
    if (segment !== this.#state.active) await saveIndex(this.#storage, found);
    return this.#keep(found.index!);
  }

  #keep(index: SparseIndex): SparseIndex {
    this.#indexes.delete(index.base);
    this.#indexes.set(index.base, index);
    if (this.#indexes.size > INDEXES_MAX) this.#indexes.delete(this.#indexes.keys().next().value!);
    return index;
  }

  /** The offset to read, or what the options say about one outside of the log. */
  #place(offset: number, options: ReadOptions): number {
    const { start, end, failure } = this.#state;
    if (offset >= start && offset <= end) return offset;
    if (options.outOfRange === 'start') return start;
    if (options.outOfRange === 'end') return end;
    // A reader that was ahead of a failure has read what the log can no longer vouch for.
    if (offset > end && failure !== undefined) throw failure;
    throw outOfRange(offset, start, end);
  }
}

/** A place in one segment file, kept open from chunk to chunk. */
class SegmentCursor {
  readonly #reader: LogReader;
  readonly #state: LogState;
  readonly #storage: Storage;
  readonly #chunkBytesMax: number;
  #segment: Segment | undefined;
  #file: StorageFile | undefined;
  #scanner: BatchScanner | undefined;

  constructor(reader: LogReader, state: LogState, storage: Storage, chunkBytesMax: number) {
    this.#reader = reader;
    this.#state = state;
    this.#storage = storage;
    this.#chunkBytesMax = chunkBytesMax;
  }

  /** At least one record of [offset, limit), from one read; undefined when the segment was removed. */
  async chunk(offset: number, limit: number): Promise<LogRecord[] | undefined> {
    if (!(await this.#moveTo(offset))) return undefined;
    const segment = this.#segment!;
    const file = this.#file!;
    let scanner = this.#scanner!;
    scanner.extend(segment.readableBytes);
    const records: LogRecord[] = [];
    for (let rebuilt = false; ;) {
      // The limit is tested before the bytes: behind it stands what nothing vouches for yet.
      const batch = scanner.nextOffset < limit ? scanner.take() : undefined;
      if (batch !== undefined) {
        collectRecords(batch.bytes, batch.at, batch.header, offset, limit, records);
        continue;
      }
      if (records.length > 0) return records;
      if (await scanner.fill()) continue;
      if (this.#state.start > offset) return undefined;
      if (rebuilt) {
        const what = scanner.damage ?? 'the file ends too early';
        throw new LogError('LOG_CORRUPT', `${logName(segment.base)}, position ${scanner.position}: ${what}`);
      }
      const index = await this.#reader.rebuildIndex(segment, file);
      rebuilt = true;
      scanner = this.#open(segment, file, index.before(offset));
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#scanner = undefined;
    await file?.close();
  }

  /** Whether the cursor stands at the batch of `offset`, or at one before it. */
  async #moveTo(offset: number): Promise<boolean> {
    if (this.#scanner !== undefined && this.#segment !== undefined) {
      // A read can stop in the middle of a batch: then the walk has passed it and begins again.
      if (this.#scanner.nextOffset === offset && offset < this.#segment.nextOffset) return true;
      await this.close();
    }
    const { segments } = this.#state;
    const segment = segments[segmentAt(segments, offset)];
    if (segment === undefined) return false;
    const file = await openLog(this.#storage, segment.base);
    if (file === undefined) {
      if (this.#state.start > offset) return false;
      throw new LogError('LOG_CORRUPT', `${logName(segment.base)} is missing`);
    }
    this.#segment = segment;
    this.#file = file;
    this.#open(segment, file, (await this.#reader.indexOf(segment)).before(offset));
    return true;
  }

  #open(segment: Segment, file: StorageFile, at: { offset: number; position: number }): BatchScanner {
    const end = segment.readableBytes;
    this.#scanner = new BatchScanner(file, { ...at, end, chunkBytesMax: this.#chunkBytesMax });
    return this.#scanner;
  }
}

/** Undefined when the file is gone. */
async function openLog(storage: Storage, base: number): Promise<StorageFile | undefined> {
  try {
    return await storage.open(logName(base), 'read');
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}

function checkReadOptions(options: ReadOptions): void {
  const { from, to, outOfRange: policy, maxBytes } = options;
  if (from !== 'start' && from !== 'end' && !isOffset(from)) {
    throw new RangeError(`from is ${String(from)}; it must be an offset, 'start' or 'end'`);
  }
  if (to !== undefined && !isOffset(to)) throw new RangeError(`to is ${String(to)}; it must be an offset`);
  if (policy !== undefined && !['throw', 'start', 'end'].includes(policy)) {
    throw new RangeError(`outOfRange is ${policy as string}; it must be 'throw', 'start' or 'end'`);
  }
  if (maxBytes !== undefined && !(Number.isInteger(maxBytes) && maxBytes >= 4096 && maxBytes <= 0x7fffffff)) {
    throw new RangeError(`maxBytes is ${maxBytes}; it must be between 4096 and 2147483647`);
  }
}

export function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
