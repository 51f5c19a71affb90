/** What becomes of requests: a stack of outcomes, the good one at the bottom, so that its height is its number. */
import { axis, chartIn, colour, padded, timeAxis, times } from './chart.js';
import { make, setText } from './kit/dom.js';
import { count, NONE } from './kit/format.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */
/** @typedef {import('../src/load/outcomes.ts').OutcomeName} OutcomeName */

/** @type {readonly { label: string, colour: string, of: readonly OutcomeName[] }[]} from the bottom to the top */
const LAYERS = [
  { label: 'answered in time', colour: '--ok', of: ['ok'] },
  { label: 'too late, or given up', colour: '--late', of: ['late', 'gaveUp'] },
  { label: 'shed at once (503)', colour: '--shed', of: ['shed'] },
  { label: 'over a limit (429)', colour: '--limited', of: ['limited'] },
  { label: 'failed', colour: '--failed', of: ['failed'] },
];

/**
 * @param {(name: string) => HTMLElement} field
 * @returns {(feed: Feed) => void}
 */
export function outcomesPanel(field) {
  const values = LAYERS.map(({ label, colour: name }) => {
    const swatch = make('span', 'swatch');
    swatch.style.background = `var(${name})`;
    const value = make('b', 'num', NONE);
    const item = make('li');
    item.append(swatch, make('span', '', label), value);
    field('legend').append(item);
    return value;
  });
  // Stacked: each series is the sum up to it, and fills down to the one below.
  const draw = chartIn(field('outcomes-chart'), () => ({
    scales: {
      x: { time: false },
      y: {
        range: (/** @type {unknown} */ _, /** @type {number} */ __, /** @type {number} */ most) => [
          0,
          Math.max(10, most * 1.08),
        ],
      },
    },
    axes: [timeAxis(), axis()],
    series: [
      {},
      ...LAYERS.map(({ colour: name }, i) => ({
        stroke: colour(name),
        width: 1,
        points: { show: false },
        ...(i === 0 ? { fill: colour(name) } : {}),
      })),
    ],
    bands: LAYERS.slice(1).map(({ colour: name }, i) => ({ series: [i + 2, i + 1], fill: colour(name) })),
  }));
  return ({ history, capacityPerSecond }) => {
    const layers = LAYERS.map(({ of }) => history.map(({ rates }) => of.reduce((sum, name) => sum + rates[name], 0)));
    const sums = layers.map((_, i) =>
      history.map((_, second) => layers.slice(0, i + 1).reduce((sum, layer) => sum + (layer[second] ?? 0), 0)),
    );
    draw([times, ...sums.map(padded)]);
    for (const [i, value] of values.entries()) {
      const last = layers[i]?.at(-1);
      setText(value, last === undefined ? NONE : count(last));
    }
    const ok = history.at(-1)?.rates.ok;
    setText(field('ok'), ok === undefined ? NONE : count(ok));
    field('ok').dataset.value = String(ok ?? '');
    setText(field('capacity'), count(capacityPerSecond));
  };
}
