/** What the store in PostgreSQL is made with, and what it makes of answers that are none. No database is asked. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gcra } from '../../src/limits.ts';
import { postgresStore } from '../../src/postgres/index.ts';
import { FUNCTION_VERSION, installText, TABLE_VERSION } from '../../src/postgres/schema.ts';
import { specFor } from '../../src/store.ts';
import { LEASE, PEEK, REFUND, RESERVE, TAKE, type Op } from '../../src/transition.ts';

const spec = specFor('n', [gcra({ rate: 5, perMs: 1000 })], () => 0);

describe('the options of postgresStore', () => {
  const query = async (): Promise<{ rows: unknown[] }> => ({ rows: [] });
  it('are refused when they are wrong', () => {
    expect(() => postgresStore({} as never)).toThrow('query must be a function (sql, params); got undefined');
    expect(() => postgresStore({ query, schema: 'a"b' })).toThrow('schema must be 1 to 63 of A-Z a-z 0-9 _');
    expect(() => postgresStore({ query, schema: '' })).toThrow(RangeError);
    expect(() => postgresStore({ query, maxBatch: 0 })).toThrow('maxBatch must be an integer in 1..1000; got 0');
  });
});

describe('the installed text', () => {
  it('has a version that was raised when it changed', () => {
    const digest = createHash('sha256').update(installText('s')).digest('hex').slice(0, 12);
    // A process of the version before must go on finding the function it knows: raise FUNCTION_VERSION with the digest.
    expect([TABLE_VERSION, FUNCTION_VERSION, digest]).toEqual([1, 1, 'cb46ac80f6e8']);
  });
});

describe('an answer', () => {
  const answering = (rows: unknown): ((op: Op, cost: number, arg: number) => Promise<unknown>) => {
    const store = postgresStore({ query: async () => ({ rows }) as { rows: unknown[] } });
    return (op, cost, arg) => store.bind(spec).apply('k', op, cost, arg);
  };
  const said = (answer: unknown): ReturnType<typeof answering> => answering([{ answer }]);
  const protocol = { code: 'STORE_PROTOCOL' };

  it('of a take, a reserve and a lease is read', async () => {
    expect(await said('1000 1 4 0 200 0 1')(TAKE, 1, 0)).toEqual({
      ok: true,
      index: 0,
      remaining: 4,
      retryAfterMs: 0,
      resetAfterMs: 200,
      startMs: 1000,
      charged: 1,
      nowMs: 1000,
    });
    expect(await said('1000 1 0 200 1400 400 2')(RESERVE, 2, 400)).toMatchObject({ startMs: 1400, charged: 2 });
    expect(await said('1000 1 2 0 600 0 3')(LEASE, 1, 3)).toMatchObject({ charged: 3 });
    expect(await said('1000 -1 5 -1 0 0 0')(TAKE, 6, 0)).toMatchObject({ ok: false, retryAfterMs: Infinity });
  });

  it.each<[unknown, Op, number, number]>([
    ['1000 1 4 0 200 0', TAKE, 1, 0],
    ['1000 1 4 0 200 0 1 1', TAKE, 1, 0],
    ['1000 1 4 0 200 0 ', TAKE, 1, 0],
    ['1000 1 4.5 0 200 0 1', TAKE, 1, 0],
    ['9007199254740993 1 4 0 200 0 1', TAKE, 1, 0],
    ['-1 1 4 0 200 0 1', TAKE, 1, 0],
    ['1000 0 4 0 200 0 1', TAKE, 1, 0],
    ['1000 2 4 0 200 0 1', TAKE, 1, 0],
    ['1000 -2 4 1 200 0 0', TAKE, 1, 0],
    ['1000 1 6 0 200 0 1', TAKE, 1, 0],
    ['1000 1 -2 0 200 0 1', TAKE, 1, 0],
    ['1000 1 4 -2 200 0 1', TAKE, 1, 0],
    ['1000 1 4 0 -1 0 1', TAKE, 1, 0],
    ['1000 1 4 0 200 1 1', TAKE, 1, 0],
    ['1000 1 4 0 200 0 2', TAKE, 1, 0],
    ['1000 1 4 0 200 0 0', TAKE, 1, 0],
    ['1000 -1 4 0 200 0 0', TAKE, 1, 0],
    ['1000 -1 4 5 200 0 1', TAKE, 1, 0],
    ['1000 1 4 0 200 0 1', PEEK, 1, 0],
    ['1000 1 4 0 200 0 1', REFUND, 1, 5],
    ['1000 1 4 0 200 401 1', RESERVE, 1, 400],
    ['1000 -1 4 9 200 1 0', RESERVE, 1, 400],
    ['1000 1 4 0 200 0 4', LEASE, 1, 3],
    ['1000 1 4 0 200 0 1', LEASE, 2, 3],
    ['1000 1 4 0 200 0 0', LEASE, 1, 3],
    [null, TAKE, 1, 0],
    [7, TAKE, 1, 0],
  ])('that no function of ours can give is refused: %s to operation %i', async (answer, op, cost, arg) => {
    await expect(said(answer)(op, cost, arg)).rejects.toMatchObject(protocol);
  });

  it.each([[[]], [[{ answer: '1000 1 4 0 200 0 1' }, {}]], [undefined], [[null]], [[{}]]])(
    'in rows that are not one row is refused: %j',
    async (rows) => {
      await expect(answering(rows)(TAKE, 1, 0)).rejects.toMatchObject(protocol);
    },
  );

  it('of whatever text is an outcome or a refusal, never an outcome that cannot be', async () => {
    const number = fc.oneof(fc.integer({ min: -2, max: 9 }), fc.maxSafeInteger(), fc.constantFrom('', 'x', 1.5));
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 5, maxLength: 9 }), async (numbers) => {
        const outcome = (await said(numbers.join(' '))(TAKE, 1, 0).catch((error: unknown) => error)) as {
          code?: string;
          charged?: number;
          ok?: boolean;
        };
        if (outcome.code !== 'STORE_PROTOCOL') expect(outcome.charged).toBe(outcome.ok === true ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });

  it('to a sweep is a count', async () => {
    const sweep = (answer: unknown): Promise<number> =>
      postgresStore({ query: async () => ({ rows: [{ answer }] }) }).sweep();
    expect(await sweep('12')).toBe(12);
    await expect(sweep('-1')).rejects.toMatchObject(protocol);
    await expect(sweep(12)).rejects.toMatchObject(protocol);
  });
});
