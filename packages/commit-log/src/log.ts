/**
 * The public log: an engine (records) and, when they are first asked for, committed offsets in `offsets/` beside it.
 *
 * Start reading at `record-batch.ts` for the bytes, `log-writer.ts` for what an acknowledgement means, and
 * `recovery.ts` for what is left after a crash.
 */
import { LogError } from './errors.ts';
import { LogEngine } from './log-engine.ts';
import { OffsetStore } from './offset-store.ts';
import type {
  AppendOptions,
  Appended,
  CommittedOffset,
  Durability,
  LogLike,
  LogOptions,
  LogRecord,
  LogStats,
  ReadOptions,
  RecordInput,
  RecoveryReport,
  TailOptions,
} from './types.ts';

const OFFSETS_DIR = 'offsets';
/** A store is made for many logs; this one has the only partition of a topic without a name. */
const TOPIC = '';
const PARTITION = 0;

const ACK: Readonly<Record<Durability, string>> = {
  none: 'written to the operating system: survives the end of the process, not of the machine',
  interval: 'written to the operating system, and synced within syncIntervalMs or syncBytes',
  batch: 'synced to the storage, together with everything that waited',
  each: 'synced to the storage, by a sync of its own',
};

/**
 * An append-only, ordered, crash-safe log; one process at a time.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { Log, memoryStorage } from '@loadbearing/commit-log';
 * const log = await Log.open({ storage: memoryStorage() });
 * await log.append([{ key: 'order-1', value: '{"total":42}' }]);
 * for await (const chunk of log.read({ from: 'start' })) {
 *   assert.equal(new TextDecoder().decode(chunk[0]?.value ?? undefined), '{"total":42}');
 * }
 * await log.close();
 * ```
 */
export class Log implements LogLike {
  readonly capabilities: LogLike['capabilities'];
  /** What opening found. */
  readonly recovery: RecoveryReport;
  readonly #engine: LogEngine;
  readonly #options: LogOptions;
  #offsetStore: Promise<OffsetStore> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(engine: LogEngine, options: LogOptions) {
    this.#engine = engine;
    this.#options = options;
    this.recovery = engine.recovery;
    const ack = ACK[engine.durability];
    this.capabilities = { engine: 'loadbearing', atomicAppend: true, denseOffsets: true, ack };
  }

  /**
   * Opens the log in `options.storage`, making it if there is none, and recovers it after a crash.
   * Rejects with `RangeError` or `TypeError` for options out of range, `LOG_LOCKED`, or `LOG_CORRUPT`.
   */
  static async open(options: LogOptions): Promise<Log> {
    return new Log(await LogEngine.open(options), options);
  }

  /**
   * Appends the records as one batch, all or nothing, and resolves as the durability mode says. Waits while
   * `maxInFlightBytes` are queued. `records` must not change until it settles.
   *
   * Rejects with `TypeError` for what is no record, `RECORD_TOO_LARGE`, `STORAGE_FULL`, `WRITE_FAILED` (nothing is
   * stored), `LOG_FAILED` (it may or may not be found after a crash) or `LOG_CLOSED`.
   */
  append(records: readonly RecordInput[], options?: AppendOptions): Promise<Appended> {
    return this.#engine.append(records, options);
  }

  /** The same without waiting for room: undefined when the queue is full, and nothing was taken. */
  tryAppend(records: readonly RecordInput[], options?: AppendOptions): Promise<Appended> | undefined {
    return this.#engine.tryAppend(records, options);
  }

  /** The records of [from, to) in chunks that are never empty; ends at the end as of the call. */
  read(options: ReadOptions): AsyncIterable<readonly LogRecord[]> {
    return this.#engine.read(options);
  }

  /** The records from `from` on, and those to come. Ends by `break`, by the signal, or when the log closes. */
  tail(options: TailOptions): AsyncIterable<readonly LogRecord[]> {
    return this.#engine.tail(options);
  }

  /** The visible range [start, end). */
  async offsets(): Promise<{ readonly start: number; readonly end: number }> {
    return this.#engine.offsets();
  }

  /** The first offset whose record has a timestamp >= `timestamp`; undefined when there is none. */
  async offsetForTime(timestamp: number): Promise<number | undefined> {
    return await this.#engine.offsetForTime(timestamp);
  }

  /** Forgets the records below `offset`, durably; disk space is freed by whole segments. */
  async deleteBefore(offset: number): Promise<void> {
    await this.#engine.deleteBefore(offset);
  }

  /** Stores that `group` reads on at `offset`, the next offset to read. Durable as the log's mode says. */
  async commit(group: string, offset: number, metadata: string = ''): Promise<void> {
    const store = await this.#offsets();
    await store.commit(group, [{ topic: TOPIC, partition: PARTITION, offset, metadata }]);
  }

  async committed(group: string): Promise<CommittedOffset | undefined> {
    const store = await this.#offsets();
    return store.committed(group, TOPIC, PARTITION);
  }

  /** Everything appended before is durable when this resolves, in every mode. */
  async sync(): Promise<void> {
    await this.#engine.sync();
  }

  stats(): LogStats {
    return this.#engine.stats();
  }

  /** Waits for what was taken, then closes. Tails end without an error. Calling it again is allowed. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      const store = await this.#offsetStore?.catch(() => undefined);
      await store?.close();
    } finally {
      await this.#engine.close();
    }
  }

  #offsets(): Promise<OffsetStore> {
    if (this.#closed !== undefined) return Promise.reject(new LogError('LOG_CLOSED', 'the log is closed'));
    if (this.#offsetStore === undefined) {
      const { storage, clock } = this.#options;
      const opening = OffsetStore.open({
        storage: storage.scope(OFFSETS_DIR),
        durability: this.#engine.durability,
        ...(clock === undefined ? {} : { clock }),
      });
      this.#offsetStore = opening;
      // A store that did not open is tried again by the next call.
      opening.catch(() => (this.#offsetStore = undefined));
    }
    return this.#offsetStore;
  }
}
