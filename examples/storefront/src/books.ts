/**
 * The books: two sums that must add up, taken from parts of the shop that share no code and no file. Pure.
 *
 * Each change takes effect in memory as it is handed to its log, so the sums hold at every instant, also in the
 * middle of an order: what an order under way has charged or been shipped is counted by asking the ledger and the
 * shelf about exactly that order.
 */
import type { Books } from './live-state.ts';
import type { ShelfTotals } from './stock/shelf.ts';

/** What the ledger and the shelf know of an order that the order book has not counted as ended. */
export interface InFlight {
  readonly heldCents: number;
  readonly soldUnits: number;
}

export interface BookSources {
  readonly shelves: Iterable<ShelfTotals>;
  readonly ledger: { readonly chargedCents: number; readonly refundedCents: number };
  readonly orderBook: { readonly completedUnits: number; readonly completedCents: number };
  readonly inFlight: Iterable<InFlight>;
}

export function books({ shelves, ledger, orderBook, inFlight }: BookSources): Books {
  const stock = { deliveredUnits: 0, onHandUnits: 0, reservedUnits: 0, soldUnits: 0 };
  for (const shelf of shelves) {
    stock.deliveredUnits += shelf.deliveredUnits;
    stock.onHandUnits += shelf.onHandUnits;
    stock.reservedUnits += shelf.reservedUnits;
    stock.soldUnits += shelf.soldUnits;
  }
  let inFlightCents = 0;
  let orderedUnits = orderBook.completedUnits;
  for (const { heldCents, soldUnits } of inFlight) {
    inFlightCents += heldCents;
    orderedUnits += soldUnits;
  }
  const { chargedCents, refundedCents } = ledger;
  const { completedCents } = orderBook;
  return {
    stock: {
      ...stock,
      orderedUnits,
      balanced:
        stock.deliveredUnits === stock.onHandUnits + stock.reservedUnits + stock.soldUnits &&
        stock.soldUnits === orderedUnits,
    },
    money: {
      chargedCents,
      refundedCents,
      completedCents,
      inFlightCents,
      balanced: chargedCents - refundedCents === completedCents + inFlightCents,
    },
  };
}
