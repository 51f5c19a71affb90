/**
 * The books: two equations in the shop's own numbers.
 *
 * The verdict is the server's; the page adds by how much a side is off, because "not balanced" alone helps nobody.
 * After a restart the last figures seen from the process before stand below: nothing acknowledged may be missing.
 */
import { fieldsOf, panel, setText } from './dom.js';
import { count, dollars, plural, timeOf } from './format.js';

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */
/** @typedef {import('../src/live-state.ts').Books} Books */

/** @returns {(state: LiveState) => void} */
export function booksPanel() {
  const field = fieldsOf(panel('books'));
  /** @type {LiveState | undefined} */
  let last;
  /** @type {LiveState | undefined} the last state of the process before this one */
  let before;

  /**
   * @param {'stock' | 'money'} which
   * @param {boolean} balanced
   * @param {string} off
   */
  const judge = (which, balanced, off) => {
    field(`books-${which}`).dataset.balanced = String(balanced);
    setText(field(`${which}-verdict`), balanced ? '✓ balanced' : `✗ not balanced${off}`);
  };

  return (state) => {
    if (last && last.startedMs !== state.startedMs) before = last;
    last = state;
    const { stock, money } = state.books;

    setText(field('delivered'), count(stock.deliveredUnits));
    setText(field('on-hand'), count(stock.onHandUnits));
    setText(field('reserved'), count(stock.reservedUnits));
    setText(field('sold'), count(stock.soldUnits));
    setText(field('ordered'), count(stock.orderedUnits));
    judge('stock', stock.balanced, unitsOff(stock));

    setText(field('charged'), dollars(money.chargedCents));
    setText(field('refunded'), dollars(money.refundedCents));
    setText(field('completed'), dollars(money.completedCents));
    setText(field('in-flight'), dollars(money.inFlightCents));
    judge('money', money.balanced, centsOff(money));

    field('before').hidden = before === undefined;
    if (before) setText(field('before'), comparison(before, state));
  };
}

/** @param {Books['stock']} stock */
function unitsOff({ deliveredUnits, onHandUnits, reservedUnits, soldUnits, orderedUnits }) {
  const shelf = deliveredUnits - onHandUnits - reservedUnits - soldUnits;
  const sales = soldUnits - orderedUnits;
  const off = shelf === 0 ? sales : shelf;
  return off === 0 ? '' : `: off by ${plural(Math.abs(off), 'unit')}`;
}

/** @param {Books['money']} money */
function centsOff({ chargedCents, refundedCents, completedCents, inFlightCents }) {
  const off = chargedCents - refundedCents - completedCents - inFlightCents;
  return off === 0 ? '' : `: off by ${dollars(Math.abs(off))}`;
}

/**
 * @param {LiveState} before
 * @param {LiveState} now
 */
function comparison(before, now) {
  /** @param {LiveState} state */
  const figures = ({ sagas, books }) =>
    `${count(sagas.completed)} completed orders, ${count(books.stock.soldUnits)} units sold, ${dollars(books.money.completedCents)} taken`;
  return `Last seen of the process before, at ${timeOf(before.atMs)}: ${figures(before)}. Now: ${figures(now)}.`;
}
