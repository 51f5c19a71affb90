/**
 * The log store: the run table as a state machine over an append-only log.
 *
 * Every call is checked and applied to the table at once, in the order of the calls, and its facts join the group
 * that waits. One group is one append to the log; while one is being written the next one gathers, so the slower the
 * disk, the larger the groups, and many runs share one sync. A call is answered when the group holding its facts,
 * and everything it may have read, is as durable as the log makes it: nobody ever sees what a crash could take back.
 *
 * Opening reads the log from the start and applies the facts again. One process has the log (its own lock sees to
 * that), and no lease is in it: all runs that had an owner are due at once, and their next claim counts as a crash.
 *
 * A failed append leaves the table ahead of the log, and no one can say what the disk holds: the store stops with
 * SAGA_STORE_FAILED and stays stopped, and opening it again finds out.
 *
 * Facts longer than 256 Ki characters are cut into parts, so no value comes near 1 MiB; see FORMAT.md.
 */
import { SagaError } from '../errors.ts';
import type { Append, Mail, NewRun, RunQuery, SagaStore } from '../store.ts';
import { systemClock } from '../system.ts';
import type { Clock } from '../system.ts';
import type { Fact } from './facts.ts';
import { Hints, worthATell } from './hints.ts';
import { FactReader, encodeFact } from './log-codec.ts';
import { RunTable } from './run-table.ts';
import type { Answer } from './run-table.ts';

/** What the store needs of a log. `Log` of `@loadbearing/commit-log` is one. */
export interface LogClient {
  /** All records or none; `durable`: they survive the death of the machine. */
  append(records: readonly { readonly value: string }[]): Promise<{ readonly durable: boolean }>;
  read(o: {
    readonly from: 'start';
  }): AsyncIterable<readonly { readonly offset: number; readonly value: Uint8Array | null }[]>;
}

export interface LogStoreOptions {
  readonly log: LogClient;
  /** Content with a log that does not sync before it answers. Default: refuse it. */
  readonly accept?: 'relaxed';
  readonly clock?: Clock;
}

// One append: commit-log bounds a batch at 4 MiB by default, and a character of JavaScript is at most 3 bytes.
const GROUP_CHARS_MAX = 1_000_000;

interface Waiting {
  /** Answered when everything up to this fact is durable. */
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens the runs kept in a log. The log belongs to the store alone, and stays open when the store is closed.
 *
 * @throws SagaError SAGA_DURABILITY when the log does not sync and `accept` is not `relaxed`; SAGA_CORRUPT_JOURNAL
 *   when it holds something else; SAGA_STORE_FAILED when it cannot be read or written.
 */
export async function logStore(options: LogStoreOptions): Promise<SagaStore> {
  const { log, accept } = options;
  if (accept !== undefined && (accept as unknown) !== 'relaxed') {
    throw new TypeError(`accept must be 'relaxed' or absent; got ${JSON.stringify(accept)}`);
  }
  const clock = options.clock ?? systemClock;
  const table = new RunTable();
  let durable: boolean;
  try {
    await replay(log, table);
    // The first write of this process, a mark with no meaning, tells what an acknowledgement is worth.
    ({ durable } = await log.append([{ value: encodeFact({ op: 'prune', ids: [] })[0]! }]));
  } catch (cause) {
    if (cause instanceof SagaError) throw cause;
    throw new SagaError('SAGA_STORE_FAILED', 'the log cannot be opened', { cause });
  }
  if (!durable && accept !== 'relaxed') {
    throw new SagaError(
      'SAGA_DURABILITY',
      "the log answers before it has synced (durability none or interval): use 'batch', or accept: 'relaxed'",
    );
  }
  return new LogStore(log, table, clock, durable ? 'synced' : 'relaxed');
}

async function replay(log: LogClient, table: RunTable): Promise<void> {
  const reader = new FactReader();
  for await (const chunk of log.read({ from: 'start' })) {
    for (const { offset, value } of chunk) {
      const fact = value === null ? null : reader.read(offset, value);
      if (fact === null) continue;
      try {
        table.apply(fact);
      } catch (cause) {
        throw new SagaError('SAGA_CORRUPT_JOURNAL', `the log at offset ${offset} does not follow`, { cause });
      }
    }
  }
}

class LogStore implements SagaStore {
  readonly durability: 'relaxed' | 'synced';
  readonly batchMax: number = 1000;
  readonly writersMax: number = 1;
  private readonly log: LogClient;
  private readonly table: RunTable;
  private readonly clock: Clock;
  private readonly hints = new Hints();
  private queue: Fact[] = [];
  /** Facts ever queued, and ever made durable. */
  private queued = 0;
  private durable = 0;
  private waiting: Waiting[] = [];
  private writing: Promise<void> | null = null;
  private failure: SagaError | null = null;
  private closed = false;

