/**
 * The store in SQLite: processes of one machine share limits through a file, without a server.
 *
 * Each operation is one transaction, and the transition itself decides in it. `BEGIN IMMEDIATE` takes the write lock
 * before the row is read, so no other process can decide on the same state in between. A peek reads without the lock.
 * In WAL mode a commit waits for no disk; the last of them may be lost with the machine, never with a process.
 *
 * Everything happens before a method returns, so the event loop stands still meanwhile: for some tens of microseconds,
 * or, while another process writes, for at most `busyMs`.
 */
import type { State } from '../algorithms/algorithm.ts';
import { requireInteger } from '../check.ts';
import type { Clock } from '../environment.ts';
import { RateLimiterError } from '../errors.ts';
import { emptyState, planFor, type Plan } from '../plan.ts';
import { requireShortLogs } from '../sql/short-logs.ts';
import { storableKey } from '../sql/storable-key.ts';
import type { BoundSyncStore, StoreSpec, SyncStore } from '../store.ts';
import { emptyOutcome, PEEK, TAKE, timeToFull, transition, type Op, type Outcome } from '../transition.ts';
import { pack, unpack } from './packed-state.ts';

/** What a `DatabaseSync` of node:sqlite and a `Database` of better-sqlite3 have. */
export interface SqliteLike {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}
export interface SqliteStatement {
  get(...params: (string | number | Uint8Array)[]): unknown;
  run(...params: (string | number | Uint8Array)[]): { readonly changes: number | bigint };
}

export interface SqliteStoreOptions {
  /** An open database for this store alone: its journal mode, `synchronous` and `busy_timeout` are set. */
  readonly db: SqliteLike;
  /** Milliseconds, the same for all processes that share the file. Default `Date.now`. */
  readonly clock?: Clock;
  /** How long, in 0..10,000 ms, an operation waits while another process writes; the event loop waits too. Default 40. */
  readonly busyMs?: number;
}

export interface SqliteStore extends SyncStore {
  /**
   * Deletes up to `max` rows (1..2^31-1, default 1,000) of keys that have had full quota for a minute. Reads all rows
   * until it has found as many. Nothing sweeps by itself: call it from time to time, from one process.
   *
   * @returns how many were deleted
   * @throws {RateLimiterError} UNAVAILABLE
   */
  sweep(max?: number): number;
}

/** In the name; raised when rows come to mean something else. */
const TABLE = 'rate_limiter_1';

/** For so long a drained row is kept, so that a clock set back by less forgets nothing. */
const KEPT_MS = 60_000;

/**
 * A store in SQLite 3.24 or later, through node:sqlite (Node 22.13 or later) or better-sqlite3.
 *
 * Binding it throws `UNSUPPORTED` for a sliding log of more than 1024. An operation throws `UNAVAILABLE`, with the
 * driver's error as its cause, when the database stayed busy or failed; nothing was charged then.
 *
 * @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed
 * @throws {RateLimiterError} UNAVAILABLE when the table cannot be made
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { db, clock = Date.now } = options;
  const { exec, prepare } = (options as { db?: Partial<SqliteLike> }).db ?? {};
  if (typeof exec !== 'function' || typeof prepare !== 'function') {
    throw new TypeError(`db must be a database of node:sqlite or better-sqlite3; got ${typeof db}`);
  }
  if (typeof clock !== 'function') throw new TypeError(`clock must be a function; got ${typeof clock}`);
  const busyMs = requireInteger('busyMs', options.busyMs ?? 40, 0, 10_000);
  return answered(() => {
    // Several processes may start at once, and each of these needs the lock for a moment: that is worth a longer wait.
    db.exec(`PRAGMA busy_timeout = ${Math.max(busyMs, 5000)}`);
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = NORMAL');
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (id TEXT PRIMARY KEY, state BLOB NOT NULL, expires_ms INTEGER NOT NULL) WITHOUT ROWID`,
    );
    db.exec(`PRAGMA busy_timeout = ${busyMs}`);
    const sweep = db.prepare(`DELETE FROM ${TABLE} WHERE id IN (SELECT id FROM ${TABLE} WHERE expires_ms < ? LIMIT ?)`);
    return {
      sync: true,
      bind: (spec) => new BoundSqliteStore(db, spec, clock),
      sweep(max = 1000) {
        requireInteger('max', max, 1, 2 ** 31 - 1);
        return answered(() => Number(sweep.run(Math.floor(clock()) - KEPT_MS, max).changes));
      },
    };
  });
}

/** What `work` makes; whatever the driver throws, with a code that callers can tell. */
function answered<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RateLimiterError) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw new RateLimiterError('UNAVAILABLE', `the SQLite database did not answer: ${what}`, { cause: error });
  }
}

