/**
 * The writing side: one loop, and the promises it keeps.
 *
 * Appends and tasks (sync, delete, close) stand in one queue and are done one after the other, so nothing here needs
 * a lock: a write, a sync and a roll never overlap. A round takes a group, has it written with one write, and then,
 * by mode: none and interval acknowledge; batch and each sync first.
 *
 * Invariants:
 * - Nothing is acknowledged as durable before the sync that covers it has succeeded; in modes batch and each nothing
 *   becomes visible before it either.
 * - In mode interval less than `syncBytes` is acknowledged and not synced.
 * - Once the log has failed, every append that waits, and every later one, is rejected.
 */
import type { Clock } from './clock.ts';
import { CommitQueue, GROUP_BYTES_MAX } from './commit-queue.ts';
import type { PendingAppend } from './commit-queue.ts';
import { LogError } from './errors.ts';
import type { LogEnd } from './log-end.ts';
import type { LogState } from './log-state.ts';
import { encodeBatch } from './record-batch.ts';
import type { AppendOptions, Appended, Durability, RecordInput } from './types.ts';

/** Those whose promises just resolved need a few turns of microtasks to append again; then they share a sync. */
const RESUME_TURNS = 4;

export interface WriterOptions {
  readonly clock: Clock;
  readonly durability: Durability;
  readonly syncIntervalMs: number;
  readonly syncBytes: number;
  readonly maxBatchBytes: number;
  readonly maxInFlightBytes: number;
}

/** An append that waits for room. */
interface Waiting {
  readonly records: readonly RecordInput[];
  readonly options: AppendOptions;
  readonly settle: (appended: Promise<Appended>) => void;
}

export class LogWriter {
  readonly #state: LogState;
  readonly #end: LogEnd;
  readonly #options: WriterOptions;
  readonly #queue: CommitQueue;
  readonly #waiting: Set<Waiting> = new Set();
  readonly #syncFirst: boolean;
  #running: boolean = false;
  #closing: boolean = false;
  #cancelTimer: (() => void) | undefined;

  constructor(state: LogState, end: LogEnd, options: WriterOptions) {
    this.#state = state;
    this.#end = end;
    this.#options = options;
    this.#queue = new CommitQueue(options.maxInFlightBytes);
    this.#syncFirst = syncsFirst(options.durability);
  }

  get inFlightBytes(): number {
    return this.#queue.inFlightBytes;
  }

