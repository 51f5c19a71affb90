/**
 * A state machine that survives `kill -9`: its state is the fold of its events, and the events are in a commit log.
 *
 * The shelves, the ledger and the list of shards are all this with different words. An event takes effect in memory
 * the moment it is handed to the log, so the next command already sees it; the caller is answered when the log says
 * it is durable. Between the two nobody outside may believe it, which is why `record` is awaited before any answer.
 *
 * Invariant: the state in memory is the fold of what was handed to the log, in that order. If an append fails the two
 * have parted and nobody can say which of them the disk agrees with: the machine stops for good and the process
 * should end. Starting again folds what is really there.
 *
 * Replay would grow with history, so after `snapshotEvery` events the whole state is appended as one record and what
 * stands before it is deleted. A crash between the two leaves both, and folding restarts at the snapshot either way.
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

const snapshotEveryDefault = 20_000;
const decoder = new TextDecoder();

export class Journaled<State, Event> {
  readonly #log: Log;
  readonly #machine: Machine<State, Event>;
  readonly #snapshotEvery: number;
  #state: State;
  #sinceSnapshot = 0;
  #snapshotting: Promise<void> | undefined;
  /** The latest append; the log finishes them in order. */
  #latest: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;

  private constructor(log: Log, machine: Machine<State, Event>, snapshotEvery: number) {
    this.#log = log;
    this.#machine = machine;
    this.#snapshotEvery = snapshotEvery;
    this.#state = machine.initial();
  }

  /** Opens the log in `dir` and folds it. Rejects as `Log.open` does, above all with `LOG_LOCKED`. */
  static async open<State, Event>(
    dir: string,
    machine: Machine<State, Event>,
    snapshotEvery: number = snapshotEveryDefault,
  ): Promise<Journaled<State, Event>> {
    const log = await Log.open({ storage: fileStorage(dir), segmentBytes: 8 * 2 ** 20 });
    const journaled = new Journaled(log, machine, snapshotEvery);
    for await (const chunk of log.read({ from: 'start' })) {
      for (const { value } of chunk) journaled.#fold(JSON.parse(decoder.decode(value)) as Written<Event>);
    }
    return journaled;
  }

  /** To look at, never to change. */
  get state(): State {
    return this.#state;
  }

  /** False when the process before this one did not close the log. */
  get closedInOrder(): boolean {
    return this.#log.recovery.clean;
  }

  /** Whether the log held anything when it was opened. */
  get isNew(): boolean {
    return this.#log.stats().end === 0;
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
    const appended = this.#append(events.map((event): Written<Event> => ({ event })));
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
    try {
      const { baseOffset } = await this.#log.append(written.map((one) => ({ value: JSON.stringify(one) })));
      return baseOffset;
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  async #snapshot(): Promise<void> {
    this.#sinceSnapshot = 0;
    try {
      // Queued in this turn, so it stands in the log right behind the last event it contains.
      const offset = await this.#append([{ snapshot: this.#machine.dump(this.#state) }]);
      await this.#log.deleteBefore(offset);
    } catch {
      // A failed append has stopped the machine, and the next `record` says so; a failed deletion is tried again later.
    } finally {
      this.#snapshotting = undefined;
    }
  }
}
