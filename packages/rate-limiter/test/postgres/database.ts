/** The PostgreSQL of DATABASE_URL, a schema of its own for each test file, and PGlite, which is PostgreSQL in-process. */
import { writeSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import type { PostgresQuery } from '../../src/postgres/index.ts';

export const databaseUrl: string = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** Says in one line what is missing; with REQUIRE_SERVICES=1 that is a failure. */
export async function hasPostgres(): Promise<boolean> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 3000 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch (error) {
    const what = `no PostgreSQL answers at DATABASE_URL: ${(error as Error).message}`;
    if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`REQUIRE_SERVICES=1, and ${what}`, { cause: error });
    // Past the reporter, which may keep to itself what a test prints.
    writeSync(2, `skipped: ${what}\n`);
    return false;
  }
}

export const schemaFor = (topic: string): string =>
  `rl_${topic}_${String(process.pid)}_${Math.random().toString(36).slice(2, 8)}`;

export function poolOf(max: number = 8): pg.Pool {
  const pool = new pg.Pool({ connectionString: databaseUrl, max });
  // A connection that the server ends while it is idle is an event, which without a listener ends the process.
  pool.on('error', () => undefined);
  return pool;
}

export const queryOf =
  (client: pg.Pool | pg.Client): PostgresQuery =>
  (sql, params) =>
    client.query(sql, params);

export interface Lite {
  readonly query: PostgresQuery;
  close(): Promise<void>;
}

export async function openLite(): Promise<Lite> {
  const lite = await PGlite.create();
  return { query: (sql, params) => lite.query(sql, params), close: () => lite.close() };
}
