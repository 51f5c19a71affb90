/**
 * The shop: opens all parts in the right order, ties them together, and shows their state.
 *
 * Data flows one way: HTTP -> shop -> parts; no part knows another, except the order saga, which is the place where
 * they meet. Opening replays every log first, then takes up what the last process left: products between two shards,
 * orders without an end.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { books } from './books.ts';
import { ProductPages } from './catalogue/product-pages.ts';
import { scanCatalogue, type Product } from './catalogue/scan.ts';
import { ProductSearch } from './catalogue/search.ts';
import { Crowd } from './crowd/crowd.ts';
import { FrontDoor } from './front-door.ts';
import type { Books, LiveState, Recovery, RingArcs, RingPanel } from './live-state.ts';
import { Consumer } from './orders/consumer.ts';
import { EventsTopic } from './orders/events.ts';
import { stepKey } from './orders/order-saga.ts';
import { Orders } from './orders/orders.ts';
import { OrderBook, Sales } from './orders/projections.ts';
import { Payments } from './payments.ts';
import { Stock } from './stock/stock.ts';

export const firstDeliveryUnits = 100;
/** A pause of the projections ends by itself. */
const pauseMaxMs = 30_000;
const pruneEveryTicks = 60;

export interface ShopOptions {
  readonly dataDir: string;
  /** The `node_modules` whose packages are sold. */
  readonly nodeModules: string;
  readonly onProgress?: (phase: 'reading' | 'indexing', done: number, total: number | undefined) => void;
  /** A part that can go on no more: the disk refused a write, say. The process should end. */
  readonly onFatal: (error: unknown) => void;
}

export interface Shop {
  readonly products: ReadonlyMap<string, Product>;
  readonly search: ProductSearch;
  readonly pages: ProductPages;
  readonly stock: Stock;
  readonly payments: Payments;
  readonly orders: Orders;
  readonly frontDoor: FrontDoor;
  readonly crowd: Crowd;
  readonly recovery: Recovery;
  books(): Books;
  state(): Promise<LiveState>;
  arcs(): RingArcs;
  pauseProjections(paused: boolean): void;
  close(): Promise<void>;
}

