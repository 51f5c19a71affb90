/** Limits shared through an SQLite file: decided like everywhere, exactly shared, bounded in waiting and in size. */
import { afterEach, describe, expect, it } from 'vitest';
import { createLimiter } from '../../src/create-limiter.ts';
import { fixedWindow, gcra, slidingLog } from '../../src/limits.ts';
import { sqliteStore, type SqliteLike } from '../../src/sqlite/index.ts';
import { specFor } from '../../src/store.ts';
import { conformance } from '../../src/testing/conformance.ts';
import { manualClock } from '../../src/testing/manual-clock.ts';
import { runProgram } from '../redis/programs.ts';
import { hasSqlite, open, temporaryFile, type Database } from './database.ts';

const fails = (code: string): unknown => expect.objectContaining({ code });

describe('the options of sqliteStore', () => {
  it('are refused when they are wrong', () => {
    expect(() => sqliteStore({ db: {} as SqliteLike })).toThrow('db must be a database');
    expect(() => sqliteStore({} as never)).toThrow(TypeError);
    const db = { exec: () => undefined, prepare: () => undefined } as unknown as SqliteLike;
    expect(() => sqliteStore({ db, busyMs: -1 })).toThrow('busyMs must be an integer in 0..10000; got -1');
    expect(() => sqliteStore({ db, clock: 5 as never })).toThrow('clock must be a function; got number');
  });
});

