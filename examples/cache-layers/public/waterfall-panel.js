/**
 * The waterfall: each layer's bar begins where the bar above it ends, so that together they are all reads, and what is
 * right of a bar is what the layer let through.
 */
import { keyedList, make, setText } from './kit/dom.js';
import { NONE, count, duration, percent } from './kit/format.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */
/** @typedef {import('../src/feed.ts').LayerFeed & { from: number, share: number, on: boolean, engine: string }} Row */

const NAMES = { browser: 'Browser', edge: 'Edge', l1: 'App, level 1', l2: 'Shared level 2', database: 'Database' };

/**
 * @param {(name: string) => HTMLElement} field
 * @returns {(feed: Feed) => void}
 */
export function waterfallPanel(field) {
  const show = keyedList(field('rows'), (/** @type {Row} */ { layer }) => layer, row);
  return ({ layers, reads, perSecond, switches, engines }) => {
    setText(field('per-second'), count(perSecond));
    const notes = {
      browser: 'httpCache',
      l1: 'TieredCache',
      edge: engines.edge,
      l2: engines.level,
      database: engines.database,
    };
    let from = 0;
    show(
      layers.map((layer) => {
        const share = reads === 0 ? 0 : layer.stops / reads;
        const item = {
          ...layer,
          from,
          share,
          on: layer.layer === 'database' || switches[layer.layer],
          engine: notes[layer.layer],
        };
        from += share;
        return item;
      }),
    );
  };
}

/** @param {Row} first */
function row({ layer }) {
  const row = make('tr');
  row.dataset.layer = layer;
  const name = make('th');
  name.setAttribute('scope', 'row');
  const engine = make('span', 'muted engine');
  name.append(make('span', 'layer-name', NAMES[layer]), engine);
  const bar = make('span', 'bar');
  const track = make('span', 'track');
  track.append(bar);
  const cell = make('td', 'fall-bar');
  cell.append(track);
  const [share, now, ratio, p50, p99] = ['share', 'now', 'ratio', 'p50', 'p99'].map((id) => {
    const number = make('td', 'num');
    number.dataset.testid = `${layer}-${id}`;
    return number;
  });
  row.append(name, cell, share, now, ratio, p50, p99);
  return {
    row,
    update: (/** @type {Row} */ item) => {
      row.classList.toggle('off', !item.on);
      setText(engine, item.on ? item.engine : 'off');
      bar.style.left = `${item.from * 100}%`;
      bar.style.width = `${item.share * 100}%`;
      share.dataset.value = String(item.share);
      setText(share, percent(item.share));
      setText(now, `${count(item.perSecond)}/s`);
      setText(ratio, !item.on || layer === 'database' ? NONE : percent(item.ratio));
      setText(p50, duration(item.p50Ms));
      setText(p99, duration(item.p99Ms));
    },
  };
}
