/**
 * The store in PostgreSQL, version 14 or later: one row for each key of each limiter, decided where it lies by the
 * server's time, so that processes share a limit exactly, whatever their clocks.
 *
 * What is asked in one turn of the event loop is one call, which is one transaction. It locks its keys in order, so no
 * two calls can wait for each other; operations on one key keep their order. A call that fails fails all that was in
 * it: nothing was charged, or all of it was and the answer was lost.
 *
 * A row's id is `name:fingerprint:key`: a limiter whose limits have changed reads nothing of what it wrote before.
 */
import { Batch } from '../redis/batch.ts';
import { requireInteger } from '../check.ts';
import type { Clock } from '../environment.ts';
import type { Limit } from '../limits.ts';
import { requireShortLogs } from '../sql/short-logs.ts';
import { storableKey } from '../sql/storable-key.ts';
import type { AsyncOutcome, AsyncStore, BoundAsyncStore, StoreSpec } from '../store.ts';
import type { Op } from '../transition.ts';
import { CONSTANTS, KIND, RESET } from './function-text.ts';
import { type Asked, readCount, readOutcomes } from './reply.ts';
import { applyText, installText, sweepText } from './schema.ts';

/** Runs one statement with text parameters `$1`, `$2`. What a `Pool` or `Client` of pg and a PGlite have. */
export type PostgresQuery = (sql: string, params: (string | null)[]) => Promise<{ rows: unknown[] }>;

export interface PostgresStoreOptions {
  /** `(sql, params) => pool.query(sql, params)`, outside of any transaction, at isolation level READ COMMITTED. */
  readonly query: PostgresQuery;
  /** Where table and function are: up to 63 of `A-Z a-z 0-9 _`, not beginning with a digit. Default 'public'. */
  readonly schema?: string;
  /** The most operations in one call, in 1..1000. Default 64; 1 sends each at once, by itself. */
  readonly maxBatch?: number;
}

export interface PostgresStore extends AsyncStore {
  /**
   * Creates what is missing of schema, table and function. Any number of processes may call it at once and at every
   * start; where nothing is missing it needs no right to create.
   */
  install(): Promise<void>;
  /**
   * Deletes up to `max` rows (1..2^31-1, default 10,000) of keys that have had full quota for a minute. One sequential
   * scan, which ends when it has found as many. Nothing sweeps by itself: call it from time to time, from one process.
   *
   * @returns how many were deleted
   */
  sweep(max?: number): Promise<number>;
}

/**
 * A store in PostgreSQL 14 or later, shared exactly by processes with whatever clocks.
 *
 * Binding it throws `UNSUPPORTED` for a sliding log of more than 1024. An operation rejects with what `query` rejects
 * with, or with `STORE_PROTOCOL`.
 *
 * @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  return postgresStoreAt(options, undefined);
}

/** The store by a time of the caller's instead of the server's: for tests only. */
export function postgresStoreAt(options: PostgresStoreOptions, time: Clock | undefined): PostgresStore {
  const { query, schema = 'public' } = options;
  if (typeof query !== 'function') throw new TypeError(`query must be a function (sql, params); got ${typeof query}`);
  if (typeof schema !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(schema)) {
    throw new RangeError(`schema must be 1 to 63 of A-Z a-z 0-9 _, no digit first; got ${JSON.stringify(schema)}`);
  }
  const maxBatch = requireInteger('maxBatch', options.maxBatch ?? 64, 1, 1000);
  return {
    sync: false,
    bind: (spec) => new BoundPostgresStore(query, spec, applyText(schema), maxBatch, time),
    async install() {
      await query(installText(schema), []);
    },
    async sweep(max = 10_000) {
      requireInteger('max', max, 1, 2 ** 31 - 1);
      return readCount(await query(sweepText(schema), [String(max)]));
    },
  };
}

interface Pending extends Asked {
  readonly id: string;
  readonly settle: (outcome: AsyncOutcome | undefined) => void;
  readonly fail: (error: unknown) => void;
}

const arrayText = (items: readonly (string | number)[]): string => `{${items.join(',')}}`;
const quoted = (text: string): string => `"${text.replace(/["\\]/g, String.raw`\$&`)}"`;

class BoundPostgresStore implements BoundAsyncStore {
  private readonly query: PostgresQuery;
  private readonly limits: readonly Limit[];
  private readonly opening: string;
  private readonly text: string;
  private readonly kinds: string;
  private readonly constants: string;
  private readonly time: Clock | undefined;
  private readonly batch: Batch<Pending>;

  constructor(query: PostgresQuery, spec: StoreSpec, text: string, maxBatch: number, time: Clock | undefined) {
    requireShortLogs(spec.limits, 'PostgreSQL');
    this.query = query;
    this.limits = spec.limits;
    this.opening = `${spec.name}:${spec.fingerprint}:`;
    this.text = text;
    this.kinds = arrayText(spec.limits.map(({ algorithm }) => KIND[algorithm]));
    this.constants = arrayText(
      spec.limits.flatMap(({ constants }) => Array.from({ length: CONSTANTS }, (_, i) => constants[i] ?? 0)),
    );
    this.time = time;
    this.batch = new Batch(maxBatch, (items) => void this.send(items));
  }

  async apply(key: string, op: Op, cost: number, arg: number): Promise<AsyncOutcome> {
    return (await this.ask(key, op, cost, arg))!;
  }

  async reset(key: string): Promise<void> {
    await this.ask(key, RESET, 1, 0);
  }

  private ask(key: string, op: Asked['op'], cost: number, arg: number): Promise<AsyncOutcome | undefined> {
    return new Promise((settle, fail) => {
      this.batch.add({ id: this.opening + storableKey(key), op, cost, arg, settle, fail });
    });
  }

  private async send(items: readonly Pending[]): Promise<void> {
    // One order of locks for all calls. Sorting is stable, so one key's operations stay in theirs.
    const asked = items.length === 1 ? items : items.toSorted(({ id: a }, { id: b }) => (a < b ? -1 : a > b ? 1 : 0));
    try {
      const result = await this.query(this.text, [
        arrayText(asked.map(({ id }) => quoted(id))),
        arrayText(asked.flatMap(({ op, cost, arg }) => [op, cost, arg])),
        this.kinds,
        this.constants,
        this.time === undefined ? null : String(this.time()),
      ]);
      const outcomes = readOutcomes(result, asked, this.limits);
      for (let i = 0; i < asked.length; i++) asked[i]!.settle(outcomes[i]);
    } catch (error) {
      for (const { fail } of asked) fail(error);
    }
  }
}
