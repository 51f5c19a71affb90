/**
 * The hit ratios of the last minute: three lines on one fixed scale, a mark at each change of nodes.
 *
 * SVG stretched to its place: the lines keep their width (non-scaling strokes), the words beside it are HTML.
 */
import { make } from './kit/dom.js';

/** @typedef {import('./lab-core.js').LabState} LabState */
/** @typedef {import('./lab-core.js').Kind} Kind */

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 600;
const HEIGHT = 100;
/** Ticks that one value of a line is the mean of: single ticks are noisy. */
const SMOOTH = 5;

/**
 * @param {HTMLElement} figure
 * @param {number} ticks shown
 * @returns {(state: LabState) => void}
 */
export function hitLines(figure, ticks) {
  const svg = element('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
  svg.setAttribute('aria-label', 'Hit ratio of the caches behind ring, slots and mod-N in the last minute');
  for (const y of [0, 50, 100])
    svg.append(element('line', { class: 'grid', x1: '0', x2: String(WIDTH), y1: `${y}`, y2: `${y}` }));
  const marks = element('path', { class: 'mark' });
  svg.append(marks);
  // The first is drawn first: where lines lie on each other, the ring stays in sight.
  const lines = /** @type {const} */ (['modulo', 'slots', 'ring']).map((kind) => {
    const line = element('polyline', { class: `line ${kind}` });
    svg.append(line);
    return { kind, line };
  });
  const plot = make('div', 'plot');
  plot.append(svg);
  const scale = make('div', 'scale');
  scale.append(make('span', '', '100%'), make('span', '', '50%'), make('span', '', '0'));
  const time = make('div', 'time muted');
  time.append(make('span', '', '1 min ago'), make('span', '', 'now'));
  figure.append(scale, plot, time);

  return ({ tick, hits, changes }) => {
    const x = (/** @type {number} */ at) => WIDTH - ((tick - at) / ticks) * WIDTH;
    for (const { kind, line } of lines) line.setAttribute('points', pointsOf(hits, kind, tick - hits.length, x));
    marks.setAttribute('d', changes.map((at) => `M${x(at).toFixed(1)} 0V${HEIGHT}`).join(''));
  };
}

/**
 * @param {LabState['hits']} hits
 * @param {Kind} kind
 * @param {number} firstTick
 * @param {(tick: number) => number} x
 */
function pointsOf(hits, kind, firstTick, x) {
  const points = [];
  let sum = 0;
  let taken = 0;
  for (let i = 0; i < hits.length; i++) {
    sum += hits[i][kind];
    if (++taken < SMOOTH && i < hits.length - 1) continue;
    points.push(`${x(firstTick + i + 1).toFixed(1)},${(HEIGHT * (1 - sum / taken)).toFixed(2)}`);
    sum = taken = 0;
  }
  return points.join(' ');
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
function element(tag, attributes) {
  const made = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