  constructor(log: LogClient, table: RunTable, clock: Clock, durability: 'relaxed' | 'synced') {
    this.log = log;
    this.table = table;
    this.clock = clock;
    this.durability = durability;
  }

  create(batch: readonly NewRun[]): ReturnType<SagaStore['create']> {
    return this.call((nowMs) => this.table.create(batch, nowMs));
  }

  append(batch: readonly Append[]): ReturnType<SagaStore['append']> {
    return this.call((nowMs) => this.table.append(batch, nowMs));
  }

  claim(o: Parameters<SagaStore['claim']>[0]): ReturnType<SagaStore['claim']> {
    return this.call((nowMs) => this.table.claim(o, nowMs));
  }

  renew(worker: string, leaseMs: number): ReturnType<SagaStore['renew']> {
    return this.call((nowMs) => ({ answer: { nowMs, ...this.table.renew(worker, leaseMs, nowMs) }, facts: [] }));
  }

  retire(worker: string): Promise<void> {
    return this.call((nowMs) => this.table.retire(worker, nowMs));
  }

  send(batch: readonly Mail[]): ReturnType<SagaStore['send']> {
    return this.call((nowMs) => this.table.send(batch, nowMs));
  }

  load(ids: readonly string[]): ReturnType<SagaStore['load']> {
    return this.call(() => ({ answer: this.table.load(ids), facts: [] }));
  }

  list(query: RunQuery): ReturnType<SagaStore['list']> {
    return this.call((nowMs) => ({ answer: this.table.list(query, nowMs), facts: [] }));
  }

  prune(endedBeforeMs: number, limit: number): Promise<number> {
    return this.call(() => this.table.prune(endedBeforeMs, limit));
  }

  watch(onHint: (runs: readonly string[] | null) => void): () => void {
    return this.hints.watch(onHint);
  }

  async close(): Promise<void> {
    this.closed = true;
    // What was accepted before is still written and answered.
    while (this.writing !== null) await this.writing;
  }

  private async call<T>(work: (nowMs: number) => Answer<T>): Promise<T> {
    if (this.failure !== null) throw this.failure;
    if (this.closed) throw new SagaError('SAGA_CLOSED', 'the store is closed');
    const { answer, facts } = work(Math.max(this.table.lastMs, this.clock.now()));
    for (const fact of facts) this.queue.push(fact);
    this.queued += facts.length;
    if (this.durable < this.queued) {
      const upTo = this.queued;
      const written = new Promise<void>((resolve, reject) => this.waiting.push({ upTo, resolve, reject }));
      // The end of this turn: calls made in it share one append.
      this.writing ??= Promise.resolve().then(() => this.write());
      await written;
    }
    return answer;
  }

  private async write(): Promise<void> {
    while (this.queue.length > 0 && this.failure === null) {
      const facts = this.queue;
      this.queue = [];
      try {
        for (const values of groups(facts)) {
          const { durable } = await this.log.append(values);
          if (!durable && this.durability === 'synced') throw new Error('the log stopped syncing before it answers');
        }
      } catch (cause) {
        this.fail(cause);
        break;
      }
      this.durable += facts.length;
      this.answer();
      this.hints.tell(worthATell(facts));
    }
    this.writing = null;
  }

  private answer(): void {
    const still = this.waiting.findIndex((w) => w.upTo > this.durable);
    const ready = this.waiting.splice(0, still === -1 ? this.waiting.length : still);
    for (const { resolve } of ready) resolve();
  }

  private fail(cause: unknown): void {
    this.failure = new SagaError('SAGA_STORE_FAILED', 'an append to the log failed; open the store again', { cause });
    const waiting = this.waiting;
    this.waiting = [];
    this.queue = [];
    for (const { reject } of waiting) reject(this.failure);
  }
}

/** The values of these facts, as appends of a bounded size. A fact larger than one goes on in the next. */
function* groups(facts: readonly Fact[]): Generator<{ readonly value: string }[]> {
  let group: { readonly value: string }[] = [];
  let chars = 0;
  for (const fact of facts) {
    for (const value of encodeFact(fact)) {
      if (group.length > 0 && chars + value.length > GROUP_CHARS_MAX) {
        yield group;
        group = [];
        chars = 0;
      }
      group.push({ value });
      chars += value.length;
    }
  }
  if (group.length > 0) yield group;
}
