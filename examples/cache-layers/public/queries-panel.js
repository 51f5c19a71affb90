/** Queries per 1,000 reads, second by second, on a scale that grows with them and only then. */
import { make, setText } from './kit/dom.js';
import { NONE, count } from './kit/format.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 600;
const HEIGHT = 100;
const SECONDS = 60;
const SCALES = [50, 100, 250, 500, 1000, 2000, 5000];

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/**
 * @param {(name: string) => HTMLElement} field
 * @returns {(feed: Feed) => void}
 */
export function queriesPanel(field) {
  const svg = element('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
  svg.setAttribute('aria-label', 'Queries per 1,000 reads in the last minute');
  for (const y of [0, 50, 100]) {
    svg.append(element('line', { class: 'grid', x1: '0', x2: String(WIDTH), y1: String(y), y2: String(y) }));
  }
  const area = element('polygon', { class: 'area' });
  const line = element('polyline', { class: 'line' });
  svg.append(area, line);
  const plot = make('div', 'plot');
  plot.append(svg);
  const top = make('span');
  const middle = make('span');
  const scale = make('div', 'scale');
  scale.append(top, middle, make('span', '', '0'));
  const time = make('div', 'time muted');
  time.append(make('span', '', '1 min ago'), make('span', '', 'now'));
  field('chart').append(scale, plot, time);
  return ({ history, queriesPerThousand, database, errors, bus }) => {
    const known = history.flatMap((value, i) => (value === null ? [] : [[SECONDS - history.length + i, value]]));
    const most = Math.max(0, ...known.map(([, value]) => value));
    const full = SCALES.find((one) => one >= most) ?? most;
    setText(top, count(full));
    setText(middle, count(full / 2));
    const points = known.map(([second, value]) => [
      (WIDTH * second) / (SECONDS - 1),
      HEIGHT * (1 - Math.min(1, value / full)),
    ]);
    const path = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
    line.setAttribute('points', path);
    area.setAttribute(
      'points',
      points.length === 0
        ? ''
        : `${points[0][0].toFixed(1)},${HEIGHT} ${path} ${points.at(-1)?.[0].toFixed(1)},${HEIGHT}`,
    );
    const queries = field('queries');
    queries.dataset.value = String(queriesPerThousand ?? '');
    setText(queries, queriesPerThousand === null ? NONE : count(queriesPerThousand));
    setText(field('open'), count(database.open));
    setText(field('gate'), `${database.limit} at a time, ${database.delayMs} ms each`);
    setText(field('errors'), count(errors));
    field('errors').classList.toggle('bad', errors > 0);
    setText(field('bus'), bus);
    field('bus').classList.toggle('bad', bus !== 'up');
  };
}
