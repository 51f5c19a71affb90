/**
 * The search box, its hits, and the way to a product and back.
 *
 * Every keystroke outdates the search before it: that one is aborted, and an answer that comes all the same is dropped,
 * so an older answer never stands over a newer one. The open product is the address's fragment (`#/package/<sku>`), so
 * the browser's Back, a reload and a copied link do what one expects.
 */
import { fieldsOf, make, panel, setText } from './dom.js';
import { count, duration, dollars, plural } from './format.js';
import { request } from './http.js';
import { productPage } from './product.js';

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */
/** @typedef {import('../src/live-state.ts').SearchAnswer} SearchAnswer */
/** @typedef {import('../src/live-state.ts').ProductHit} ProductHit */

const DEBOUNCE_MS = 120;
const PAGE_SIZE = 10;
const RETRIES_MAX = 5;
const SUGGESTIONS = ['http server', 'parse json', 'typescript', 'glob', 'stream', 'unicode'];

/** @returns {(state: LiveState) => void} */
export function shopPanel() {
  const field = fieldsOf(panel('search'));
  const input = /** @type {HTMLInputElement} */ (document.getElementById('search-input'));
  const product = productPage();
  let controller = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pending;
  let shownHits = 0;
  let openSku = '';

  /** @param {'idle' | 'results' | 'product'} which */
  const view = (which) => {
    for (const name of ['idle', 'results', 'product']) field(name).hidden = name !== which;
  };
  const listView = () => view(input.value.trim() === '' ? 'idle' : 'results');

  /**
   * @param {string} query
   * @param {number} from
   * @param {number} retries
   */
  const search = async (query, from, retries = 0) => {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    const asked = new URLSearchParams({ q: query, from: String(from), size: String(PAGE_SIZE) });
    /** @type {import('./http.js').Outcome<SearchAnswer> | undefined} */
    const answer = await request('GET', `/api/search?${asked.toString()}`, { signal }).catch(() => undefined);
    if (!answer || signal.aborted) return;
    if (answer.ok) return showAnswer(answer.value, from);
    setText(field('summary'), answer.message);
    if (answer.retryMs > 0 && retries < RETRIES_MAX) {
      pending = setTimeout(() => void search(query, from, retries + 1), answer.retryMs);
    }
  };

  /**
   * @param {SearchAnswer} answer
   * @param {number} from
   */
  const showAnswer = (answer, from) => {
    const rows = answer.hits.map(hitRow);
    if (from === 0) field('hits').replaceChildren(...rows);
    else field('hits').append(...rows);
    shownHits = from + rows.length;
    field('more').hidden = shownHits >= answer.total || rows.length === 0;
    setText(
      field('summary'),
      answer.total === 0
        ? `Nothing matches “${answer.query}”`
        : `${plural(answer.total, 'package')} in ${duration(answer.tookMs)}`,
    );
    if (openSku === '') listView();
    if (from === 0) field('body').scrollTop = 0;
  };

  const typed = () => {
    clearTimeout(pending);
    if (openSku !== '') location.hash = '#/';
    const query = input.value.trim();
    if (query !== '') {
      pending = setTimeout(() => void search(query, 0), DEBOUNCE_MS);
      return;
    }
    controller.abort();
    field('hits').replaceChildren();
    setText(field('summary'), '');
    listView();
  };

  const route = async () => {
    const sku = skuOf(location.hash);
    if (sku === openSku) return;
    const left = openSku;
    openSku = sku;
    if (sku === '') {
      product.close();
      listView();
      if (document.activeElement !== input) focusHit(field('hits'), left);
      return;
    }
    const opened = await product.open(sku);
    if (openSku !== sku) return;
    if (!opened) {
      location.hash = '#/';
      return;
    }
    view('product');
    field('body').scrollTop = 0;
    setText(field('back'), input.value.trim() === '' ? '← Back to the search' : '← Back to the results');
    if (panel('search').getBoundingClientRect().bottom < 120) panel('search').scrollIntoView();
    field('sku').focus({ preventScroll: true });
  };

  field('suggestions').append(
    ...SUGGESTIONS.map((words) => {
      const button = make('button', 'small', words);
      button.setAttribute('type', 'button');
      button.addEventListener('click', () => {
        input.value = words;
        input.focus();
        typed();
      });
      return button;
    }),
  );
  input.addEventListener('input', typed);
  input.form?.addEventListener('submit', (event) => {
    event.preventDefault();
    typed();
  });
  field('more').addEventListener('click', () => void search(input.value.trim(), shownHits));
  field('back').addEventListener('click', (event) => {
    event.preventDefault();
    location.hash = '#/';
  });
  window.addEventListener('hashchange', () => void route());
  void route();

  return ({ search: figures }) => {
    setText(field('p50'), duration(figures.p50Ms));
    setText(field('p99'), duration(figures.p99Ms));
    setText(field('documents'), count(figures.documents));
    setText(field('searches'), count(figures.searches));
  };
}

/** @param {string} hash */
function skuOf(hash) {
  if (!hash.startsWith('#/package/')) return '';
  const raw = hash.slice('#/package/'.length);
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/**
 * Back in the list, the keyboard is where it was.
 *
 * @param {HTMLElement} hits
 * @param {string} sku
 */
function focusHit(hits, sku) {
  for (const hit of hits.querySelectorAll('a')) if (hit.dataset.sku === sku) hit.focus();
}

/** @param {ProductHit} hit */
function hitRow(hit) {
  const row = make('li');
  const link = make('a', 'hit');
  link.dataset.testid = 'search-hit';
  link.dataset.sku = hit.sku;
  link.setAttribute('href', `#/package/${hit.sku}`);
  const head = make('span', 'hit-head');
  const title = make('b');
  title.innerHTML = hit.titleHtml;
  head.append(title, make('small', 'muted', hit.version), make('span', 'price', dollars(hit.priceCents)));
  const description = make('span', 'hit-description');
  description.innerHTML = hit.descriptionHtml;
  link.append(head, description);
  for (const html of hit.fragmentsHtml) {
    const fragment = make('span', 'hit-fragment');
    fragment.innerHTML = html;
    link.append(fragment);
  }
  row.append(link);
  return row;
}
