/**
 * This browser as a reader: its service worker (sw.js) is the first layer, and each answer tells in its headers where it
 * came from. `Cache-Status` is read as the report reads it: the last member that says hit.
 */
import { make, setText } from './kit/dom.js';
import { duration, timeOf } from './kit/format.js';
import { poster } from './kit/post.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */

const ANSWERS = 9;
const NAMES = { browser: 'Browser', edge: 'Edge', app: 'App, level 1', l2: 'Shared level 2', database: 'Database' };
const LAYERS = { browser: 'browser', edge: 'edge', app: 'l1', l2: 'l2', database: 'database' };

/**
 * @param {string | null} status
 * @returns {keyof typeof NAMES}
 */
function stopOf(status) {
  const members = (status ?? '').split(',').reverse();
  for (const member of members) {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim());
    if (!parameters.includes('hit') && !parameters.includes('collapsed')) continue;
    if (name.startsWith('app-')) return 'app';
    if (name === 'browser' || name === 'edge' || name === 'l2') return name;
  }
  return 'database';
}

/**
 * @param {(name: string) => HTMLElement} field
 * @returns {(feed: Feed) => void}
 */
export function startReader(field) {
  const post = poster(field('fault'));
  const root = /** @type {HTMLElement} */ (document.getElementById('reader'));
  const item = /** @type {HTMLInputElement} */ (document.getElementById('item'));
  const list = field('answers');
  const chip = field('worker');
  /** @type {boolean | undefined} */
  let wanted;

  /** @param {HTMLElement} row */
  const add = (row) => {
    field('no-answers').hidden = true;
    list.prepend(row);
    while (list.children.length > ANSWERS) list.lastElementChild?.remove();
  };
  const read = async () => {
    const beganMs = performance.now();
    try {
      // Past the browser's own cache, which says nothing in Cache-Status.
      const response = await fetch(`shop/items/${item.value}`, { cache: 'no-store' });
      const ms = performance.now() - beganMs;
      const answer = response.ok ? await response.json() : undefined;
      add(answerRow(response, answer, ms));
    } catch {
      add(noteRow('no answer'));
    }
  };
  const write = async () => {
    await post('api/write', { id: Number(item.value) });
    add(noteRow(`somebody changed item ${item.value}`));
  };
  root.querySelector('[data-do="read"]')?.addEventListener('click', () => void read());
  root.querySelector('[data-do="write"]')?.addEventListener('click', () => void write());

  const tell = () => {
    navigator.serviceWorker?.controller?.postMessage({ isOn: wanted ?? true });
    const here = navigator.serviceWorker?.controller;
    chip.dataset.phase = here ? (wanted === false ? 'off' : 'open') : 'lost';
    setText(
      chip,
      here ? (wanted === false ? 'service worker: switched off' : 'service worker: caching') : 'no service worker',
    );
  };
  if (navigator.serviceWorker) {
    navigator.serviceWorker.addEventListener('controllerchange', tell);
    navigator.serviceWorker.register('sw.js', { type: 'module' }).then(tell, () => {
      chip.dataset.phase = 'lost';
      setText(chip, 'no service worker: the browser refused it');
    });
  } else {
    tell();
  }
  return ({ switches }) => {
    if (switches.browser === wanted) return;
    wanted = switches.browser;
    tell();
  };
}

/**
 * @param {Response} response
 * @param {{ version: number } | undefined} answer
 * @param {number} ms
 */
function answerRow(response, answer, ms) {
  const status = response.headers.get('cache-status');
  const stop = stopOf(status);
  const row = make('li');
  row.dataset.layer = LAYERS[stop];
  row.dataset.stop = stop;
  row.dataset.version = String(answer?.version ?? '');
  row.dataset.status = status ?? '';
  const age = response.headers.get('age');
  row.append(
    make('span', 'muted', timeOf(Date.now())),
    make('b', 'layer-name', NAMES[stop]),
    make('span', '', answer ? `version ${answer.version}` : `status ${response.status}`),
    make('span', 'num', duration(ms)),
    make('span', 'muted num', age === null ? '' : `age ${age} s`),
    make('code', 'muted', status ?? 'no Cache-Status'),
  );
  return row;
}

/** @param {string} text */
function noteRow(text) {
  const row = make('li', 'note-row');
  row.append(make('span', 'muted', timeOf(Date.now())), make('span', '', text));
  return row;
}
