/** From a journal to what the page draws: one row a step, whatever has happened to the order. */
import type { Journal, JournalRecord } from '@loadbearing/saga';
import { describe, expect, test } from 'vitest';
import { orderSteps } from '../src/orders/order-saga.ts';
import { progress } from '../src/orders/progress.ts';

/** A journal with one entry each 100 ms, from 1000. */
const journal = (status: Journal['status'], ...entries: readonly JournalRecord[][]): Journal => ({
  id: 'o-1',
  kind: 'order@1',
  status,
  entries: entries.map((records, seq) => ({ seq, fence: 0, atMs: 1000 + 100 * seq, records })),
});

const started: JournalRecord[] = [{ type: 'started', v: 1, input: {}, by: 'storefront/0' }];
const done = (step: string, attempt = 1): JournalRecord => ({ type: 'done', step, attempt, tookMs: 40 });
const undone = (step: string): JournalRecord => ({ type: 'undone', step, attempt: 1, tookMs: 40 });
const failed = (step: string, attempt: number, undo = false): JournalRecord => {
  const error = { name: 'Error', message: 'no answer' };
  return { type: 'failed', step, undo, attempt, error, retryInMs: 50, tookMs: 40 };
};
const undoing: JournalRecord = { type: 'undoing', reason: { kind: 'rejected', message: 'the payment was declined' } };

const statuses = (of: Journal): string[] => progress(of, orderSteps).steps.map(({ status }) => status);
const step = (of: Journal, name: string): object => progress(of, orderSteps).steps.find((one) => one.name === name)!;

describe('an order that goes well', () => {
  test('just accepted: the first step runs', () => {
    const of = journal('open', started);
    expect(progress(of, orderSteps)).toMatchObject({ status: 'running', startedMs: 1000 });
    expect(progress(of, orderSteps)).not.toHaveProperty('endedMs');
    expect(statuses(of)).toEqual(['running', 'waiting', 'waiting', 'waiting', 'waiting']);
    expect(step(of, 'announce')).toEqual({ name: 'announce', status: 'running', attempts: 0, startMs: 1000 });
  });

  test('under way: the first step without an end runs since the last entry', () => {
    const of = journal('open', started, [done('announce')], [done('reserve')]);
    expect(statuses(of)).toEqual(['done', 'done', 'running', 'waiting', 'waiting']);
    expect(step(of, 'reserve')).toEqual({ name: 'reserve', status: 'done', attempts: 1, startMs: 1160, endMs: 1200 });
    expect(step(of, 'charge')).toMatchObject({ startMs: 1200 });
  });

  test('between two attempts: one bar from the first attempt on, without an end', () => {
    const of = journal('open', started, [done('announce')], [done('reserve')], [failed('charge', 1)]);
    expect(step(of, 'charge')).toEqual({ name: 'charge', status: 'running', attempts: 1, startMs: 1260 });
  });

  test('completed: all steps done, attempts counted, from the first to the last', () => {
    const of = journal(
      'completed',
      started,
      [done('announce')],
      [done('reserve')],
      [failed('charge', 1)],
      [done('charge', 2)],
      [done('ship')],
      [done('close'), { type: 'completed' }],
    );
    expect(progress(of, orderSteps)).toMatchObject({ status: 'completed', startedMs: 1000, endedMs: 1600 });
    expect(progress(of, orderSteps)).not.toHaveProperty('reason');
    expect(statuses(of)).toEqual(Array(5).fill('done'));
    expect(step(of, 'charge')).toEqual({ name: 'charge', status: 'done', attempts: 2, startMs: 1260, endMs: 1400 });
  });
});

describe('an order that is undone', () => {
  const declined = [started, [done('announce')], [done('reserve')], [failed('charge', 1), undoing]];

  test('declined, in the act: the step that failed is undone first, as its request may have been carried out', () => {
    const of = journal('open', ...declined);
    expect(progress(of, orderSteps)).toMatchObject({ status: 'undoing', reason: 'the payment was declined' });
    expect(statuses(of)).toEqual(['done', 'done', 'undoing', 'waiting', 'waiting']);
    expect(step(of, 'charge')).toMatchObject({ startMs: 1260, endMs: 1300, undoStartMs: 1300 });
  });

  test('in doubt: while the refund fails again and again, it is the refund that goes on', () => {
    const of = journal('open', ...declined, [failed('charge', 1, true)], [failed('charge', 2, true)]);
    expect(statuses(of)).toEqual(['done', 'done', 'undoing', 'waiting', 'waiting']);
    expect(step(of, 'charge')).toMatchObject({ undoStartMs: 1360 });
    expect(step(of, 'charge')).not.toHaveProperty('undoEndMs');
  });

  test('backwards: what came before waits for what came after', () => {
    const of = journal('open', ...declined, [undone('charge')]);
    expect(statuses(of)).toEqual(['done', 'undoing', 'undone', 'waiting', 'waiting']);
  });

  test('compensated: every step that was begun is undone, and it says why', () => {
    const ends = [[undone('charge')], [undone('reserve')], [undone('announce'), { type: 'compensated' } as const]];
    const of = journal('compensated', ...declined, ...ends);
    const reason = 'the payment was declined';
    expect(progress(of, orderSteps)).toMatchObject({ status: 'compensated', endedMs: 1600, reason });
    expect(statuses(of)).toEqual(['undone', 'undone', 'undone', 'waiting', 'waiting']);
    expect(step(of, 'reserve')).toMatchObject({ startMs: 1160, endMs: 1200, undoStartMs: 1460, undoEndMs: 1500 });
  });
});

test('an order that is stuck says on what, and nothing of it seems to go on', () => {
  const stuck: JournalRecord = { type: 'stuck', step: 'ship', direction: 'forward', message: 'ship failed 5000 times' };
  const before = [started, [done('announce')], [done('reserve')], [done('charge')]];
  const of = journal('stuck', ...before, [failed('ship', 5000), stuck]);
  expect(progress(of, orderSteps)).toMatchObject({ status: 'stuck', reason: 'ship failed 5000 times' });
  expect(progress(of, orderSteps)).not.toHaveProperty('endedMs');
  expect(statuses(of)).toEqual(['done', 'done', 'done', 'failed', 'waiting']);
});
