/**
 * SagaStore: what the engine asks of the place where runs are kept.
 *
 * A run is a list of entries (run, seq, fence, atMs, body), dense in seq from 0, written once and never changed. One
 * append is one entry; its body is opaque text to the store, several records inside are therefore atomic for free.
 *
 * The fence is the journal itself. To take a run over, a store appends a `claimed` entry, the only body it writes of
 * its own; everything the new owner writes afterwards carries that entry's seq as `fence`. An owner appends at the
 * seq it expects: when that seq is taken the answer is `conflict`, and it looks whether the entry is its own (the
 * earlier answer was lost) or a newer claim (stop). No clock takes part in this; leases only save double calls.
 *
 * The words are neutral (run, entry, kind, mail) and nothing here imports saga code. Every argument and answer is
 * plain JSON, so a store can be used through a process boundary. Every call takes a batch; a batch is not
 * all-or-nothing, each row has its own answer, in order.
 */
export interface SagaStore {
  /** What an answered write has survived: nothing, the death of the process, or that of the machine. */
  readonly durability: 'memory' | 'relaxed' | 'synced';
  /** Rows per call, and calls in flight, that suit this store. */
  readonly batchMax: number;
  readonly writersMax: number;

  /** Writes entry 0. Idempotent by id: `existing` brings what is there. */
  create(batch: readonly NewRun[]): Promise<readonly Created[]>;

  /**
   * Writes entries. `conflict` when the seq is taken, would leave a gap, or the run is unknown; then nothing of the
   * row takes effect. @throws TypeError for two rows of one run.
   */
  append(batch: readonly Append[]): Promise<readonly Appended[]>;

  /**
   * Takes over at most `limit` runs of these kinds that are due and unowned, or whose owner's lease has expired, and
   * appends a claimed entry to each. `nextDueInMs`: when to ask again, or null.
   */
  claim(o: {
    readonly worker: string;
    readonly kinds: readonly string[];
    readonly limit: number;
  }): Promise<{ readonly runs: readonly StoredRun[]; readonly nextDueInMs: number | null }>;

  /** Extends the lease of a worker, or begins it. An expired lease cannot be renewed: `lost`. */
  renew(
    worker: string,
    leaseMs: number,
  ): Promise<{ readonly nowMs: number; readonly lost: boolean; readonly mail: readonly StoredMail[] }>;

  /** Ends a lease in order: its runs are due at once, and their next claim does not count as a crash. */
  retire(worker: string): Promise<void>;

  /**
   * Leaves mail for the owner of a run; makes an unowned or stuck run due. At most 1000 unread and 10 000 in all per
   * run (`full`), not counting keys that begin with `$`.
   */
  send(batch: readonly Mail[]): Promise<readonly SendAnswer[]>;

  load(ids: readonly string[]): Promise<readonly (StoredRun | null)[]>;

  list(query: RunQuery): Promise<RunPage>;

  /** Forgets at most `limit` runs that ended before; answers how many. Open and stuck runs stay. */
  prune(endedBeforeMs: number, limit: number): Promise<number>;

  /** Hints that these runs (null: some) changed. Late, doubled and lost hints are all allowed. */
  watch(onHint: (runs: readonly string[] | null) => void): () => void;

  close(): Promise<void>;
}

export interface NewRun {
  readonly id: string;
  readonly kind: string;
  /** The owner from the beginning, or null for a run that is due after `dueInMs` (default 0). */
  readonly worker: string | null;
  readonly dueInMs?: number;
  readonly body: string;
}

export type Created =
  | { readonly status: 'created'; readonly atMs: number }
  | { readonly status: 'existing'; readonly kind: string; readonly body: string };

export interface Append {
  readonly run: string;
  readonly seq: number;
  readonly fence: number;
  readonly body: string;
  /** The run's new status. Ended and stuck runs have no owner. */
  readonly status?: 'completed' | 'compensated' | 'stuck';
  /** Gives the run up until then; at once if there is unread mail beyond `mailSeen`. */
  readonly releaseInMs?: number;
  /** All mail up to this number has been dealt with in this entry or before. */
  readonly mailSeen?: number;
}

export type Appended = { readonly status: 'written'; readonly atMs: number } | { readonly status: 'conflict' };

export interface StoredEntry {
  readonly seq: number;
  readonly fence: number;
  /** By the store's clock; never goes back within a run. */
  readonly atMs: number;
  readonly body: string;
}

export type RunStatus = 'open' | 'stuck' | 'completed' | 'compensated';

export interface StoredRun {
  readonly id: string;
  readonly kind: string;
  readonly status: RunStatus;
  readonly entries: readonly StoredEntry[];
  /** Unread. */
  readonly mail: readonly StoredMail[];
}

/** Something from outside the owner; a second one with the same run, key and dedupe is a duplicate. */
export interface Mail {
  readonly run: string;
  readonly key: string;
  readonly dedupe: string;
  readonly body: string;
}

export interface StoredMail extends Mail {
  /** Numbered per run from 1. */
  readonly n: number;
}

export type SendAnswer = 'stored' | 'duplicate' | 'ended' | 'unknown' | 'full';

export interface RunQuery {
  readonly status?: readonly RunStatus[];
  readonly kinds?: readonly string[];
  /** Only runs that have been due, and claimed by nobody, for longer than this. */
  readonly overdueMs?: number;
  /** By id (default), or by birth, the newest first. */
  readonly order?: 'id' | 'newest';
  /** The `next` of the page before, in the same order. */
  readonly after?: string;
  /** 1 to 1000. */
  readonly limit: number;
}

export interface RunSummary {
  readonly id: string;
  readonly kind: string;
  readonly status: RunStatus;
  readonly worker: string | null;
  /** Negative: due since. Null: owned, ended, or stuck without mail. */
  readonly dueInMs: number | null;
  readonly bornMs: number;
  readonly endedMs: number | null;
}

export interface RunPage {
  readonly runs: readonly RunSummary[];
  readonly next: string | null;
}
