/**
 * Decisions on a shared PostgreSQL: 64 callers in one process with 8 connections, each asking again when it has its
 * answer; and, where this Node has node:sqlite, decisions one after the other on a file.
 *
 * The unit is a plain `select $1` by the same callers over the same connections, measured in turns with the contender,
 * so that a figure is a property of the code and less of the machine: decisions per second, divided by that.
 *
 * rate-limiter-flexible makes a logged table, so each of its decisions waits for the disk; it is measured again with the
 * table made unlogged by hand, as ours is. On the hot key all callers want the same row. No limit is ever reached: a
 * refusal of rate-limiter-flexible is a rejected promise and would only make it slower.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { defineBench, type CountedContender } from '@loadbearing/bench-kit';
import { gcra } from '@loadbearing/rate-limiter';
import { postgresStore } from '@loadbearing/rate-limiter/postgres';
import { sqliteStore, type SqliteLike } from '@loadbearing/rate-limiter/sqlite';
import { RateLimiterPostgres } from 'rate-limiter-flexible';

interface Pool {
  query(sql: string, params?: unknown[]): Promise<{ rows: unknown[] }>;
  end(): Promise<void>;
}
// The driver is a dependency of the package's tests, not of its benches.
const packageRequire = createRequire(new URL('../package.json', import.meta.url));
const { Pool: makePool } = packageRequire('pg') as { Pool: new (options: object) => Pool };

const CALLERS = 64;
const OPERATIONS = 4000;
const TURNS = 5;
const QUOTA = 1_000_000;
const HOUR_MS = 3_600_000;
const TAKE = 0;

interface Case {
  readonly name: string;
  readonly keys: number;
}

const spec = {
  name: 'bench',
  limits: [gcra({ rate: QUOTA, perMs: HOUR_MS })],
  fingerprint: 'bench',
  clock: Date.now,
};

async function millis(decide: (key: string) => unknown, keys: number): Promise<number> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < OPERATIONS) await decide(`user:${String((next++ * 7919) % keys)}`);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return performance.now() - start;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

/** Measures on a schema that is dropped afterwards. */
async function contender(
  keys: number,
  make: (pool: Pool, schema: string) => Promise<(key: string) => unknown>,
): Promise<CountedContender> {
  const connectionString = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
  const pool = new makePool({ connectionString, max: 8 });
  const schema = `rl_bench_${String(process.pid)}`;
  await pool.query(`create schema ${schema}`);
  try {
    const decide = await make(pool, schema);
    const plain = (key: string): unknown => pool.query('select $1::text', [key]);
    await millis(plain, keys);
    await millis(decide, keys);
    const ratios: number[] = [];
    for (let turn = 0; turn < TURNS; turn++) ratios.push((await millis(plain, keys)) / (await millis(decide, keys)));
    return { value: median(ratios) };
  } finally {
    await pool.query(`drop schema ${schema} cascade`);
    await pool.end();
  }
}

const ours =
  (maxBatch: number) =>
  ({ keys }: Case): Promise<CountedContender> =>
    contender(keys, async (pool, schema) => {
      const store = postgresStore({ query: (sql, params) => pool.query(sql, params), schema, maxBatch });
      await store.install();
      const bound = store.bind(spec);
      return async (key) => {
        if (!(await bound.apply(key, TAKE, 1, 0)).ok) throw new Error('refused');
      };
    });

const flexible =
  (logged: boolean) =>
  ({ keys }: Case): Promise<CountedContender> =>
    contender(keys, async (pool, schemaName) => {
      const limiter = await new Promise<RateLimiterPostgres>((resolve, reject) => {
        const made: RateLimiterPostgres = new RateLimiterPostgres(
          {
            storeClient: pool,
            storeType: 'pool',
            schemaName,
            tableName: 'flexible',
            points: QUOTA,
            duration: HOUR_MS / 1000,
            clearExpiredByTimeout: false,
          },
          (error?: Error) => (error === undefined ? resolve(made) : reject(error)),
        );
      });
      if (!logged) await pool.query(`alter table ${schemaName}.flexible set unlogged`);
      return (key) => limiter.consume(key);
    });

type Database = SqliteLike & { close(): void };
const builtin = process as { getBuiltinModule?: (name: string) => unknown };
const sqlite = builtin.getBuiltinModule?.('node:sqlite') as
  { DatabaseSync: new (path: string) => Database } | undefined;

async function onSqlite({ keys }: Case): Promise<CountedContender> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sql-bench-'));
  const db = new sqlite!.DatabaseSync(path.join(folder, 'limits.db'));
  try {
    const bound = sqliteStore({ db }).bind(spec);
    return await contender(keys, async () => (key) => {
      if (!bound.tryTake(key, 1, Date.now())) throw new Error('refused');
    });
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}

export default defineBench({
  topic: 'sql',
  title: 'decisions per second, 64 callers, in units of a plain SELECT (higher is better)',
  rival: 'rate-limiter-flexible, unlogged table',
  kind: 'value',
  cases: [
    { name: '2,000 keys', keys: 2000 },
    { name: 'one hot key', keys: 1 },
  ],
  contenders: {
    'PostgreSQL store': ours(64),
    'PostgreSQL store, unbatched': ours(1),
    'rate-limiter-flexible, unlogged table': flexible(false),
    'rate-limiter-flexible, its own table': flexible(true),
    ...(sqlite === undefined ? {} : { 'SQLite store': onSqlite }),
  },
});
