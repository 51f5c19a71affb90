/**
 * The words of a log: records, offsets, acknowledgements.
 *
 * An offset is the number of a record, counted from 0 and never given twice. `end` is always the offset that the
 * next record will get, and every range is half open: a log holds [start, end). A committed offset is the next one
 * to read, not the last one read (Kafka's convention), so a new consumer and one that has read everything look alike.
 *
 * `LogLike` is the part that does not depend on files: one totally ordered log, whatever keeps it.
 */
import type { Clock } from './clock.ts';
import type { Storage } from './storage.ts';

export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** One record to append. Strings are stored as UTF-8; a null value is a tombstone. */
export interface RecordInput {
  readonly value: Uint8Array | string | null;
  readonly key?: Uint8Array | string | null;
  readonly headers?: readonly RecordHeader[];
  /** Milliseconds since the epoch; by default the clock's now. Need not be monotonic. */
  readonly timestamp?: number;
}

/** One record as read. `key`, `value` and header values are views into the chunk that was read: copy what you keep. */
export interface LogRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

export interface AppendOptions {
  /** When the promise resolves. Default: `durable` in modes batch and each, `written` in none and interval. */
  readonly waitFor?: 'written' | 'durable';
  /** Aborts an append that still waits for room; once taken, it completes. */
  readonly signal?: AbortSignal;
}

/** The acknowledgement of one append: it got the offsets [baseOffset, lastOffset]. */
export interface Appended {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** The time given to the records that had none of their own, ms since the epoch. */
  readonly timestamp: number;
  /** Whether a sync covered it before this was reported. */
  readonly durable: boolean;
}

export interface ReadOptions {
  readonly from: number | 'start' | 'end';
  /** Exclusive. Default: the end as of the call. */
  readonly to?: number;
  /** What to do when the position is below the start or above the end. Default: `throw`. */
  readonly outOfRange?: 'throw' | 'start' | 'end';
  /** Upper bound of the bytes read at a time, 4096 and more. A larger batch is read whole. Default: 1 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export type TailOptions = Omit<ReadOptions, 'to'>;

export interface CommittedOffset {
  /** The next offset to read. */
  readonly offset: number;
  readonly metadata: string;
  /** When it was committed, ms since the epoch. */
  readonly timestamp: number;
}

/** One totally ordered log; the same contract whatever keeps it. */
export interface LogLike {
  readonly capabilities: {
    readonly engine: string;
    /** Whether the records of one append become visible together or not at all. */
    readonly atomicAppend: boolean;
    /** Whether offsets have no gaps. */
    readonly denseOffsets: boolean;
    /** In one sentence, what has happened to a record when its append resolves. */
    readonly ack: string;
  };
  append(records: readonly RecordInput[], options?: AppendOptions): Promise<Appended>;
  /** Ends at the end offset as of the call. Chunks are never empty. */
  read(options: ReadOptions): AsyncIterable<readonly LogRecord[]>;
  /** Follows the end; ends only by signal, `break` or `close()`. */
  tail(options: TailOptions): AsyncIterable<readonly LogRecord[]>;
  offsets(): Promise<{ readonly start: number; readonly end: number }>;
  /** The first offset whose record timestamp is >= `timestamp`. */
  offsetForTime(timestamp: number): Promise<number | undefined>;
  /** Forgets everything below `offset`; `deleteBefore(end)` empties the log, and offsets go on. */
  deleteBefore(offset: number): Promise<void>;
  /** Remembers that `group` reads on at `offset`: the next offset to read. */
  commit(group: string, offset: number, metadata?: string): Promise<void>;
  committed(group: string): Promise<CommittedOffset | undefined>;
  close(): Promise<void>;
}

/**
 * What an acknowledgement means:
 * - `none`: written to the operating system; survives the death of the process, not of the machine.
 * - `interval`: as none, and synced every `syncIntervalMs` or `syncBytes`: that much can be lost with the machine.
 * - `batch`: synced; all appends that wait share one sync.
 * - `each`: synced, one sync per append; there to compare with.
 */
export type Durability = 'none' | 'interval' | 'batch' | 'each';

export interface LogOptions {
  readonly storage: Storage;
  /** Default: `batch`. */
  readonly durability?: Durability;
  /** Mode interval only. Default: 1000. */
  readonly syncIntervalMs?: number;
  /** Mode interval only. Default: 16 MiB. */
  readonly syncBytes?: number;
  /** A new file begins when this is reached, 4 KiB to 2^31 - 1. Default: 128 MiB. */
  readonly segmentBytes?: number;
  /** Upper bound of one append, encoded; at most `segmentBytes` and `maxInFlightBytes`. Default: 4 MiB or those. */
  readonly maxBatchBytes?: number;
  /** Appends wait for room when this much is queued. Default: 16 MiB. */
  readonly maxInFlightBytes?: number;
  /** One index entry per this many bytes of log. Default: 16 KiB. */
  readonly indexIntervalBytes?: number;
  readonly clock?: Clock;
  /** Called as things happen. It must not throw; what it throws is ignored. */
  readonly onEvent?: (event: LogEvent) => void;
}

export interface RecoveryReport {
  /** Whether the log had been closed in order, so that no batch had to be read. */
  readonly clean: boolean;
  readonly scannedBytes: number;
  /** Bytes of a torn write that were removed from the end. */
  readonly truncatedBytes: number;
  /** Files that keep a copy of what was removed. */
  readonly quarantined: readonly string[];
  /** Rebuildable files that were missing or wrong. */
  readonly rebuilt: readonly string[];
  readonly durationMs: number;
}

export interface LogStats {
  readonly start: number;
  readonly end: number;
  /** Everything below is covered by a sync. */
  readonly durableOffset: number;
  /** Bytes of all segments. */
  readonly bytes: number;
  readonly segments: number;
  readonly appends: number;
  readonly records: number;
  readonly batches: number;
  readonly writes: number;
  readonly syncs: number;
  readonly inFlightBytes: number;
  /** Set when the log has failed. */
  readonly failure?: Error;
}

export type LogEvent = {
  readonly type: 'recovered' | 'synced' | 'rolled' | 'sealed' | 'index-rebuilt' | 'failed';
  readonly [detail: string]: unknown;
};
