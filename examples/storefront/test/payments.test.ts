/** The payment service: what it books, and what it says of it, in each of the ways it can fail. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PaymentMode } from '../src/live-state.ts';
import { Payments } from '../src/payments.ts';
import { newDir } from './support.ts';

async function service(mode: PaymentMode = 'ok'): Promise<Payments> {
  const payments = await Payments.open(path.join(await newDir(), 'payments'));
  payments.mode = mode;
  return payments;
}

const sums = ({ chargedCents, refundedCents }: Payments): object => ({ chargedCents, refundedCents });

describe('each mode', () => {
  test('ok: booked, and said so', async () => {
    const payments = await service();
    expect(await payments.charge('k', 700)).toBe('charged');
    expect(payments.heldCents('k')).toBe(700);
    await payments.refund('k');
    expect(payments.heldCents('k')).toBe(0);
    expect(sums(payments)).toEqual({ chargedCents: 700, refundedCents: 700 });
    await payments.close();
  });

  test('decline: an answer, and nothing is booked', async () => {
    const payments = await service('decline');
    expect(await payments.charge('k', 700)).toBe('declined');
    expect(sums(payments)).toEqual({ chargedCents: 0, refundedCents: 0 });
    // Nothing is held against the key: it can be charged when the customer finds money.
    payments.mode = 'ok';
    expect(await payments.charge('k', 700)).toBe('charged');
    await payments.close();
  });

  test('down: no answer and nothing booked, for charges and for refunds', async () => {
    const payments = await service();
    await payments.charge('k', 700);
    payments.mode = 'down';
    await expect(payments.charge('other', 1)).rejects.toThrow('does not answer');
    await expect(payments.charge('k', 700)).rejects.toThrow('does not answer');
    await expect(payments.refund('k')).rejects.toThrow('does not answer');
    expect(sums(payments)).toEqual({ chargedCents: 700, refundedCents: 0 });
    await payments.close();
  });

  test('lose-answer: booked without an answer, and asked again it says so', async () => {
    const payments = await service('lose-answer');
    await expect(payments.charge('k', 700)).rejects.toThrow('before its answer came');
    expect(payments.heldCents('k')).toBe(700);
    expect(await payments.charge('k', 700)).toBe('charged');
    expect(sums(payments)).toEqual({ chargedCents: 700, refundedCents: 0 });
    await payments.close();
  });
});

describe('once for each key', () => {
  test('many charges and many refunds at the same time book one of each', async () => {
    const payments = await service();
    await Promise.all(Array.from({ length: 10 }, () => payments.charge('k', 300)));
    await Promise.all(Array.from({ length: 10 }, () => payments.refund('k')));
    expect(sums(payments)).toEqual({ chargedCents: 300, refundedCents: 300 });
    await payments.close();
  });

  test('a charge after its own refund is refused, also when the refund came first and found nothing', async () => {
    const payments = await service();
    await payments.refund('early');
    expect(await payments.charge('early', 500)).toBe('already-refunded');
    await payments.charge('k', 500);
    await payments.refund('k');
    expect(await payments.charge('k', 500)).toBe('already-refunded');
    expect(sums(payments)).toEqual({ chargedCents: 500, refundedCents: 500 });
    await payments.close();
  });

  test('a repeated request is not answered before the booking it repeats is durable', async () => {
    const payments = await service();
    const answered: string[] = [];
    const note = async (what: string, request: Promise<unknown>): Promise<void> => {
      await request;
      answered.push(what);
    };
    await Promise.all([note('charge', payments.charge('k', 1)), note('charge again', payments.charge('k', 1))]);
    await Promise.all([note('refund', payments.refund('k')), note('refund again', payments.refund('k'))]);
    expect(answered).toEqual(['charge', 'charge again', 'refund', 'refund again']);
    await payments.close();
  });
});

test('sums, holdings and tombstones are there after a restart', async () => {
  const dir = path.join(await newDir(), 'payments');
  const before = await Payments.open(dir);
  await before.charge('kept', 100);
  await before.charge('returned', 20);
  await before.refund('returned');
  await before.refund('early');
  await before.close();
  const after = await Payments.open(dir);
  expect(sums(after)).toEqual({ chargedCents: 120, refundedCents: 20 });
  expect([after.heldCents('kept'), after.heldCents('returned')]).toEqual([100, 0]);
  expect(await after.charge('kept', 100)).toBe('charged');
  expect(await after.charge('returned', 20)).toBe('already-refunded');
  expect(await after.charge('early', 5)).toBe('already-refunded');
  await after.close();
});
