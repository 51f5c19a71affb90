/**
 * An order as a saga: announce, reserve, charge, ship, close.
 *
 * `charge` is the pivot: before it everything can be undone, after it everything must be finished. Its undo exists
 * for the case of doubt: three attempts without an answer may have charged or not, and a refund settles either.
 * Undoing runs backwards, so a cancelled order is announced as cancelled when the money and the units are back.
 *
 * Each handler passes the step's key on, and each participant does a key once; that, and not hope, is what makes the
 * retries of the engine harmless.
 */
import { Rejected, saga } from '@loadbearing/saga';
import type { Payments } from '../payments.ts';
import type { Stock } from '../stock/stock.ts';
import type { EventsTopic, Order } from './events.ts';

/** What an order consists of; `id` is the run's id as well. */
export type OrderInput = Order;

function parse(input: unknown): OrderInput {
  const { id, sku, quantity, totalCents } = input as Partial<OrderInput>;
  if (
    typeof id !== 'string' ||
    typeof sku !== 'string' ||
    !Number.isInteger(quantity) ||
    !Number.isInteger(totalCents)
  ) {
    throw new TypeError(`an order has id, sku, quantity and totalCents; got ${JSON.stringify(input)}`);
  }
  return { id, sku, quantity: quantity!, totalCents: totalCents! };
}

// Short waits: somebody is watching. The undo of a charge goes on as long as the payment service is down.
const quick = { timeoutMs: 5000, retry: { maxAttempts: 3, baseMs: 200, capMs: 1000 } };
const patient = { timeoutMs: 5000, retry: { maxAttempts: 5000, baseMs: 250, capMs: 3000 } };

/** The key under which the shelf and the ledger know an order's step. */
export const stepKey = (orderId: string, step: 'reserve' | 'charge'): string => `${orderId}/${step}`;

export const orderSteps = ['announce', 'reserve', 'charge', 'ship', 'close'] as const;

export function orderSaga({ stock, payments, events }: { stock: Stock; payments: Payments; events: EventsTopic }) {
  return saga('order', { version: 1, parse })
    .step('announce', {
      ...quick,
      run: (c) => events.placed(c.input),
      undo: (c) => events.cancelled(c.input.id, c.reason.message),
      undoOptions: patient,
    })
    .step('reserve', {
      ...quick,
      run: async (c) => {
        const answer = await stock.reserve(c.input.sku, c.key, c.input.quantity);
        if (answer !== 'reserved') throw new Rejected(explain[answer](c.input));
        return { shard: stock.level(c.input.sku).shard };
      },
      undo: async (c) => {
        await stock.release(c.input.sku, c.key);
      },
      undoOptions: patient,
    })
    .pivot('charge', {
      ...quick,
      run: async (c) => {
        const answer = await payments.charge(c.key, c.input.totalCents);
        if (answer === 'declined') throw new Rejected('the payment was declined');
        if (answer === 'already-refunded') throw new Rejected('the payment was taken back before it arrived');
      },
      undo: (c) => payments.refund(c.key),
      undoOptions: patient,
    })
    .retriable('ship', {
      ...patient,
      run: async (c) => {
        const answer = await stock.sell(c.input.sku, stepKey(c.runId, 'reserve'));
        if (answer !== 'sold') throw new Error(`the shelf holds nothing for order ${c.runId}`);
      },
    })
    .retriable('close', { ...patient, run: (c) => events.completed(c.input.id) })
    .build();
}

export type OrderSaga = ReturnType<typeof orderSaga>;

const explain: Record<'out-of-stock' | 'unknown-product' | 'already-released', (order: Order) => string> = {
  'out-of-stock': ({ sku, quantity }) => `fewer than ${quantity} of ${sku} are left`,
  'unknown-product': ({ sku }) => `there is no product ${sku} on any shelf`,
  'already-released': () => 'the reservation was released before it arrived',
};