  /** Takes the append if there is room now; undefined when there is not. Rejects what is no append. */
  tryAppend(records: readonly RecordInput[], options: AppendOptions = {}): Promise<Appended> | undefined {
    const refuses = this.#closing || this.#state.failure !== undefined;
    if (!refuses && (!this.#queue.hasRoom || this.#waiting.size > 0)) return undefined;
    return this.#take(records, options);
  }

  append(records: readonly RecordInput[], options: AppendOptions = {}): Promise<Appended> {
    const taken = this.tryAppend(records, options);
    if (taken !== undefined) return taken;
    const { signal } = options;
    return new Promise<Appended>((resolve) => {
      signal?.throwIfAborted();
      const settle = (appended: Promise<Appended>): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve(appended);
      };
      const waiting: Waiting = { records, options, settle };
      const onAbort = (): void => {
        this.#waiting.delete(waiting);
        settle(Promise.reject(signal?.reason as Error));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /** Everything written before the call is durable when this resolves. */
  sync(): Promise<void> {
    return this.#exclusive(() => this.#sync());
  }

  deleteBefore(offset: number): Promise<void> {
    return this.#exclusive(() => this.#end.deleteBefore(offset));
  }

  /** Finishes what was taken, then closes the end of the log. To be called once. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#admitWaiting();
    await this.#exclusive(() => {
      this.#cancelTimer?.();
      return this.#end.close();
    }, true);
  }

  #take(records: readonly RecordInput[], options: AppendOptions): Promise<Appended> {
    // What is thrown in here rejects the promise.
    return new Promise<Appended>((resolve, reject) => {
      if (this.#closing) throw new LogError('LOG_CLOSED', 'the log is closed');
      if (this.#state.failure !== undefined) throw this.#state.failure;
      options.signal?.throwIfAborted();
      const { clock, maxBatchBytes } = this.#options;
      const timestamp = clock.now();
      const { bytes, count, maxTimestamp } = encodeBatch(records, timestamp, maxBatchBytes);
      const durable = options.waitFor === undefined ? this.#syncFirst : waitsForSync(options.waitFor);
      this.#queue.push({ bytes, count, timestamp, maxTimestamp, durable, baseOffset: -1, resolve, reject });
      this.#start();
    });
  }

  /** Runs `task` when everything queued before it is done, and alone. */
  #exclusive(task: () => Promise<void>, evenFailed: boolean = false): Promise<void> {
    return new Promise<void>((resolve) => {
      const run = async (): Promise<void> => {
        if (this.#state.failure !== undefined && !evenFailed) throw this.#state.failure;
        await task();
      };
      const runAndSettle = async (): Promise<void> => {
        const done = run();
        resolve(done);
        await done.catch(() => undefined);
      };
      this.#queue.push({ run: runAndSettle });
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
      this.#admitWaiting();
    }
    this.#running = false;
  }

  /** One round of the loop; settles every append it takes, and never throws. */
  async #flush(first: PendingAppend): Promise<void> {
    let group: PendingAppend[] = [];
    try {
      if (this.#state.failure !== undefined) throw this.#state.failure;
      const room = await this.#end.makeRoom(first.bytes.length);
      const appendsMax = this.#options.durability === 'each' ? 1 : Infinity;
      group = this.#queue.takeGroup(Math.min(GROUP_BYTES_MAX, room), appendsMax);
      await this.#end.write(group);
      await this.#acknowledge(group);
    } catch (error) {
      if (group.length === 0) group = this.#queue.takeGroup(GROUP_BYTES_MAX, 1);
      for (const append of group) append.reject(error);
    }
    this.#queue.release(group);
    if (this.#syncFirst) await turns(RESUME_TURNS);
  }

  async #acknowledge(group: readonly PendingAppend[]): Promise<void> {
    const { durability, syncBytes } = this.#options;
    const full = durability === 'interval' && this.#end.unsyncedBytes >= syncBytes;
    if (!this.#syncFirst) this.#end.publish();
    // Acknowledging first would let a crash take syncBytes and more of what was acknowledged.
    if (!full) settle(group, (append) => !append.durable, false);
    if (full || group.some(({ durable }) => durable) || this.#syncFirst) {
      await this.#sync();
      settle(group, (append) => full || append.durable, true);
    } else if (durability === 'interval') {
      this.#syncLater();
    }
  }

  async #sync(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.#end.sync();
  }

  #syncLater(): void {
    // A failure is sticky and meets the next append; there is nobody here to tell.
    const fn = (): void => void this.sync().catch(() => undefined);
    this.#cancelTimer ??= this.#options.clock.schedule(fn, this.#options.syncIntervalMs);
  }

  /** Takes those that wait, in order, as long as there is room; all of them when they can only be refused. */
  #admitWaiting(): void {
    for (const waiting of this.#waiting) {
      const refuses = this.#closing || this.#state.failure !== undefined;
      if (!refuses && !this.#queue.hasRoom) return;
      this.#waiting.delete(waiting);
      waiting.settle(this.#take(waiting.records, waiting.options));
    }
  }
}

/** Whether nothing is acknowledged in this mode before it is synced. */
export function syncsFirst(durability: Durability): boolean {
  return durability === 'batch' || durability === 'each';
}

function settle(group: readonly PendingAppend[], which: (append: PendingAppend) => boolean, durable: boolean): void {
  for (const append of group) {
    if (!which(append)) continue;
    const { baseOffset, count, timestamp } = append;
    append.resolve({ baseOffset, lastOffset: baseOffset + count - 1, timestamp, durable });
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

function waitsForSync(waitFor: unknown): boolean {
  if (waitFor !== 'durable' && waitFor !== 'written') {
    throw new TypeError(`waitFor is ${String(waitFor)}; it must be 'written' or 'durable'`);
  }
  return waitFor === 'durable';
}