describe.skipIf(!hasSqlite())('the store in SQLite', () => {
  const cleanups: (() => void)[] = [];
  const opened = (file?: string): Database => {
    const db = open(file);
    cleanups.unshift(() => db.close());
    return db;
  };
  const shared = (): string => {
    const { file, remove } = temporaryFile();
    cleanups.push(remove);
    return file;
  };
  afterEach(() => {
    for (const cleanup of cleanups.splice(0)) cleanup();
  });

  it('decides as the transition does', async () => {
    const store = sqliteStore({ db: opened() });
    const keys = ['a', 'b}:', '\0"\\{}, \ud800\ufffd', '\0"\\{}, \ud801\ufffd'] as const;
    const rounds = process.env['NIGHTLY'] === undefined ? 100 : 7000;
    const report = await conformance({ bind: (spec) => store.bind(spec), keys, rounds });
    expect(report.operations).toBeGreaterThan(rounds * 80);
    for (const count of [report.accepted, report.refused, report.promised]) expect(count).toBeGreaterThan(rounds);
  });

  it('keeps what was charged in the file, in WAL mode', () => {
    const file = shared();
    const limits = [gcra({ rate: 5, perMs: 60_000 }), slidingLog({ limit: 4, windowMs: 60_000 })];
    const clock = manualClock(1e12);
    const first = createLimiter({ limits, store: sqliteStore({ db: opened(file), clock }) });
    const second = createLimiter({ limits, store: sqliteStore({ db: opened(file), clock }) });
    expect(first.takeSync('k', 3).remaining).toBe(1);
    expect(second.takeSync('k', 2)).toMatchObject({ allowed: false, remaining: 1, retryAfterMs: 60_000 });
    expect(second.tryTakeSync('k')).toBe(true);
    expect(first.tryTakeSync('k')).toBe(false);
    expect(opened(file).prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  });

  it('goes by the wall clock unless told otherwise', () => {
    const limiter = createLimiter({ limits: gcra({ rate: 5, perMs: 60_000 }), store: sqliteStore({ db: opened() }) });
    expect(Math.abs(limiter.takeSync('k').startMs - Date.now())).toBeLessThan(60_000);
  });

  it('waits while another process writes, then says that it is unavailable, and charges nothing', () => {
    const file = shared();
    const limits = fixedWindow({ limit: 2, windowMs: 60_000 });
    const limiter = createLimiter({ limits, store: sqliteStore({ db: opened(file), busyMs: 5 }) });
    limiter.takeSync('k');
    const other = opened(file);
    other.exec('BEGIN IMMEDIATE');
    expect(() => limiter.takeSync('k')).toThrow(fails('UNAVAILABLE'));
    // Also where the answer will be a refusal, which writes nothing: what it would rest on may be about to change.
    expect(() => limiter.takeSync('k', 3)).toThrow(fails('UNAVAILABLE'));
    other.exec('ROLLBACK');
    expect(limiter.takeSync('k').remaining).toBe(0);
  });

  it('peeks without waiting for a writer', async () => {
    const file = shared();
    const store = sqliteStore({ db: opened(file), busyMs: 0 });
    const limiter = createLimiter({ limits: fixedWindow({ limit: 2, windowMs: 60_000 }), store });
    limiter.takeSync('k');
    opened(file).exec('BEGIN IMMEDIATE');
    expect((await limiter.peek('k')).remaining).toBe(1);
  });

  it('leaves no transaction open when an operation fails', () => {
    const db = opened();
    const store = sqliteStore({ db });
    const limiter = createLimiter({ limits: fixedWindow({ limit: 2, windowMs: 60_000 }), store });
    limiter.takeSync('k');
    db.exec("UPDATE rate_limiter_1 SET state = x'00'");
    expect(() => limiter.takeSync('k')).toThrow(fails('STORE_PROTOCOL'));
    expect(limiter.tryTakeSync('other')).toBe(true);
  });

  it.each(['00', '0000000000000000', '00'.repeat(32), `${'00'.repeat(16)}000000000000f07f`])(
    'takes bytes that are no state of a sliding log (%s) for no answer',
    (hex) => {
      const db = opened();
      const limiter = createLimiter({ limits: slidingLog({ limit: 2, windowMs: 1000 }), store: sqliteStore({ db }) });
      limiter.takeSync('k');
      db.exec(`UPDATE rate_limiter_1 SET state = x'${hex}'`);
      expect(() => limiter.takeSync('k')).toThrow(fails('STORE_PROTOCOL'));
    },
  );

  it('sweeps rows a minute after their quota is full again, as many as it may, and no others', () => {
    const db = opened();
    const clock = manualClock(1e12);
    const store = sqliteStore({ db, clock });
    const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 1000, burst: 9 }), store });
    for (const key of ['a', 'b', 'c']) limiter.takeSync(key);
    limiter.takeSync('slow', 9);
    clock.advance(61_000);
    expect(store.sweep()).toBe(0);
    clock.advance(1);
    expect(store.sweep(2)).toBe(2);
    expect(store.sweep()).toBe(1);
    expect(db.prepare('SELECT count(*) AS rows FROM rate_limiter_1').get()).toEqual({ rows: 1 });
    expect(() => store.sweep(0)).toThrow('max must be an integer in 1..2147483647; got 0');
  });

  it('writes nothing for a refusal, a peek, or the refund of an unknown key', async () => {
    const db = opened();
    const limiter = createLimiter({ limits: gcra({ rate: 2, perMs: 60_000 }), store: sqliteStore({ db }) });
    limiter.takeSync('k', 3);
    await limiter.peek('k');
    const decision = limiter.takeSync('k');
    await limiter.reset('k');
    await limiter.refund(decision);
    expect(db.prepare('SELECT count(*) AS rows FROM rate_limiter_1').get()).toEqual({ rows: 0 });
  });

  it('begins anew when the limits have changed, and finds the old counts when they change back', () => {
    const store = sqliteStore({ db: opened() });
    const withQuota = (rate: number) => createLimiter({ limits: gcra({ rate, perMs: 60_000 }), store });
    expect(withQuota(5).takeSync('k', 4).remaining).toBe(1);
    expect(withQuota(6).takeSync('k').remaining).toBe(5);
    expect(withQuota(5).takeSync('k').remaining).toBe(0);
  });

  it('refuses a sliding log that is too long', () => {
    const store = sqliteStore({ db: opened() });
    expect(() => store.bind(specFor('n', [slidingLog({ limit: 1025, windowMs: 1 })], () => 0))).toThrow(
      fails('UNSUPPORTED'),
    );
  });

  it('is shared exactly by four processes', async () => {
    const file = shared();
    const program = `
      const { createLimiter } = await import(src + 'create-limiter.js');
      const { fixedWindow, gcra } = await import(src + 'limits.js');
      const { sqliteStore } = await import(src + 'sqlite/index.js');
      const db = new (process.getBuiltinModule('node:sqlite').DatabaseSync)(${JSON.stringify(file)});
      const windowMs = 864_000_000;
      const limits = [gcra({ rate: 500, perMs: windowMs }), fixedWindow({ limit: 500, windowMs })];
      const limiter = createLimiter({ limits, store: sqliteStore({ db, busyMs: 5000 }) });
      let allowed = 0;
      for (let i = 0; i < 400; i++) if (limiter.tryTakeSync('k')) allowed++;
      console.log(allowed);`;
    const totals = await Promise.all([0, 1, 2, 3].map(() => runProgram(program)));
    expect(totals.reduce((sum, one) => sum + Number(one), 0)).toBe(500);
  });
});
