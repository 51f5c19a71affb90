/** The PL/pgSQL function decides as the transition does, outcome for outcome, field for field; its time is injected. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedWindow, gcra, slidingCounter, slidingLog, type Limit } from '../../src/limits.ts';
import type { PostgresQuery } from '../../src/postgres/index.ts';
import { postgresStoreAt } from '../../src/postgres/postgres-store.ts';
import { specFor } from '../../src/store.ts';
import { conformance } from '../../src/testing/conformance.ts';
import { FORCE, LEASE, PEEK, REFUND, RESERVE, TAKE, type Op } from '../../src/transition.ts';
import { Key } from '../support.ts';
import { hasPostgres, openLite, poolOf, queryOf, schemaFor, type Lite } from './database.ts';

const seed = Number(process.env['SEED'] ?? 1);

async function compare(query: PostgresQuery, schema: string, operations: number): Promise<void> {
  const keys = ['a', 'b}:', '\0"\\{}, \ud800\ufffd', 'long'.repeat(256)] as const;
  let compared = 0;
  for (let part = 0; compared < operations; part++) {
    const report = await conformance({
      seed: seed + part,
      rounds: 16,
      keys,
      bind: (spec) => postgresStoreAt({ query, schema, maxBatch: part % 2 === 0 ? 64 : 3 }, spec.clock).bind(spec),
    });
    for (const count of [report.accepted, report.refused, report.promised]) expect(count).toBeGreaterThan(0);
    compared += report.operations;
  }
}

/** Costs, constants and times at which a product of two bigints would overflow, had nobody clamped. */
async function atTheEdges(query: PostgresQuery, schema: string): Promise<void> {
  const far = 2 ** 50;
  const extremes: Limit[] = [
    gcra({ rate: 1, perMs: far, burst: 1 }),
    gcra({ rate: 2 ** 32 - 1, perMs: 2 ** 18, burst: 2 ** 31 }),
    gcra({ rate: far, perMs: far, burst: far }),
    slidingCounter({ limit: 1, windowMs: far }),
    slidingCounter({ limit: far, windowMs: 1 }),
    fixedWindow({ limit: far, windowMs: far, align: 'epoch' }),
    slidingLog({ limit: 1024, windowMs: far }),
  ];
  for (const limit of extremes) {
    let nowMs = 0;
    const store = postgresStoreAt({ query, schema }, () => nowMs).bind(specFor('edges', [limit], () => 0));
    await store.reset('k');
    const model = new Key([limit]);
    for (const timeMs of [2 ** 41, far, far - 5, 7, 0, 2 ** 32, far]) {
      for (const cost of [1, 2, 1023, 2 ** 30, far, Number.MAX_SAFE_INTEGER]) {
        const operations: [Op, number][] = [
          [TAKE, 0],
          [LEASE, 5],
          [FORCE, 0],
          [PEEK, 0],
          [REFUND, 7],
          [REFUND, timeMs],
        ];
        if (model.plan.reservable) operations.push([RESERVE, 1000]);
        for (const [op, arg] of operations) {
          nowMs = timeMs;
          const expected = { ...model.apply(nowMs, op, cost, arg), nowMs };
          expect(await store.apply('k', op, cost, arg), `${limit.algorithm} ${op} ${cost} at ${nowMs}`).toEqual(
            expected,
          );
        }
      }
    }
  }
}

describe.skipIf(!(await hasPostgres()))('the function in PostgreSQL', () => {
  const schema = schemaFor('diff');
  const pool = poolOf();
  beforeAll(() => postgresStoreAt({ query: queryOf(pool), schema }, undefined).install());
  afterAll(async () => {
    await pool.query(`drop schema if exists "${schema}" cascade`);
    await pool.end();
  });

  it('decides as the transition does', async () => {
    await compare(queryOf(pool), schema, process.env['NIGHTLY'] === undefined ? 2000 : 200_000);
  });

  it('decides as the transition does where a bigint would overflow', () => atTheEdges(queryOf(pool), schema));
});

describe('the function in PGlite', () => {
  let lite: Lite;
  beforeAll(async () => {
    lite = await openLite();
    await postgresStoreAt({ query: lite.query, schema: 'limits' }, undefined).install();
  }, 60_000);
  afterAll(() => lite.close());

  it('decides as the transition does', () => compare(lite.query, 'limits', 2000));
});
