/**
 * What the events topic adds up to: two folds, the pure part of the two consumers.
 *
 * `orderBook` knows which orders are open and what the ended ones came to; `sales` knows minutes and products. Both
 * count an order once however often its events come: a placing counts if the order was not seen, an end counts if the
 * order is open. A repeated placing of an order that ended is told apart by remembering the last ends; repeats come
 * only right after a crash, so remembering some thousands is far more than enough.
 */
import type { Order, ShopEvent } from './events.ts';

/** Ended orders that can still be looked up, and are known when their events repeat. */
const endedMax = 5000;
const minutesMax = 120;

export interface EndedOrder extends Order {
  readonly status: 'completed' | 'compensated';
  readonly startedMs: number;
  readonly endedMs: number;
  readonly reason?: string;
}

export interface OpenOrder extends Order {
  readonly startedMs: number;
}

/** A consumer's state and how it folds. `load` takes over what `dump` of another gave. */
export interface Projection {
  readonly name: string;
  apply(event: ShopEvent): void;
  dump(): unknown;
}

interface OrderBookDump {
  readonly open: readonly OpenOrder[];
  readonly ended: readonly EndedOrder[];
  readonly completed: number;
  readonly compensated: number;
  readonly completedUnits: number;
  readonly completedCents: number;
}

export class OrderBook implements Projection {
  readonly name = 'order-book';
  readonly open = new Map<string, OpenOrder>();
  readonly ended = new Map<string, EndedOrder>();
  completed = 0;
  compensated = 0;
  completedUnits = 0;
  completedCents = 0;
  /** Hears of every order whose end was read. */
  onEnded: ((id: string) => void) | undefined;

  apply(event: ShopEvent): void {
    switch (event.type) {
      case 'order-placed': {
        const { order, atMs } = event;
        if (!this.open.has(order.id) && !this.ended.has(order.id))
          this.open.set(order.id, { ...order, startedMs: atMs });
        break;
      }
      case 'order-completed': {
        const order = this.#end(event.id, event.atMs, 'completed');
        if (order === undefined) break;
        this.completed++;
        this.completedUnits += order.quantity;
        this.completedCents += order.totalCents;
        break;
      }
      case 'order-cancelled':
        if (this.#end(event.id, event.atMs, 'compensated', event.reason) !== undefined) this.compensated++;
        break;
      case 'brought-forward':
        this.#load(event.folds[this.name] as OrderBookDump);
        break;
    }
  }

  dump(): OrderBookDump {
    const { completed, compensated, completedUnits, completedCents } = this;
    const [open, ended] = [[...this.open.values()], [...this.ended.values()]];
    return { open, ended, completed, compensated, completedUnits, completedCents };
  }

  #end(id: string, atMs: number, status: EndedOrder['status'], reason?: string): OpenOrder | undefined {
    this.onEnded?.(id);
    const order = this.open.get(id);
    if (order === undefined) return undefined;
    this.open.delete(id);
    this.ended.set(id, { ...order, status, endedMs: atMs, ...(reason === undefined ? {} : { reason }) });
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= endedMax) break;
      this.ended.delete(oldest);
    }
    return order;
  }

  #load(dump: OrderBookDump): void {
    this.open.clear();
    this.ended.clear();
    for (const order of dump.open) this.open.set(order.id, order);
    for (const order of dump.ended) this.ended.set(order.id, order);
    const { completed, compensated, completedUnits, completedCents } = dump;
    Object.assign(this, { completed, compensated, completedUnits, completedCents });
  }
}

export interface MinuteSales {
  readonly minuteMs: number;
  readonly orders: number;
  readonly cents: number;
}

export interface ProductSales {
  readonly sku: string;
  readonly units: number;
  readonly cents: number;
}

interface SalesDump {
  readonly open: readonly Order[];
  readonly recent: readonly string[];
  readonly minutes: readonly MinuteSales[];
  readonly products: readonly ProductSales[];
}

export class Sales implements Projection {
  readonly name = 'sales';
  readonly #open = new Map<string, Order>();
  readonly #recent = new Set<string>();
  readonly #minutes = new Map<number, MinuteSales>();
  /** As many as the catalogue has had products. */
  readonly #products = new Map<string, ProductSales>();

  apply(event: ShopEvent): void {
    switch (event.type) {
      case 'order-placed':
        if (!this.#recent.has(event.order.id)) this.#open.set(event.order.id, event.order);
        break;
      case 'order-completed': {
        const order = this.#end(event.id);
        if (order !== undefined) this.#sold(order, event.atMs);
        break;
      }
      case 'order-cancelled':
        this.#end(event.id);
        break;
      case 'brought-forward':
        this.#load(event.folds[this.name] as SalesDump);
        break;
    }
  }

  /** The last minutes that had sales, oldest first. */
  byMinute(limit: number): MinuteSales[] {
    // Sorted, because a clock that is set back makes an earlier minute come later.
    return [...this.#minutes.values()].sort((a, b) => a.minuteMs - b.minuteMs).slice(-limit);
  }

  /** Most units first. O(products log products). */
  topProducts(limit: number): ProductSales[] {
    return [...this.#products.values()].sort((a, b) => b.units - a.units || b.cents - a.cents).slice(0, limit);
  }

  dump(): SalesDump {
    return {
      open: [...this.#open.values()],
      recent: [...this.#recent],
      minutes: [...this.#minutes.values()],
      products: [...this.#products.values()],
    };
  }

  #end(id: string): Order | undefined {
    const order = this.#open.get(id);
    this.#open.delete(id);
    this.#recent.add(id);
    for (const oldest of this.#recent) {
      if (this.#recent.size <= endedMax) break;
      this.#recent.delete(oldest);
    }
    return order;
  }

  #sold({ sku, quantity, totalCents }: Order, atMs: number): void {
    const minuteMs = Math.floor(atMs / 60_000) * 60_000;
    const minute = this.#minutes.get(minuteMs) ?? { minuteMs, orders: 0, cents: 0 };
    this.#minutes.set(minuteMs, { minuteMs, orders: minute.orders + 1, cents: minute.cents + totalCents });
    for (const oldest of this.#minutes.keys()) {
      if (this.#minutes.size <= minutesMax) break;
      this.#minutes.delete(oldest);
    }
    const product = this.#products.get(sku) ?? { sku, units: 0, cents: 0 };
    this.#products.set(sku, { sku, units: product.units + quantity, cents: product.cents + totalCents });
  }

  #load(dump: SalesDump): void {
    this.#open.clear();
    this.#recent.clear();
    this.#minutes.clear();
    this.#products.clear();
    for (const order of dump.open) this.#open.set(order.id, order);
    for (const id of dump.recent) this.#recent.add(id);
    for (const minute of dump.minutes) this.#minutes.set(minute.minuteMs, minute);
    for (const product of dump.products) this.#products.set(product.sku, product);
  }
}