class BoundSqliteStore implements BoundSyncStore {
  /** Keys are in the file, none in this process. */
  readonly size = 0;
  readonly evictedLive = 0;
  readonly clock: Clock;
  private readonly plan: Plan;
  private readonly opening: string;
  /** The state of the key at hand. */
  private readonly state: State;
  private readonly out: Outcome = emptyOutcome();
  private readonly begin: SqliteStatement;
  private readonly commit: SqliteStatement;
  private readonly rollback: SqliteStatement;
  private readonly read: SqliteStatement;
  private readonly write: SqliteStatement;
  private readonly remove: SqliteStatement;

  constructor(db: SqliteLike, spec: StoreSpec, clock: Clock) {
    requireShortLogs(spec.limits, 'SQLite');
    this.clock = clock;
    this.plan = planFor(spec.limits);
    this.opening = `${spec.name}:${spec.fingerprint}:`;
    this.state = emptyState(this.plan, 1);
    this.begin = db.prepare('BEGIN IMMEDIATE');
    this.commit = db.prepare('COMMIT');
    this.rollback = db.prepare('ROLLBACK');
    this.read = db.prepare(`SELECT state FROM ${TABLE} WHERE id = ?`);
    this.write = db.prepare(
      `INSERT INTO ${TABLE} VALUES (?, ?, ?) ` +
        'ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires_ms = excluded.expires_ms',
    );
    this.remove = db.prepare(`DELETE FROM ${TABLE} WHERE id = ?`);
  }

  apply(key: string, op: Op, cost: number, arg: number, nowMs: number, out: Outcome): void {
    const id = this.opening + storableKey(key);
    answered(() => {
      if (op === PEEK) this.decide(id, op, cost, arg, nowMs, out);
      else this.change(id, op, cost, arg, nowMs, out);
    });
  }

  tryTake(key: string, cost: number, nowMs: number): boolean {
    this.apply(key, TAKE, cost, 0, nowMs, this.out);
    return this.out.ok;
  }

  reset(key: string): void {
    answered(() => this.remove.run(this.opening + storableKey(key)));
  }

  /** Leaves the state after the operation in `state`; true if the key had a row. */
  private decide(id: string, op: Op, cost: number, arg: number, nowMs: number, out: Outcome): boolean {
    const { plan, state } = this;
    const row = this.read.get(id) as { state: unknown } | undefined;
    if (row === undefined) {
      state.words.fill(0);
      state.rings.fill(undefined);
    } else {
      unpack(plan, row.state, state);
    }
    transition(plan, state, 0, nowMs, op, cost, arg, out);
    return row !== undefined;
  }

  private change(id: string, op: Op, cost: number, arg: number, nowMs: number, out: Outcome): void {
    this.begin.run();
    try {
      const isKnown = this.decide(id, op, cost, arg, nowMs, out);
      const fullAfterMs = timeToFull(this.plan, this.state, 0, nowMs);
      if (out.ok && (isKnown || fullAfterMs > 0)) this.write.run(id, pack(this.state), nowMs + fullAfterMs);
      this.commit.run();
    } catch (error) {
      // After some errors SQLite has already rolled back, and says so by another error.
      try {
        this.rollback.run();
      } catch {
        // Nothing is open, which is what is wanted.
      }
      throw error;
    }
  }
}
