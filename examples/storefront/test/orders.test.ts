/**
 * Orders with their topic, below HTTP: what an id stands for, what is known after a restart, and the history that is
 * brought forward.
 */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Consumer } from '../src/orders/consumer.ts';
import { EventsTopic } from '../src/orders/events.ts';
import { Orders } from '../src/orders/orders.ts';
import { OrderBook, Sales } from '../src/orders/projections.ts';
import { Payments } from '../src/payments.ts';
import { Stock } from '../src/stock/stock.ts';
import { newDir, until } from './support.ts';

const unexpected = (error: unknown): never => {
  throw error;
};

/** The parts of a shop that an order meets. `clock` may be ahead: then every journal is old enough to be pruned. */
async function open(dir: string, clock: () => number = Date.now) {
  const events = await EventsTopic.open(path.join(dir, 'events'), clock);
  const payments = await Payments.open(path.join(dir, 'payments'));
  const { stock } = await Stock.open(path.join(dir, 'stock'));
  const consumers = [
    new Consumer(events, new OrderBook(), unexpected),
    new Consumer(events, new Sales(), unexpected),
  ] as const;
  await Promise.all(consumers.map((consumer) => consumer.reaches(events.stats().end)));
  const [{ projection: book }, { projection: sales }] = consumers;
  const { orders, resumed } = await Orders.open(path.join(dir, 'sagas'), { stock, payments, events, book, clock });
  const close = async (): Promise<void> => {
    await orders.close();
    for (const consumer of consumers) await consumer.close();
    await Promise.all([stock.close(), payments.close()]);
    await events.close();
  };
  const ended = (id: string): Promise<unknown> => until(`${id} has ended`, () => book.ended.has(id));
  return { events, payments, stock, consumers, book, sales, orders, resumed, close, ended };
}

const order = { sku: 'a', quantity: 2, totalCents: 500 };
const anHourAhead = (): number => Date.now() + 3_600_000;

describe('an id', () => {
  test('stands for one order also when its journal has been pruned', async () => {
    const shop = await open(await newDir(), anHourAhead);
    await shop.stock.deliver(['a'], 10);
    await shop.orders.place(order, 'order-one');
    await shop.ended('order-one');
    await until('it is pruned', async () => (await shop.orders.prune()) === 1);
    expect(await shop.orders.view('order-one')).toMatchObject({ ...order, status: 'completed', steps: [] });
    expect(await shop.orders.place(order, 'order-one')).toEqual({ ok: true, id: 'order-one', created: false });
    expect(await shop.orders.place({ ...order, quantity: 3 }, 'order-one')).toMatchObject({ code: 'ID_CONFLICT' });
    expect(await shop.orders.panel()).toMatchObject({ running: 0, completed: 1 });
    expect((await shop.orders.view('order-one'))!.steps).toEqual([]);
    await shop.close();
  });

  test('of an order under way answers that it is known, and the order stays in flight', async () => {
    const shop = await open(await newDir());
    await shop.stock.deliver(['a'], 10);
    shop.payments.mode = 'down';
    const answers = await Promise.all([1, 2, 3].map(() => shop.orders.place(order, 'order-one')));
    expect(answers.map((answer) => answer.ok && answer.created).sort()).toEqual([false, false, true]);
    expect(await shop.orders.place({ ...order, totalCents: 1 }, 'order-one')).toMatchObject({ code: 'ID_CONFLICT' });
    expect([...shop.orders.inFlight()]).toEqual([{ id: 'order-one', ...order }]);
    shop.payments.mode = 'ok';
    await shop.ended('order-one');
    expect([...shop.orders.inFlight()]).toEqual([]);
    await shop.close();
  });

  test('that is not given is new each time', async () => {
    const shop = await open(await newDir());
    await shop.stock.deliver(['a'], 10);
    const answers = await Promise.all([1, 2, 3].map(() => shop.orders.place({ ...order, quantity: 1 })));
    const ids = answers.map((answer) => (answer.ok ? answer.id : ''));
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) await shop.ended(id);
    await shop.close();
  });
});

describe('after a restart', () => {
  test('orders under way are taken up, and the latest are shown, in whatever way they were named', async () => {
    const dir = await newDir();
    const before = await open(dir);
    await before.stock.deliver(['a'], 100);
    for (let i = 0; i < 15; i++) {
      await before.orders.place(order, `${i % 2 === 0 ? 'a' : 'z'}-order-${i}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    for (let i = 0; i < 15; i++) await before.ended(`${i % 2 === 0 ? 'a' : 'z'}-order-${i}`);
    before.payments.mode = 'down';
    await before.orders.place(order, 'm-last');
    await before.close();

    const after = await open(dir);
    expect(after.resumed).toBe(1);
    const { recent } = await after.orders.panel();
    expect(recent.map(({ id }) => id)).toEqual([
      'm-last',
      ...Array.from({ length: 11 }, (_, i) => `${(14 - i) % 2 === 0 ? 'a' : 'z'}-order-${14 - i}`),
    ]);
    await after.ended('m-last');
    expect([...after.orders.inFlight()]).toEqual([]);
    await after.close();
  });
});

describe('history that is brought forward', () => {
  test('stands for exactly what is before it: what is published meanwhile comes after', async () => {
    const events = await EventsTopic.open(path.join(await newDir(), 'events'), Date.now);
    await events.placed({ id: 'before', ...order });
    let read: () => void = () => undefined;
    const reading = new Promise<void>((resolve) => (read = resolve));
    const slow = { name: 'slow', position: 0, dump: () => 'the fold of one event', reaches: () => reading };
    const bringing = events.bringForward([slow]);
    const publishing = events.placed({ id: 'meanwhile', ...order });
    read();
    await Promise.all([bringing, publishing]);
    const stop = new AbortController();
    const types: string[] = [];
    for await (const chunk of events.follow(stop.signal)) {
      types.push(...chunk.map(({ event }) => event.type));
      if (types.length === 2) stop.abort();
    }
    expect(types).toEqual(['brought-forward', 'order-placed']);
    await events.close();
  });

  test('is one record from then on, and says the same', async () => {
    const dir = await newDir();
    const before = await open(dir);
    await before.stock.deliver(['a'], 100);
    const first = ['one', 'two', 'three'];
    for (const id of first) await before.orders.place(order, id);
    for (const id of first) await before.ended(id);
    // Orders that come meanwhile wait for it, and are neither lost nor counted twice.
    const meanwhile = ['four', 'five', 'six'];
    const placing = meanwhile.map((id) => before.orders.place(order, id));
    await before.events.bringForward(before.consumers);
    await Promise.all(placing);
    for (const id of meanwhile) await before.ended(id);
    const { start, end } = before.events.stats();
    expect(start).toBeGreaterThanOrEqual(6);
    expect(end - start).toBeLessThanOrEqual(7);
    const folds = before.consumers.map((consumer) => consumer.dump());
    await before.close();

    const after = await open(dir);
    expect(after.consumers.map((consumer) => consumer.dump())).toEqual(folds);
    expect(after.book).toMatchObject({ completed: 6, completedUnits: 12, completedCents: 3000 });
    expect(after.sales.topProducts(1)).toEqual([{ sku: 'a', units: 12, cents: 3000 }]);
    await after.close();
  });
});
