/**
 * Orders: takes them, runs them as sagas, and can say what became of each.
 *
 * An order is acknowledged when its run is durable in the saga journal, and from then on it ends, completed or
 * compensated, however often the process dies. Two sources answer questions about it: the journal (steps and times,
 * for a while) and the order book (the ends of the last thousands). An id that neither remembers is a new order.
 */
import { Log } from '@loadbearing/commit-log';
import { fileStorage } from '@loadbearing/commit-log/node';
import { createEngine, type Engine, type EngineEvent, type Journal, type SagaStore } from '@loadbearing/saga';
import { logStore } from '@loadbearing/saga/stores/log';
import type { OrderView, SagaPanel } from '../live-state.ts';
import type { Payments } from '../payments.ts';
import type { Stock } from '../stock/stock.ts';
import type { EventsTopic, Order } from './events.ts';
import { orderSaga, orderSteps, type OrderInput, type OrderSaga } from './order-saga.ts';
import type { OrderBook } from './projections.ts';
import { progress } from './progress.ts';

/** Orders under way; beyond it new ones are refused. */
const openMax = 2000;
const recentMax = 12;
/** How long a journal can be looked at after its end. */
const keepJournalMs = 15 * 60_000;

export type PlaceAnswer =
  | { readonly ok: true; readonly id: string; readonly created: boolean }
  | { readonly ok: false; readonly code: 'TOO_MANY_ORDERS' | 'ID_CONFLICT'; readonly message: string };

export class Orders {
  readonly #log: Log;
  readonly #store: SagaStore;
  readonly #saga: OrderSaga;
  readonly #engine: Engine;
  readonly #book: OrderBook;
  readonly #clock: () => number;
  /** Under way, stuck ones included, or ended and not yet counted by the order book, which has its own pace. */
  readonly #inFlight = new Map<string, Order>();
  readonly #open = new Set<string>();
  readonly #stuck = new Set<string>();
  #recent: string[] = [];
  #sequence = 0;

  private constructor(log: Log, store: SagaStore, parts: Parts) {
    this.#log = log;
    this.#store = store;
    this.#book = parts.book;
    this.#clock = parts.clock;
    this.#saga = orderSaga(parts);
    parts.book.onEnded = (id) => this.#inFlight.delete(id);
    this.#engine = createEngine({
      store,
      sagas: [this.#saga],
      worker: 'storefront',
      telemetry: { observe: (event) => this.#observe(event) },
    });
  }

