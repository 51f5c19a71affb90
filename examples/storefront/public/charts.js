/**
 * The charts: uPlot on a canvas, coloured by the page's own CSS variables so that light and dark are one set of charts.
 *
 * Axes have a fixed size and scales move in round steps: a value that grows by one must not move the picture.
 */
import uPlot from '/vendor/uplot/uPlot.esm.js';
import { dollars, minuteOf, plural, short } from './format.js';

/** @typedef {import('../src/live-state.ts').GateSample} GateSample */
/** @typedef {import('../src/live-state.ts').SalesPanel} SalesPanel */

const WINDOW_S = 120;
const BARS = 30;

/** @param {string} name of a CSS variable */
const colour = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * The least of 1, 2, 5 times a power of ten that holds `value`.
 *
 * @param {number} value
 * @param {number} least
 */
export function roundUp(value, least) {
  if (value <= least) return least;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

/**
 * A chart that fills its place and follows the place's size and the colour scheme.
 *
 * @param {HTMLElement} place
 * @param {Record<string, any>} options of uPlot, without its size
 * @param {any} data
 */
function chartIn(place, options, data) {
  const size = () => ({ width: Math.max(40, place.clientWidth), height: Math.max(24, place.clientHeight) });
  const chart = new uPlot({ legend: { show: false }, series: [], ...size(), ...options }, data, place);
  new ResizeObserver(() => chart.setSize(size())).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => chart.redraw(false, true));
  return chart;
}

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const axis = {
  stroke: colour('--muted'),
  font: FONT,
  ticks: { show: false },
  grid: { stroke: colour('--line'), width: 1 },
};
const yAxis = {
  ...axis,
  size: 44,
  gap: 6,
  splits: (/** @type {any} */ chart) => [0, chart.scales.y.max / 2, chart.scales.y.max],
};
const crosshair = { y: false, drag: { x: false, y: false }, points: { show: false } };

/**
 * Admitted and rejected requests a second, stacked: the upper edge is what came to the door.
 *
 * @param {HTMLElement} place
 * @param {HTMLElement} readout tells the second under the pointer
 * @returns {(samples: readonly GateSample[]) => void}
 */
export function gateChart(place, readout) {
  const tell = (/** @type {any} */ chart) => {
    const at = chart.cursor.idx;
    const [seconds, total, admitted] = chart.data;
    readout.textContent =
      at === null || at === undefined || seconds[at] === undefined
        ? ''
        : `${seconds[at] === 0 ? 'now' : `${-seconds[at]} s ago`}: ${admitted[at]} admitted, ${total[at] - admitted[at]} rejected`;
  };
  const chart = chartIn(
    place,
    {
      padding: [8, 16, 0, 0],
      cursor: crosshair,
      scales: {
        x: { time: false, range: [-WINDOW_S, 0] },
        y: {
          range: (/** @type {any} */ _, /** @type {number} */ _min, /** @type {number} */ max) => [0, roundUp(max, 10)],
        },
      },
      axes: [
        {
          ...axis,
          size: 22,
          gap: 4,
          splits: () => [-120, -90, -60, -30, 0],
          values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map((s) => (s === 0 ? 'now' : `−${-s} s`)),
        },
        { ...yAxis, values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map(short) },
      ],
      series: [
        {},
        { stroke: colour('--bad'), width: 1.5, points: { show: false } },
        { stroke: colour('--accent'), width: 1.5, fill: colour('--accent-fill'), points: { show: false } },
      ],
      bands: [{ series: [1, 2], fill: colour('--bad-fill') }],
      hooks: { setCursor: [tell], setData: [tell] },
    },
    [[], [], []],
  );
  return (samples) => {
    const latest = samples.at(-1)?.atMs ?? 0;
    chart.setData([
      samples.map((sample) => Math.round((sample.atMs - latest) / 1000)),
      samples.map((sample) => sample.admitted + sample.rejected),
      samples.map((sample) => sample.admitted),
    ]);
  };
}

/**
 * The hit ratio of each second since the page was opened, at most two minutes of it.
 *
 * @param {HTMLElement} place
 * @returns {(ratio: number | null) => void} one call a second
 */
export function ratioChart(place) {
  /** @type {(number | null)[]} */
  const ratios = Array.from({ length: WINDOW_S }, () => null);
  const seconds = ratios.map((_, at) => at);
  const chart = chartIn(
    place,
    {
      padding: [4, 0, 4, 0],
      cursor: { show: false },
      scales: { x: { time: false, range: [0, WINDOW_S - 1] }, y: { range: [0, 1] } },
      axes: [{ show: false }, { ...axis, show: true, size: 0, splits: () => [0, 0.5, 1], values: () => ['', '', ''] }],
      series: [{}, { stroke: colour('--accent'), width: 1.5, fill: colour('--accent-fill'), points: { show: false } }],
    },
    [seconds, ratios],
  );
  return (ratio) => {
    ratios.shift();
    ratios.push(ratio);
    chart.setData([seconds, ratios]);
  };
}

/**
 * Money taken in each of the last minutes that had sales, the latest at the right.
 *
 * @param {HTMLElement} place
 * @param {HTMLElement} readout tells the minute under the pointer
 * @returns {(minutes: SalesPanel['byMinute']) => void}
 */
export function salesChart(place, readout) {
  /** @type {(SalesPanel['byMinute'][number] | undefined)[]} */
  let slots = [];
  const tell = (/** @type {any} */ chart) => {
    const minute = slots[chart.cursor.idx ?? -1];
    readout.textContent = minute
      ? `${minuteOf(minute.minuteMs)}: ${plural(minute.orders, 'order')}, ${dollars(minute.cents)}`
      : '';
  };
  const label = (/** @type {number} */ at) => {
    const minute = slots[at];
    return minute ? minuteOf(minute.minuteMs) : '';
  };
  const chart = chartIn(
    place,
    {
      padding: [8, 8, 0, 0],
      cursor: { ...crosshair, x: false },
      scales: {
        x: { time: false, range: [-0.6, BARS - 0.4] },
        y: {
          range: (/** @type {any} */ _, /** @type {number} */ _min, /** @type {number} */ max) => [0, roundUp(max, 10)],
        },
      },
      axes: [
        {
          ...axis,
          size: 22,
          gap: 4,
          grid: { show: false },
          splits: () => [2, 11, 20, 28],
          values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map(label),
        },
        {
          ...yAxis,
          size: 52,
          values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map((v) => `$${short(v)}`),
        },
      ],
      series: [
        {},
        {
          stroke: colour('--accent'),
          fill: colour('--accent'),
          width: 0,
          paths: uPlot.paths.bars?.({ size: [0.72, 40, 2], radius: 0.12 }),
          points: { show: false },
        },
      ],
      hooks: { setCursor: [tell], setData: [tell] },
    },
    [[], []],
  );
  return (minutes) => {
    const shown = minutes.slice(-BARS);
    slots = [...Array.from({ length: BARS - shown.length }, () => undefined), ...shown];
    chart.setData([slots.map((_, at) => at), slots.map((minute) => (minute ? minute.cents / 100 : null))]);
  };
}
