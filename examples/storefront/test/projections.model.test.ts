/**
 * The two folds of the events topic, over histories as a crash leaves them: any event may come again, later.
 *
 * A history is made from orders that are each placed and then ended once. What the folds must come to is counted from
 * those orders, not from the events.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ShopEvent } from '../src/orders/events.ts';
import { OrderBook, Sales } from '../src/orders/projections.ts';

interface Told {
  readonly order: { readonly id: string; readonly sku: string; readonly quantity: number; readonly totalCents: number };
  readonly end: 'completed' | 'cancelled' | 'open';
  readonly atMs: number;
}

const told = fc
  .array(
    fc.record({
      sku: fc.constantFrom('a', 'b', 'c'),
      quantity: fc.integer({ min: 1, max: 5 }),
      totalCents: fc.integer({ min: 1, max: 900 }),
      end: fc.constantFrom<Told['end'][]>('completed', 'cancelled', 'open'),
      atMs: fc.integer({ min: 0, max: 600_000 }),
    }),
    { maxLength: 25 },
  )
  .map((rows) =>
    rows.map(({ sku, quantity, totalCents, end, atMs }, i): Told => {
      return { order: { id: `o${i}`, sku, quantity, totalCents }, end, atMs };
    }),
  );

const placed = ({ order, atMs }: Told): ShopEvent => ({ type: 'order-placed', atMs, order });
const ended = ({ order: { id }, end, atMs }: Told): ShopEvent[] =>
  end === 'open'
    ? []
    : [
        end === 'completed'
          ? { type: 'order-completed', atMs, id }
          : { type: 'order-cancelled', atMs, id, reason: 'x' },
      ];

/** All events of all orders, interleaved at random; each order's own stay in order, and any of them may come again. */
const history = told.chain((orders) => {
  const queues = orders.map((order) => [placed(order), ...ended(order)]);
  const length = queues.reduce((n, queue) => n + queue.length, 0);
  return fc
    .tuple(
      fc.array(fc.nat(), { minLength: length, maxLength: length }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }),
    )
    .map(([picks, repeats]) => {
      const left = queues.map((queue) => [...queue]);
      const events = picks.map((pick) => {
        const waiting = left.filter((queue) => queue.length > 0);
        return waiting[pick % waiting.length]!.shift()!;
      });
      for (const [what, where] of repeats) {
        if (events.length === 0) break;
        const from = what % events.length;
        events.splice(from + 1 + (where % (events.length - from)), 0, events[from]!);
      }
      return { orders, events };
    });
});

const folded = (events: readonly ShopEvent[]): { book: OrderBook; sales: Sales } => {
  const [book, sales] = [new OrderBook(), new Sales()];
  for (const event of events) {
    book.apply(event);
    sales.apply(event);
  }
  return { book, sales };
};
const dumps = ({ book, sales }: ReturnType<typeof folded>): unknown =>
  JSON.parse(JSON.stringify([book.dump(), sales.dump()]));
const forward = ({ book, sales }: ReturnType<typeof folded>): ShopEvent => {
  const folds = { [book.name]: book.dump(), [sales.name]: sales.dump() };
  return JSON.parse(JSON.stringify({ type: 'brought-forward', folds })) as ShopEvent;
};

describe('over random histories in which any event may come again', () => {
  test('each order counts once, in every sum', () => {
    fc.assert(
      fc.property(history, ({ orders, events }) => {
        const { book, sales } = folded(events);
        const completed = orders.filter(({ end }) => end === 'completed');
        const cents = completed.reduce((sum, { order }) => sum + order.totalCents, 0);
        const units = completed.reduce((sum, { order }) => sum + order.quantity, 0);
        expect(book).toMatchObject({
          completed: completed.length,
          compensated: orders.filter(({ end }) => end === 'cancelled').length,
          completedUnits: units,
          completedCents: cents,
        });
        expect([...book.open.keys()].sort()).toEqual(
          orders.flatMap(({ end, order }) => (end === 'open' ? [order.id] : [])).sort(),
        );
        const minutes = sales.byMinute(Infinity);
        expect(minutes.reduce((sum, minute) => sum + minute.cents, 0)).toBe(cents);
        expect(minutes.reduce((sum, minute) => sum + minute.orders, 0)).toBe(completed.length);
        expect(sales.topProducts(Infinity).reduce((sum, product) => sum + product.units, 0)).toBe(units);
      }),
      { numRuns: 300 },
    );
  });

  test('the fold of a brought-forward record and what follows equals the fold of everything, wherever the cut is', () => {
    fc.assert(
      fc.property(history, fc.nat(), ({ events }, at) => {
        const cut = at % (events.length + 1);
        const whole = dumps(folded(events));
        const record = forward(folded(events.slice(0, cut)));
        expect(dumps(folded([record, ...events.slice(cut)]))).toEqual(whole);
        // Killed before the deletion: what the record stands for is still before it.
        expect(dumps(folded([...events.slice(0, cut), record, ...events.slice(cut)]))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test('a brought-forward record replaces whatever was folded before it', () => {
    fc.assert(
      fc.property(history, history, (one, other) => {
        const record = forward(folded(other.events));
        expect(dumps(folded([...one.events, record]))).toEqual(dumps(folded(other.events)));
      }),
    );
  });

  test('minutes come in the order of time, best sellers first', () => {
    fc.assert(
      fc.property(history, ({ events }) => {
        const { sales } = folded(events);
        const minutes = sales.byMinute(30).map(({ minuteMs }) => minuteMs);
        expect(minutes).toEqual(minutes.toSorted((a, b) => a - b));
        const units = sales.topProducts(8).map((product) => product.units);
        expect(units).toEqual(units.toSorted((a, b) => b - a));
      }),
    );
  });
});

describe('what is remembered has a bound', () => {
  test('ended orders, and minutes with sales', () => {
    const orders = Array.from({ length: 6000 }, (_, i): Told => {
      const order = { id: `o${i}`, sku: 'a', quantity: 1, totalCents: 1 };
      return { order, end: 'completed', atMs: i * 60_000 };
    });
    const { book, sales } = folded(orders.flatMap((order) => [placed(order), ...ended(order)]));
    expect(book.ended.size).toBe(5000);
    expect(book.ended.has('o0')).toBe(false);
    expect(book.completed).toBe(6000);
    expect(sales.byMinute(Infinity)).toHaveLength(120);
    expect(sales.byMinute(1)).toEqual([{ minuteMs: 5999 * 60_000, orders: 1, cents: 1 }]);
    expect(sales.topProducts(8)).toEqual([{ sku: 'a', units: 6000, cents: 6000 }]);
  });

  test('the order book tells of every end it reads, also of one it has read before', () => {
    const heard: string[] = [];
    const book = new OrderBook();
    book.onEnded = (id) => heard.push(id);
    for (const id of ['x', 'y', 'x']) book.apply({ type: 'order-completed', atMs: 1, id });
    expect(heard).toEqual(['x', 'y', 'x']);
  });
});