  /** Opens the journal and takes up every run that had not ended; answers how many there were. */
  static async open(dir: string, parts: Parts): Promise<{ readonly orders: Orders; readonly resumed: number }> {
    const log = await Log.open({ storage: fileStorage(dir) });
    const orders = new Orders(log, await logStore({ log }), parts);
    let resumed = 0;
    for (let after: string | undefined; ;) {
      const page = await orders.#engine.list({ limit: 1000, ...(after === undefined ? {} : { after }) });
      for (const { id, status } of page.runs) {
        if (status !== 'open' && status !== 'stuck') continue;
        (status === 'open' ? orders.#open : orders.#stuck).add(id);
        if (status === 'open') resumed++;
        const order = contentOf(await orders.#engine.journal(id));
        if (order !== undefined && !parts.book.ended.has(id)) orders.#inFlight.set(id, order);
      }
      if (page.next === null) break;
      after = page.next;
    }
    const latest = await orders.#engine.list({ order: 'newest', limit: recentMax });
    orders.#recent = latest.runs.map(({ id }) => id).reverse();
    await orders.#engine.open();
    return { orders, resumed };
  }

  /** Orders that no sum of the order book contains yet: under way, stuck, or ended and not read by it. */
  inFlight(): Iterable<Order> {
    return this.#inFlight.values();
  }

  /** Accepts an order durably. A repeated id with the same content is the same order. */
  async place(order: Omit<Order, 'id'>, id: string = this.#newId()): Promise<PlaceAnswer> {
    const ended = this.#book.ended.get(id);
    if (ended !== undefined) {
      // Its journal may be pruned: a run with this id would be a new one.
      const isSame =
        ended.sku === order.sku && ended.quantity === order.quantity && ended.totalCents === order.totalCents;
      return isSame ? { ok: true, id, created: false } : conflict(id);
    }
    // In flight is more than open: stuck orders, and those whose end the order book has not read yet.
    const isKnown = this.#inFlight.has(id);
    if (!isKnown && this.#open.size >= openMax) {
      return { ok: false, code: 'TOO_MANY_ORDERS', message: `${openMax} orders are under way; try again shortly.` };
    }
    const input: OrderInput = { id, ...order };
    // Before the run exists: the books must never see the effects of an order that is not counted as in flight.
    if (!isKnown) {
      this.#open.add(id);
      this.#inFlight.set(id, input);
    }
    const forget = (): void => {
      if (isKnown) return;
      this.#open.delete(id);
      this.#inFlight.delete(id);
    };
    try {
      const { created } = await this.#engine.start(this.#saga, input, { id });
      if (!created) forget();
      return { ok: true, id, created };
    } catch (error) {
      forget();
      if ((error as { readonly code?: unknown }).code === 'SAGA_ID_CONFLICT') {
        return conflict(id);
      }
      throw error;
    }
  }

  async view(id: string): Promise<OrderView | undefined> {
    const journal = await this.#engine.journal(id);
    const order = contentOf(journal);
    if (journal !== null && order !== undefined) return { ...order, ...progress(journal, orderSteps) };
    const ended = this.#book.ended.get(id);
    return ended === undefined ? undefined : { ...ended, steps: [] };
  }

  async panel(): Promise<SagaPanel> {
    const views = await Promise.all(this.#recent.toReversed().map((id) => this.view(id)));
    return {
      running: this.#open.size,
      completed: this.#book.completed,
      compensated: this.#book.compensated,
      stuck: this.#stuck.size,
      recent: views.filter((view) => view !== undefined),
    };
  }

  /** Tries every stuck order again; answers how many. */
  async retryStuck(by: string): Promise<number> {
    const answers = await Promise.all([...this.#stuck].map((id) => this.#engine.resolve(id, { action: 'retry', by })));
    return answers.filter((answer) => answer === 'accepted').length;
  }

  /** Rejects when the engine cannot go on. */
  async check(): Promise<void> {
    await this.#engine.list({ limit: 1 });
  }

  /** Forgets the journals of orders that ended a while ago. */
  async prune(): Promise<number> {
    return await this.#engine.prune(this.#clock() - keepJournalMs);
  }

  async close(): Promise<void> {
    await this.#engine.close({ graceMs: 2000 });
    await this.#store.close();
    await this.#log.close();
  }

  #observe({ type, runId }: EngineEvent): void {
    if (runId === undefined) return;
    if (type === 'started') this.#recent = [...this.#recent.filter((id) => id !== runId), runId].slice(-recentMax);
    else if (type === 'stuck') {
      this.#open.delete(runId);
      this.#stuck.add(runId);
    } else if (type === 'claimed') {
      this.#stuck.delete(runId);
      this.#open.add(runId);
    } else if (type === 'ended') {
      this.#open.delete(runId);
      this.#stuck.delete(runId);
    }
  }

  /** Ordered by time: milliseconds, then a number within this process. */
  #newId(): string {
    this.#sequence = (this.#sequence + 1) % 36 ** 4;
    return `o-${this.#clock().toString(36).padStart(9, '0')}-${this.#sequence.toString(36).padStart(4, '0')}`;
  }
}

const conflict = (id: string): PlaceAnswer => ({
  ok: false,
  code: 'ID_CONFLICT',
  message: `Order ${id} exists and asks for something else.`,
});

/** What was ordered stands in the first entry of a journal. */
function contentOf(journal: Journal | null): Order | undefined {
  const first = journal?.entries[0]?.records[0];
  return first?.type === 'started' ? (first.input as unknown as Order) : undefined;
}

interface Parts {
  readonly stock: Stock;
  readonly payments: Payments;
  readonly events: EventsTopic;
  readonly book: OrderBook;
  readonly clock: () => number;
}
