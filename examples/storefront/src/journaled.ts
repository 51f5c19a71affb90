/**
 * A state machine that survives `kill -9`: its state is the fold of its events, and the events are in a commit log.
 *
 * The shelves, the ledger and the list of shards are all this with different words. An event takes effect in memory
 * the moment it is handed to the log, so the next command already sees it; the caller is answered when the log says
 * it is durable. Between the two nobody outside may believe it, which is why `record` is awaited before any answer.
 *
 * Invariant: the state in memory is the fold of what was handed to the log, in that order. If an append fails the two
 * have parted and nobody can say which of them the disk agrees with: the machine stops for good, says so once through
 * `onFailure`, and the process should end. Starting again folds what is really there.
 *
 * Replay would grow with history, so after `snapshotEvery` events the whole state is appended as one record and what
 * stands before it is deleted. A crash between the two leaves both, and folding restarts at the snapshot either way.
 * A snapshot that cannot be stored (too large, no room) stops nothing: it says only what the events before it say.
 */
import { Log } from '@loadbearing/commit-log';
import { fileStorage } from '@loadbearing/commit-log/node';

/** The pure part: no clock, no I/O. `apply` changes the state in place and must accept every event ever written. */
export interface Machine<State, Event> {
  readonly initial: () => State;
  readonly apply: (state: State, event: Event) => void;
  /** The state as JSON and back; `restore(dump(s))` behaves like `s`. */
  readonly dump: (state: State) => unknown;
  readonly restore: (dumped: never) => State;
}

type Written<Event> = { readonly event: Event } | { readonly snapshot: unknown };

export interface JournaledOptions {
  /** Events between two snapshots. Default: 20 000. */
  readonly snapshotEvery?: number;
  /** Hears once that events could not be stored and the machine has stopped. */
  readonly onFailure?: ((error: Error) => void) | undefined;
}

const snapshotEveryDefault = 20_000;
/** Of one append, and so of a snapshot: some hundred thousand keys. */
const recordBytesMax = 16 * 2 ** 20;
const decoder = new TextDecoder();

export class Journaled<State, Event> {
  readonly #log: Log;
  readonly #machine: Machine<State, Event>;
  readonly #snapshotEvery: number;
  readonly #onFailure: ((error: Error) => void) | undefined;
  /** Whether the log held nothing when it was opened. */
  readonly isNew: boolean;
  #state: State;
  #sinceSnapshot = 0;
  #snapshotting: Promise<void> | undefined;
  /** The latest append; the log finishes them in order. */
  #latest: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;

  private constructor(log: Log, machine: Machine<State, Event>, options: JournaledOptions) {
    this.#log = log;
    this.#machine = machine;
    this.#snapshotEvery = options.snapshotEvery ?? snapshotEveryDefault;
    this.#onFailure = options.onFailure;
    this.isNew = log.stats().end === 0;
    this.#state = machine.initial();
  }

  /** Opens the log in `dir` and folds it. Rejects as `Log.open` does, above all with `LOG_LOCKED`. */
  static async open<State, Event>(
    dir: string,
    machine: Machine<State, Event>,
    options: JournaledOptions = {},
  ): Promise<Journaled<State, Event>> {
    const log = await Log.open({
      storage: fileStorage(dir),
      segmentBytes: recordBytesMax,
      maxBatchBytes: recordBytesMax,
    });
    try {
      const journaled = new Journaled(log, machine, options);
      for await (const chunk of log.read({ from: 'start' })) {
        for (const { value } of chunk) journaled.#fold(JSON.parse(decoder.decode(value)) as Written<Event>);
      }
      return journaled;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** To look at, never to change. */
  get state(): State {
    return this.#state;
  }

  /** False when the process before this one did not close the log. */
  get closedInOrder(): boolean {
    return this.#log.recovery.clean;
  }

  /**
   * Applies the events now and resolves when they are durable, all of them or none. Without events it waits for those
   * before it: an answer that was read from the state must not be given before the state is durable.
   * Rejects when the log could not take them; after that every call does.
   */
  async record(events: readonly Event[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (events.length === 0) {
      await this.#latest;
      return;
    }
    for (const event of events) this.#machine.apply(this.#state, event);
    this.#sinceSnapshot += events.length;
    const appended = this.#append(events.map((event): Written<Event> => ({ event }))).catch(this.#fail);
    this.#latest = appended;
    // Whoever waits for it next hears of a failure; if nobody does, the caller below has.
    appended.catch(() => undefined);
    if (this.#sinceSnapshot >= this.#snapshotEvery) this.#snapshotting ??= this.#snapshot();
    await appended;
  }

  async close(): Promise<void> {
    await this.#snapshotting;
    await this.#log.close();
  }

  #fold(written: Written<Event>): void {
    if ('snapshot' in written) {
      this.#state = this.#machine.restore(written.snapshot as never);
      this.#sinceSnapshot = 0;
    } else {
      this.#machine.apply(this.#state, written.event);
      this.#sinceSnapshot++;
    }
  }

  async #append(written: readonly Written<Event>[]): Promise<number> {
    const { baseOffset } = await this.#log.append(written.map((one) => ({ value: JSON.stringify(one) })));
    return baseOffset;
  }

  readonly #fail = (error: unknown): never => {
    if (this.#failure === undefined) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#onFailure?.(this.#failure);
    }
    throw this.#failure;
  };

  async #snapshot(): Promise<void> {
    this.#sinceSnapshot = 0;
    try {
      // Queued in this turn, so it stands in the log right behind the last event it contains.
      const offset = await this.#append([{ snapshot: this.#machine.dump(this.#state) }]);
      await this.#log.deleteBefore(offset);
    } catch {
      // Nothing is lost by it: the events are still there. The next snapshot tries again.
    } finally {
      this.#snapshotting = undefined;
    }
  }
}
