/** Limits shared through PostgreSQL: by its clock, exactly, installed by anybody at any time, and never left locked. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedWindow, gcra, slidingLog, type Limit } from '../../src/limits.ts';
import { postgresStore } from '../../src/postgres/index.ts';
import { applyText } from '../../src/postgres/schema.ts';
import { specFor, type BoundAsyncStore } from '../../src/store.ts';
import { FORCE, PEEK, REFUND, RESERVE, TAKE } from '../../src/transition.ts';
import { runProgram } from '../redis/programs.ts';
import { databaseUrl, hasPostgres, poolOf, queryOf, schemaFor } from './database.ts';

const DAY_MS = 86_400_000;

describe.skipIf(!(await hasPostgres()))('the store in PostgreSQL', () => {
  const schema = schemaFor('live');
  const pool = poolOf();
  const store = postgresStore({ query: queryOf(pool), schema });
  let names = 0;
  const bind = (limits: readonly Limit[], options: { maxBatch?: number } = {}): BoundAsyncStore =>
    postgresStore({ query: queryOf(pool), schema, ...options }).bind(specFor(`n${String(names++)}`, limits, () => 0));
  const rowsOf = async (where: string): Promise<number> =>
    Number((await pool.query(`select count(*) from "${schema}".rate_limiter_1 where ${where}`)).rows[0].count);

  /** Resolves when somebody waits for a lock of this connection; its process in the server. */
  async function untilBlocked(holder: pg.Client): Promise<number> {
    const { rows } = await holder.query('select pg_backend_pid() as pid');
    const waiters = 'select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))';
    while ((await pool.query(waiters, [rows[0].pid])).rowCount === 0);
    return rows[0].pid as number;
  }

  beforeAll(() => store.install());
  afterAll(async () => {
    await pool.query(`drop schema if exists "${schema}" cascade`);
    await pool.end();
  });

  it('is installed by eight connections at once, and again, without an error', async () => {
    const fresh = schemaFor('install');
    const again = postgresStore({ query: queryOf(pool), schema: fresh });
    try {
      await Promise.all(Array.from({ length: 8 }, () => again.install()));
      await again.install();
      const bound = again.bind(specFor('n', [gcra({ rate: 1, perMs: DAY_MS })], () => 0));
      expect((await bound.apply('k', TAKE, 1, 0)).ok).toBe(true);
      const { rows } = await pool.query('select relpersistence from pg_class where oid = $1::regclass', [
        `"${fresh}".rate_limiter_1`,
      ]);
      expect(rows).toEqual([{ relpersistence: 'u' }]);
    } finally {
      await pool.query(`drop schema if exists "${fresh}" cascade`);
    }
  });

  it('asks for no right to create where nothing is missing', async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const role = schemaFor('role');
    try {
      await client.query(`create role "${role}"; grant usage on schema "${schema}" to "${role}"; set role "${role}"`);
      await postgresStore({ query: queryOf(client), schema }).install();
    } finally {
      await client.query(`reset role; revoke usage on schema "${schema}" from "${role}"; drop role "${role}"`);
      await client.end();
    }
  });

  it('tells the time of the server, at which the charge lies', async () => {
    const bound = bind([gcra({ rate: 10, perMs: 1000 })]);
    const { rows } = await pool.query("select date_part('epoch', clock_timestamp()) * 1000 as now");
    const { nowMs, startMs } = await bound.apply('k', TAKE, 1, 0);
    expect(nowMs).toBeGreaterThanOrEqual(Math.floor(rows[0].now));
    expect(nowMs - rows[0].now).toBeLessThan(60_000);
    expect(startMs).toBe(nowMs);
    const reserved = await bound.apply('k', RESERVE, 10, 60_000);
    expect(reserved.startMs - reserved.nowMs).toBe(reserved.retryAfterMs - 1000);
  });

  it('is shared exactly by four processes whose clocks are 90 s apart', async () => {
    const program = (i: number): string => `
      const now = Date.now;
      Date.now = () => now() + ${String(90_000 * (i - 2))};
      const { default: pg } = await import('pg');
      const { fixedWindow, gcra } = await import(src + 'limits.js');
      const { specFor } = await import(src + 'store.js');
      const { postgresStore } = await import(src + 'postgres/index.js');
      const pool = new pg.Pool({ connectionString: ${JSON.stringify(databaseUrl)}, max: 4 });
      const query = (sql, params) => pool.query(sql, params);
      const store = postgresStore({ query, schema: ${JSON.stringify(schema)} });
      await store.install();
      const limits = [gcra({ rate: 500, perMs: ${10 * DAY_MS} }), fixedWindow({ limit: 500, windowMs: ${10 * DAY_MS} })];
      const bound = store.bind(specFor('shared', limits, Date.now));
      let allowed = 0;
      for (let turn = 0; turn < 40; turn++) {
        const outcomes = await Promise.all(Array.from({ length: 10 }, () => bound.apply('k', 0, 1, 0)));
        for (const { ok } of outcomes) if (ok) allowed++;
      }
      await pool.end();
      console.log(allowed);`;
    const totals = await Promise.all([0, 1, 2, 3].map((i) => runProgram(program(i))));
    expect(totals.reduce((sum, one) => sum + Number(one), 0)).toBe(500);
  });

  it('admits a new key exactly, when all of its first takes come at once', async () => {
    const bound = bind([gcra({ rate: 3, perMs: DAY_MS })], { maxBatch: 1 });
    for (let i = 0; i < 20; i++) {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => bound.apply(`k${String(i)}`, TAKE, 1, 0)));
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(3);
    }
  });

  it('never deadlocks, in whatever order batches name their keys', async () => {
    const bound = bind([gcra({ rate: 1000, perMs: DAY_MS })], { maxBatch: 8 });
    const keys = Array.from({ length: 8 }, (_, i) => `k${String(i)}`);
    const asked: Promise<{ ok: boolean }>[] = [];
    for (let round = 0; round < 100; round++) {
      const order = round % 2 === 0 ? keys : [...keys].reverse();
      asked.push(...order.map((key) => bound.apply(key, TAKE, 1, 0)));
    }
    expect((await Promise.all(asked)).filter(({ ok }) => ok)).toHaveLength(800);
    for (const key of keys) expect((await bound.apply(key, PEEK, 1, 0)).remaining).toBe(900);
  });

  it('keeps the order of operations on one key within a batch', async () => {
    const bound = bind([gcra({ rate: 2, perMs: DAY_MS })]);
    const [first, , third] = await Promise.all([
      bound.apply('k', TAKE, 2, 0),
      bound.reset('k'),
      bound.apply('k', TAKE, 1, 0),
      bound.apply('a', TAKE, 1, 0),
    ]);
    expect([first.remaining, third.remaining]).toEqual([0, 1]);
  });

  it('lets go of the key, uncharged, when the connection that holds it is ended by the server', async () => {
    const limits = [gcra({ rate: 3, perMs: DAY_MS })];
    const holder = new pg.Client({ connectionString: databaseUrl });
    holder.on('error', () => undefined);
    await holder.connect();
    const spec = specFor('killed', limits, () => 0);
    const other = store.bind(spec);
    await other.apply('k', TAKE, 1, 0);
    await holder.query('begin');
    const held = postgresStore({ query: queryOf(holder), schema }).bind(spec);
    expect((await held.apply('k', TAKE, 1, 0)).remaining).toBe(1);
    const waiting = other.apply('k', TAKE, 1, 0);
    const pid = await untilBlocked(holder);
    await pool.query('select pg_terminate_backend($1)', [pid]);
    expect(await waiting).toMatchObject({ ok: true, remaining: 1 });
    await expect(held.apply('k', TAKE, 1, 0)).rejects.toThrow();
    await holder.end().catch(() => undefined);
  });

  it('decides by the time at which it gets the lock, not by that at which it asked', async () => {
    const spec = specFor('late', [fixedWindow({ limit: 1, windowMs: 50 })], () => 0);
    const other = store.bind(spec);
    await other.apply('k', FORCE, 1, 0);
    const holder = new pg.Client({ connectionString: databaseUrl });
    await holder.connect();
    await holder.query('begin');
    const held = postgresStore({ query: queryOf(holder), schema }).bind(spec);
    await held.apply('k', FORCE, 1, 0);
    const waiting = other.apply('k', TAKE, 1, 0);
    await untilBlocked(holder);
    const { rows } = await holder.query(
      "select date_part('epoch', clock_timestamp()) * 1000 as now from pg_sleep(0.06)",
    );
    await holder.query('commit');
    const outcome = await waiting;
    expect(outcome.nowMs).toBeGreaterThanOrEqual(Math.floor(rows[0].now));
    expect(outcome.ok).toBe(true);
    await holder.end();
  });

  it('sweeps rows that have had full quota for a minute, as many as it may, and none that are in use', async () => {
    const bound = bind([gcra({ rate: 1, perMs: DAY_MS })]);
    for (const key of ['a', 'b', 'c', 'd']) await bound.apply(key, TAKE, 1, 0);
    const id = `id like 'n${String(names - 1)}:%'`;
    await pool.query(`update "${schema}".rate_limiter_1 set expires_ms = 1 where ${id} and id not like '%:d'`);
    const holder = new pg.Client({ connectionString: databaseUrl });
    await holder.connect();
    await holder.query(`begin; select from "${schema}".rate_limiter_1 where ${id} and id like '%:a' for update`);
    expect([await store.sweep(1), await store.sweep(), await store.sweep()]).toEqual([1, 1, 0]);
    await holder.query('commit');
    await holder.end();
    expect(await store.sweep()).toBe(1);
    expect(await rowsOf(id)).toBe(1);
    await expect(store.sweep(0)).rejects.toThrow('max must be an integer in 1..2147483647; got 0');
  });

  it('keeps a row for a minute after it drained', async () => {
    const bound = bind([gcra({ rate: 1, perMs: 1 })]);
    await bound.apply('k', TAKE, 1, 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await store.sweep()).toBe(0);
  });

  it('writes no row for a refusal, a peek, or the refund of an unknown key', async () => {
    const bound = bind([gcra({ rate: 2, perMs: DAY_MS })]);
    await bound.apply('k', TAKE, 3, 0);
    await bound.apply('k', PEEK, 1, 0);
    await bound.apply('k', REFUND, 1, 5);
    expect(await rowsOf(`id like 'n${String(names - 1)}:%'`)).toBe(0);
  });

  it('begins anew when the limits have changed, and finds the old counts when they change back', async () => {
    const remaining = async (rate: number, cost: number): Promise<number> => {
      const bound = store.bind(specFor('migrated', [gcra({ rate, perMs: DAY_MS })], () => 0));
      return (await bound.apply('k', TAKE, cost, 0)).remaining;
    };
    expect([await remaining(5, 4), await remaining(6, 1), await remaining(5, 1)]).toEqual([1, 5, 0]);
  });

  it('tells keys apart that a database could confuse, and takes keys of any length', async () => {
    const bound = bind([gcra({ rate: 1, perMs: DAY_MS })]);
    // Nothing that could be compressed to fit into an index entry.
    const long = Array.from({ length: 1023 }, (_, i) => String.fromCharCode(0x4e00 + ((i * i * 7919) % 20_897))).join(
      '',
    );
    const keys = [
      '\0',
      '\ufffd',
      '\ufffd0000',
      '\ud800',
      '\udc00',
      'A',
      'a',
      'a ',
      '"',
      '\\',
      'NULL',
      '{}',
      `${long}x`,
      `${long}y`,
    ];
    const outcomes = await Promise.all(keys.map((key) => bound.apply(key, TAKE, 1, 0)));
    expect(outcomes.map(({ ok }) => ok)).toEqual(keys.map(() => true));
    for (const key of keys) expect((await bound.apply(key, TAKE, 1, 0)).ok).toBe(false);
  });

  it('refuses a sliding log that is too long', () => {
    const bindLog = (limit: number) => () => bind([slidingLog({ limit, windowMs: 1 })]);
    expect(bindLog(1025)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }) as Error);
    expect(bindLog(1024)).not.toThrow();
  });

  it('fails the whole batch when the database does, and charges nothing', async () => {
    const failing = postgresStore({
      query: (sql, params) => pool.query(sql.replace('select', 'select 1/0,'), params),
      schema,
    });
    const spec = specFor('failing', [gcra({ rate: 2, perMs: DAY_MS })], () => 0);
    const bound = failing.bind(spec);
    const settled = await Promise.allSettled([
      bound.apply('a', TAKE, 1, 0),
      bound.apply('b', TAKE, 1, 0),
      bound.reset('c'),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect((await store.bind(spec).apply('a', PEEK, 1, 0)).remaining).toBe(2);
    expect(applyText(schema)).toContain('select');
  });
});