/** Rejects when a part cannot be opened; what was open by then is closed. */
export async function openShop(options: ShopOptions): Promise<Shop> {
  const { dataDir, onProgress } = options;
  let closing = false;
  // While closing, a handler that is still at work may find its log closed; that is no failure.
  const onFatal = (error: unknown): void => {
    if (!closing) options.onFatal(error);
  };
  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const part of opened.splice(0).reverse()) await part.close();
  };
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    opened.push(part);
    return part;
  };
  try {
    await mkdir(dataDir, { recursive: true });
    const clock = (): number => Date.now();
    // First of all, because its lock is the one that says whether another shop has this folder.
    const events = keep(await EventsTopic.open(path.join(dataDir, 'events'), clock));
    const eventsFound = events.stats().end - events.stats().start;
    const payments = keep(await Payments.open(path.join(dataDir, 'payments'), onFatal));
    const { stock, productsMoved } = await Stock.open(path.join(dataDir, 'stock'), onFatal);
    keep(stock);
    const orderBook = keep(new Consumer(events, new OrderBook(), onFatal));
    const sales = keep(new Consumer(events, new Sales(), onFatal));
    const consumers = [orderBook, sales];
    await Promise.all(consumers.map((consumer) => consumer.reaches(events.stats().end)));

    const products = await catalogue(options);
    const timer = (): number => performance.now();
    const search = keep(
      await ProductSearch.build(products, timer, (done) => onProgress?.('indexing', done, products.size)),
    );
    await stock.deliver([...products.keys()].filter((sku) => !stock.has(sku)), firstDeliveryUnits); // prettier-ignore

    const book = orderBook.projection;
    const { orders, resumed } = await Orders.open(path.join(dataDir, 'sagas'), {
      stock,
      payments,
      events,
      book,
      clock,
    });
    keep(orders);
    const cleanShutdown = stock.isNew ? null : events.closedInOrder;
    const recovery: Recovery = { cleanShutdown, events: eventsFound, ordersResumed: resumed, productsMoved };

    const frontDoor = new FrontDoor();
    const pages = new ProductPages(products, timer);
    const crowd = new Crowd();
    const startedMs = clock();
    let paused = false;
    let unpause: NodeJS.Timeout | undefined;

    const pauseProjections = (pause: boolean): void => {
      paused = pause;
      clearTimeout(unpause);
      for (const consumer of consumers) {
        if (pause) consumer.pause();
        else consumer.resume();
      }
      if (pause) unpause = setTimeout(() => pauseProjections(false), pauseMaxMs);
    };

    const currentBooks = (): Books =>
      books({
        shelves: stock.totals().values(),
        ledger: payments,
        orderBook: book,
        inFlight: Array.from(orders.inFlight(), ({ id, sku, quantity }) => ({
          heldCents: payments.heldCents(stepKey(id, 'charge')),
          soldUnits: stock.hasSold(sku, stepKey(id, 'reserve')) ? quantity : 0,
        })),
      });

    const ringPanel = (): RingPanel => {
      const shares = stock.ring.shares();
      const shards = [...stock.totals()].map(([id, { products: held, onHandUnits, soldUnits }]) => ({
        id,
        share: shares.get(id) ?? 0,
        products: held,
        onHandUnits,
        soldUnits,
      }));
      return { fingerprint: stock.ring.fingerprint, shards, moving: stock.progress, lastChange: stock.lastChange };
    };

    let ticks = 0;
    const tick = async (): Promise<void> => {
      frontDoor.tick(clock());
      pages.tick();
      ticks++;
      await orders.check();
      if (ticks % pruneEveryTicks === 0) await orders.prune();
      if (events.isLong && !paused) await events.bringForward(consumers);
    };
    const ticking = setInterval(() => void tick().catch(onFatal), 1000);

    return {
      products,
      search,
      pages,
      stock,
      payments,
      orders,
      frontDoor,
      crowd,
      recovery,
      books: currentBooks,
      pauseProjections,
      arcs: () => ({
        fingerprint: stock.ring.fingerprint,
        arcs: [...stock.ring.ranges()].map(({ start, end, node }) => ({ start, end, shard: node.id })),
      }),
      state: async () => {
        const sagas = await orders.panel();
        const log = events.stats();
        return {
          atMs: clock(),
          startedMs,
          gate: frontDoor.panel(),
          search: search.panel(),
          cache: pages.panel(),
          ring: ringPanel(),
          log: {
            start: log.start,
            end: log.end,
            durableOffset: log.durableOffset,
            bytes: log.bytes,
            segments: log.segments,
            appends: log.appends,
            syncs: log.syncs,
            consumers: consumers.map(({ name, position }) => ({ name, position, lag: log.end - position })),
            paused,
          },
          sagas,
          sales: { byMinute: sales.projection.byMinute(30), topProducts: sales.projection.topProducts(8) },
          books: currentBooks(),
          payments: { mode: payments.mode },
          crowd: crowd.view(),
          recovery,
        };
      },
      close: async () => {
        closing = true;
        clearInterval(ticking);
        clearTimeout(unpause);
        crowd.stop();
        await closeAll();
      },
    };
  } catch (error) {
    closing = true;
    await closeAll().catch(() => undefined);
    throw error;
  }
}

async function catalogue({ nodeModules, onProgress }: ShopOptions): Promise<ReadonlyMap<string, Product>> {
  const products = await scanCatalogue(nodeModules, (done) => onProgress?.('reading', done, undefined));
  if (products.length === 0) throw new Error(`There are no packages to sell in ${nodeModules}; run npm test or npm install there first.`); // prettier-ignore
  return new Map(products.map((product) => [product.sku, product]));
}
