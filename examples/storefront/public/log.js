/**
 * Events: the log's offsets, who has read how far, and what the projections make of it.
 *
 * A lag of twenty in a log of a million is no pixel wide. So the bars show the log's tail only, a window that grows in
 * powers of two until the slowest consumer is inside: filled is read, hatched is still to read.
 */
import { fieldsOf, keyedList, make, panel, setText } from './dom.js';
import { bytes, count, dollars, plural } from './format.js';
import { salesChart } from './charts.js';

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */
/** @typedef {import('../src/live-state.ts').LogPanel} LogPanel */
/** @typedef {import('../src/live-state.ts').SalesPanel} SalesPanel */

const WINDOW_MIN = 64;

/** @returns {(state: LiveState) => void} */
export function logPanel() {
  const field = fieldsOf(panel('events'));
  const sales = salesChart(field('sales-chart'), field('sales-readout'));
  const tail = tailBars(field('consumers'));
  const top = topList(field('top'));

  return ({ log, sales: taken }) => {
    const lag = Math.max(0, ...log.consumers.map((consumer) => consumer.lag));
    setText(field('offsets'), `${count(log.start)} … ${count(log.end)}`);
    setText(field('durable'), count(log.durableOffset));
    setText(field('lag'), count(lag));
    field('lag').dataset.value = String(lag);
    setText(field('appends'), count(log.appends));
    setText(field('syncs'), count(log.syncs));
    setText(field('per-sync'), log.syncs > 0 ? `${(log.appends / log.syncs).toFixed(1)} a sync` : '');
    setText(field('bytes'), bytes(log.bytes));
    setText(field('segments'), plural(log.segments, 'segment'));

    const from = tailFrom(log, lag);
    setText(field('tail-from'), `offset ${count(from)}`);
    setText(field('tail-to'), `end ${count(log.end)}`);
    tail(log, from);

    setText(field('pause'), log.paused ? 'Resume the projections' : 'Pause the projections');
    field('pause').setAttribute('aria-pressed', String(log.paused));

    sales(taken.byMinute);
    top(taken.topProducts);
    field('sales-empty').hidden = taken.byMinute.length > 0;
    field('top-empty').hidden = taken.topProducts.length > 0;
  };
}

/**
 * @param {LogPanel} log
 * @param {number} lag
 * @returns {number} the first offset of the window that the bars show
 */
function tailFrom({ start, end }, lag) {
  let window = WINDOW_MIN;
  while (window < lag * 1.1) window *= 2;
  return Math.max(start, end - window);
}

/**
 * @param {HTMLElement} list
 * @returns {(log: LogPanel, from: number) => void}
 */
function tailBars(list) {
  let from = 0;
  let end = 0;
  const show = keyedList(
    list,
    (/** @type {LogPanel['consumers'][number]} */ consumer) => consumer.name,
    ({ name }) => {
      const row = make('li');
      const track = make('span', 'tail-track');
      const read = make('i', 'tail-read');
      track.append(read);
      const position = make('span', 'num');
      const lag = make('span', 'num tail-lag');
      lag.dataset.testid = `consumer-lag-${name}`;
      row.append(make('span', 'tail-name', name), track, position, lag);
      return {
        row,
        update: (consumer) => {
          const share = end > from ? (consumer.position - from) / (end - from) : 1;
          read.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
          setText(position, `at ${count(consumer.position)}`);
          setText(lag, `lag ${count(consumer.lag)}`);
          row.classList.toggle('behind', consumer.lag > 0);
        },
      };
    },
  );
  return (log, windowFrom) => {
    from = windowFrom;
    end = log.end;
    show(log.consumers);
  };
}

/**
 * @param {HTMLElement} list
 * @returns {(products: SalesPanel['topProducts']) => void}
 */
function topList(list) {
  let best = 1;
  const show = keyedList(
    list,
    (/** @type {SalesPanel['topProducts'][number]} */ product) => product.sku,
    ({ sku }) => {
      const row = make('li');
      const bar = make('i', 'top-bar');
      const name = make('a', 'top-name', sku);
      name.setAttribute('href', `#/package/${sku}`);
      name.title = sku;
      const units = make('span', 'num');
      const money = make('span', 'num muted');
      row.append(bar, name, units, money);
      return {
        row,
        update: (product) => {
          bar.style.width = `${(product.units / best) * 100}%`;
          setText(units, count(product.units));
          setText(money, dollars(product.cents));
        },
      };
    },
  );
  return (products) => {
    best = Math.max(1, ...products.map((product) => product.units));
    show(products);
  };
}
