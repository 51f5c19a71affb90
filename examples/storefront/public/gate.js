/** The front door: what came, what was let in, and how the last flash crowd fared. */
import { fieldsOf, keyedList, make, panel, setText } from './dom.js';
import { count, duration } from './format.js';
import { gateChart } from './charts.js';

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */
/** @typedef {import('../src/live-state.ts').CrowdView} CrowdView */

/** @returns {(state: LiveState) => void} */
export function gatePanel() {
  const field = fieldsOf(panel('gate'));
  const chart = gateChart(field('gate-chart'), field('gate-readout'));
  const limits = keyedList(
    field('limits'),
    (/** @type {string} */ limit) => limit,
    (limit) => ({ row: make('li', '', limit), update: () => undefined }),
  );
  const crowd = crowdLine(field('crowd'));

  return (state) => {
    const { gate } = state;
    const now = gate.samples.at(-1);
    setText(field('admitted'), count(gate.admittedTotal));
    setText(field('rejected'), count(gate.rejectedTotal));
    setText(field('admitted-now'), count(now?.admitted ?? 0));
    setText(field('rejected-now'), count(now?.rejected ?? 0));
    chart(gate.samples);
    limits(gate.limits);
    crowd(state.crowd);
  };
}

/**
 * @param {HTMLElement} line
 * @returns {(crowd: CrowdView | null) => void}
 */
function crowdLine(line) {
  const title = make('b');
  const hint = make('span', 'muted', 'Forty impatient clients for ten seconds: the button is above.');
  const figures = make('dl', 'figures');
  const show = keyedList(
    figures,
    (/** @type {readonly [string, string]} */ [name]) => name,
    ([name]) => {
      const row = make('div');
      const value = make('dd');
      row.append(make('dt', '', name), value);
      return { row, update: ([, text]) => setText(value, text) };
    },
  );
  line.append(title, hint, figures);

  return (crowd) => {
    hint.hidden = crowd !== null;
    figures.hidden = crowd === null;
    setText(title, titleOf(crowd));
    if (!crowd) return;
    show([
      ['sent', count(crowd.sent)],
      ['admitted', count(crowd.admitted)],
      ['rejected', count(crowd.rejected)],
      ['orders', count(crowd.orders)],
      ['failed', count(crowd.failed)],
      ['p50', duration(crowd.p50Ms)],
      ['p99', duration(crowd.p99Ms)],
    ]);
  };
}

/** @param {CrowdView | null} crowd */
function titleOf(crowd) {
  if (!crowd) return 'No flash crowd yet';
  if (!crowd.running) return `Last crowd, ${crowd.clients} clients`;
  return `Crowd of ${crowd.clients}: ${crowd.leftMs > 0 ? `${Math.ceil(crowd.leftMs / 1000)} s left` : 'going home'}`;
}
