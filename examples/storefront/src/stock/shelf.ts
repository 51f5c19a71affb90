/**
 * One shard of the stock: what is on hand, who has reserved some of it, and what was sold. The pure part.
 *
 * A command looks at the state and answers with events; nothing changes until they are applied. Reservations carry
 * the saga's idempotency key, and a key that was settled (sold or released) leaves a tombstone: asked twice, the
 * shelf does a thing once, and a reservation that arrives after its own release (a late answer, a slow network) is
 * refused instead of holding units for an order that no longer exists.
 *
 * Invariant, of every product at every moment: delivered = on hand + reserved + sold. Moving a product to another
 * shard moves all four with its tombstones, so the sums over all shards do not change.
 */
import type { Machine } from '../journaled.ts';

/** Tombstones kept for each product; the oldest go first. */
const settledMax = 500;

export interface Product {
  delivered: number;
  onHand: number;
  sold: number;
  /** Units by idempotency key. */
  readonly reserved: Map<string, number>;
  readonly settled: Map<string, 'sold' | 'released'>;
}

/** A product as it travels between shards. */
export interface ProductDump {
  readonly delivered: number;
  readonly onHand: number;
  readonly sold: number;
  readonly reserved: readonly (readonly [string, number])[];
  readonly settled: readonly (readonly [string, 'sold' | 'released'])[];
}

export type Shelf = Map<string, Product>;

export type ShelfEvent =
  | { readonly type: 'delivered'; readonly sku: string; readonly units: number }
  | { readonly type: 'reserved'; readonly sku: string; readonly key: string; readonly units: number }
  | { readonly type: 'released'; readonly sku: string; readonly key: string }
  | { readonly type: 'sold'; readonly sku: string; readonly key: string }
  | { readonly type: 'imported'; readonly sku: string; readonly product: ProductDump }
  | { readonly type: 'exported'; readonly sku: string };

/** What a command leads to: events to record, and what to say once they are durable. */
export interface Ruling<Answer extends string> {
  readonly events: readonly ShelfEvent[];
  readonly answer: Answer;
}

const say = <Answer extends string>(answer: Answer, ...events: ShelfEvent[]): Ruling<Answer> => ({ events, answer });

export type ReserveAnswer = 'reserved' | 'out-of-stock' | 'unknown-product' | 'already-released';

export function reserve(shelf: Shelf, sku: string, key: string, units: number): Ruling<ReserveAnswer> {
  const product = shelf.get(sku);
  if (product === undefined) return say('unknown-product');
  const settled = product.settled.get(key);
  if (settled === 'released') return say('already-released');
  if (settled === 'sold' || product.reserved.has(key)) return say('reserved');
  if (product.onHand < units) return say('out-of-stock');
  return say('reserved', { type: 'reserved', sku, key, units });
}

/** Also for a key that never arrived: the tombstone then refuses it when it comes late. */
export function release(shelf: Shelf, sku: string, key: string): Ruling<'released' | 'already-sold'> {
  const settled = shelf.get(sku)?.settled.get(key);
  if (settled === 'sold') return say('already-sold');
  if (settled === 'released' || !shelf.has(sku)) return say('released');
  return say('released', { type: 'released', sku, key });
}

export function sell(shelf: Shelf, sku: string, key: string): Ruling<'sold' | 'not-reserved'> {
  const product = shelf.get(sku);
  if (product?.settled.get(key) === 'sold') return say('sold');
  if (product?.reserved.has(key) !== true) return say('not-reserved');
  return say('sold', { type: 'sold', sku, key });
}

export const dumpProduct = (product: Product): ProductDump => ({
  delivered: product.delivered,
  onHand: product.onHand,
  sold: product.sold,
  reserved: [...product.reserved],
  settled: [...product.settled],
});

const restoreProduct = (dump: ProductDump): Product => ({
  ...dump,
  reserved: new Map(dump.reserved),
  settled: new Map(dump.settled),
});

const emptyProduct = (): Product => ({ delivered: 0, onHand: 0, sold: 0, reserved: new Map(), settled: new Map() });

function settle(product: Product, key: string, how: 'sold' | 'released'): number {
  const units = product.reserved.get(key) ?? 0;
  product.reserved.delete(key);
  product.settled.set(key, how);
  for (const oldest of product.settled.keys()) {
    if (product.settled.size <= settledMax) break;
    product.settled.delete(oldest);
  }
  return units;
}

function apply(shelf: Shelf, event: ShelfEvent): void {
  if (event.type === 'imported') {
    shelf.set(event.sku, restoreProduct(event.product));
    return;
  }
  if (event.type === 'exported') {
    shelf.delete(event.sku);
    return;
  }
  let product = shelf.get(event.sku);
  if (product === undefined) shelf.set(event.sku, (product = emptyProduct()));
  switch (event.type) {
    case 'delivered':
      product.delivered += event.units;
      product.onHand += event.units;
      break;
    case 'reserved':
      product.onHand -= event.units;
      product.reserved.set(event.key, event.units);
      break;
    case 'released':
      product.onHand += settle(product, event.key, 'released');
      break;
    case 'sold':
      product.sold += settle(product, event.key, 'sold');
      break;
  }
}

export const shelfMachine: Machine<Shelf, ShelfEvent> = {
  initial: () => new Map(),
  apply,
  dump: (shelf) => [...shelf].map(([sku, product]) => [sku, dumpProduct(product)] as const),
  restore: (dumped: readonly (readonly [string, ProductDump])[]) =>
    new Map(dumped.map(([sku, product]) => [sku, restoreProduct(product)])),
};

/** Sums over one shelf. */
export interface ShelfTotals {
  readonly products: number;
  readonly deliveredUnits: number;
  readonly onHandUnits: number;
  readonly reservedUnits: number;
  readonly soldUnits: number;
}

/** The products that `counts` takes, by default all. */
export function totals(shelf: Shelf, counts: (sku: string) => boolean = () => true): ShelfTotals {
  let [products, deliveredUnits, onHandUnits, reservedUnits, soldUnits] = [0, 0, 0, 0, 0];
  for (const [sku, product] of shelf) {
    if (!counts(sku)) continue;
    products++;
    deliveredUnits += product.delivered;
    onHandUnits += product.onHand;
    soldUnits += product.sold;
    for (const units of product.reserved.values()) reservedUnits += units;
  }
  return { products, deliveredUnits, onHandUnits, reservedUnits, soldUnits };
}
