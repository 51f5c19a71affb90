/**
 * Charts by uPlot, in the colours of the page: a minute of seconds, which moves to the left.
 *
 * A chart is made anew when the colour scheme changes, because a canvas does not follow it.
 */
import uPlot from './vendor/uplot/uPlot.esm.js';

export const SECONDS = 60;
const HEIGHT = 220;

/** Seconds before now: the last one is 0. */
export const times = Array.from({ length: SECONDS }, (_, i) => i - SECONDS + 1);

/**
 * @param {string} name of a custom property of the page
 * @returns {string}
 */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** What all axes share. */
export const axis = () => ({
  stroke: colour('--muted'),
  font: '12px system-ui, sans-serif',
  grid: { stroke: colour('--line'), width: 1 },
  ticks: { show: false },
});

/** The axis of seconds. */
export const timeAxis = () => ({
  ...axis(),
  grid: { show: false },
  values: (/** @type {unknown} */ _, /** @type {number[]} */ seconds) =>
    seconds.map((second) => (second === 0 ? 'now' : `${-second} s`)),
});

/**
 * A list as long as the minute, with nothing where there was nothing yet.
 *
 * @template T
 * @param {readonly T[]} history
 * @returns {(T | null)[]}
 */
export const padded = (history) => [...Array(SECONDS - history.length).fill(null), ...history];

/**
 * @param {HTMLElement} place
 * @param {() => Record<string, unknown>} options of uPlot, but for the size
 * @returns {(data: readonly (readonly (number | null)[])[]) => void}
 */
export function chartIn(place, options) {
  /** @type {{ setData(data: unknown): void, setSize(size: { width: number, height: number }): void, destroy(): void } | undefined} */
  let plot;
  /** @type {readonly (readonly (number | null)[])[] | undefined} */
  let last;
  const size = () => ({ width: place.clientWidth, height: HEIGHT });
  const build = () => {
    plot?.destroy();
    plot = undefined;
    if (last === undefined || place.clientWidth === 0) return;
    plot = new uPlot({ ...size(), legend: { show: false }, cursor: { show: false }, ...options() }, last, place);
  };
  new ResizeObserver(() => (plot === undefined ? build() : plot.setSize(size()))).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build);
  return (data) => {
    last = data;
    if (plot === undefined) build();
    else plot.setData(data);
  };
}
