/** What feedback finds: the concurrency limit and the latency it keeps, each with its own axis, and breaker marks. */
import { axis, chartIn, colour, padded, SECONDS, timeAxis, times } from './chart.js';
import { setText } from './kit/dom.js';
import { count, NONE } from './kit/format.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */

/**
 * @param {(name: string) => HTMLElement} field
 * @returns {(feed: Feed) => void}
 */
export function feedbackPanel(field) {
  /** @type {readonly { at: number, isOpen: boolean }[]} */
  let marks = [];
  const fromZero = (/** @type {unknown} */ _, /** @type {number} */ __, /** @type {number} */ most) => [
    0,
    Math.max(10, most * 1.1),
  ];
  const draw = chartIn(field('feedback-chart'), () => ({
    scales: { x: { time: false }, limit: { range: fromZero }, ms: { range: fromZero } },
    axes: [
      timeAxis(),
      { ...axis(), scale: 'limit', stroke: colour('--limit') },
      {
        ...axis(),
        scale: 'ms',
        side: 1,
        grid: { show: false },
        stroke: colour('--latency'),
        size: 58,
        values: (/** @type {unknown} */ _, /** @type {number[]} */ values) => values.map((value) => `${value} ms`),
      },
    ],
    series: [
      {},
      { scale: 'limit', stroke: colour('--limit'), width: 2, points: { show: false } },
      { scale: 'ms', stroke: colour('--latency'), width: 2, dash: [5, 4], points: { show: false } },
    ],
    hooks: {
      draw: [
        (/** @type {any} */ plot) => {
          const { ctx, bbox } = plot;
          for (const { at, isOpen } of marks) {
            const x = plot.valToPos(at, 'x', true);
            ctx.strokeStyle = colour(isOpen ? '--bad' : '--good');
            ctx.lineWidth = 2 * window.devicePixelRatio;
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
          }
        },
      ],
    },
  }));
  return ({ history }) => {
    const first = SECONDS - history.length;
    marks = history.flatMap((second, i) =>
      second.marks.map((mark) => ({ at: times[first + i] ?? 0, isOpen: mark === 'breaker-open' })),
    );
    draw([times, padded(history.map(({ limit }) => limit)), padded(history.map(({ p99Ms }) => p99Ms))]);
    const limit = history.at(-1)?.limit ?? null;
    setText(field('limit'), limit === null ? NONE : count(limit));
    field('limit').dataset.value = String(limit ?? '');
  };
}
