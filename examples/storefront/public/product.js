/** One package: its page, how the cache answered for it, and an order for it. */
import { fieldsOf, panel, setText } from './dom.js';
import { bytes, count, duration, dollars } from './format.js';
import { request, skuPath } from './http.js';
import { followOrder, showSteps } from './order.js';
import { colourOf } from './palette.js';
import { toast } from './toast.js';

/** @typedef {import('../src/live-state.ts').ProductPage} ProductPage */
/** @typedef {import('../src/live-state.ts').OrderView} OrderView */

/** @returns {{ open: (sku: string) => Promise<boolean>, close: () => void }} `open` tells whether it could */
export function productPage() {
  const field = fieldsOf(panel('search'));
  const quantity = /** @type {HTMLInputElement} */ (document.getElementById('order-quantity'));
  const form = field('order-form');
  const button = /** @type {HTMLElement} */ (form.querySelector('button'));
  /** @type {ProductPage | undefined} */
  let shown;
  let opening = new AbortController();
  let following = new AbortController();

  const showTotal = () => {
    const units = Number(quantity.value);
    const whole = Number.isInteger(units) && units > 0;
    setText(field('order-total'), shown && whole ? `= ${dollars(units * shown.priceCents)}` : '');
  };

  /** @param {ProductPage} page */
  const showStock = ({ stock, cache }) => {
    setText(field('on-hand'), count(stock.onHandUnits));
    setText(field('shard'), stock.shard);
    field('shard').style.setProperty('--shard', colourOf(stock.shard));
    setText(field('outcome'), cache.outcome);
    field('outcome').dataset.outcome = cache.outcome;
    setText(field('took'), `in ${duration(cache.tookMs)}`);
  };

  /** @param {ProductPage} page */
  const show = (page) => {
    setText(field('sku'), page.sku);
    setText(field('price'), dollars(page.priceCents));
    setText(field('description'), page.description || 'No description.');
    const keywords = page.keywords.slice(0, 8).join(', ');
    setText(
      field('facts'),
      [`version ${page.version}`, page.license, bytes(page.sizeBytes), keywords].filter(Boolean).join(' · '),
    );
    showStock(page);
    showTotal();
    field('readme').replaceChildren(readmeOf(page.readmeHtml));
  };

  /** @param {OrderView} order */
  const showOrder = (order) => {
    setText(field('order-status'), order.status);
    field('order-status').dataset.status = order.status;
    setText(
      field('order-reason'),
      order.reason ?? (order.endedMs ? `after ${duration(order.endedMs - order.startedMs)}` : ''),
    );
    showSteps(field('order-steps'), order.steps);
  };

  const order = async () => {
    const page = shown;
    if (!page || button.getAttribute('aria-busy') === 'true') return;
    following.abort();
    following = new AbortController();
    const { signal } = following;
    button.setAttribute('aria-busy', 'true');
    /** @type {import('./http.js').Outcome<{ id: string }>} */
    const answer = await request('POST', '/api/orders', { body: { sku: page.sku, quantity: Number(quantity.value) } });
    button.setAttribute('aria-busy', 'false');
    if (!answer.ok) return toast(answer.message);
    if (signal.aborted) return;
    setText(field('order-status'), 'running');
    field('order-status').dataset.status = 'running';
    setText(field('order-reason'), '');
    field('order-steps').replaceChildren();
    field('order').hidden = false;
    const ended = await followOrder(answer.value.id, signal, showOrder);
    if (signal.aborted) return;
    if (!ended) setText(field('order-reason'), 'still under way after a minute: the Orders panel follows it on');
    /** @type {import('./http.js').Outcome<ProductPage> | undefined} */
    const fresh = await request('GET', `/api/products/${skuPath(page.sku)}`, { signal }).catch(() => undefined);
    if (fresh?.ok && !signal.aborted) showStock(fresh.value);
  };

  quantity.addEventListener('input', showTotal);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void order();
  });

  return {
    async open(sku) {
      opening.abort();
      following.abort();
      opening = new AbortController();
      const { signal } = opening;
      /** @type {import('./http.js').Outcome<ProductPage> | undefined} */
      const answer = await request('GET', `/api/products/${skuPath(sku)}`, { signal }).catch(() => undefined);
      if (!answer || signal.aborted) return false;
      if (!answer.ok) {
        toast(answer.message);
        return false;
      }
      shown = answer.value;
      quantity.value = '1';
      field('order').hidden = true;
      show(answer.value);
      return true;
    },
    close() {
      opening.abort();
      following.abort();
      shown = undefined;
    },
  };
}

/**
 * A README was written for another place. Its absolute links open beside the shop; relative ones and anchors (the
 * address's fragment is the page's own) would lead nowhere and become plain text; and an image, nearly always a badge
 * on somebody else's server, becomes its text: this page asks nobody but the shop.
 *
 * @param {string} html safe, says the server
 * @returns {Node}
 */
function readmeOf(html) {
  // In a template nothing is fetched or run before it is put into the page.
  const template = /** @type {HTMLTemplateElement} */ (document.createElement('template'));
  template.innerHTML = html;
  for (const image of template.content.querySelectorAll('img')) image.replaceWith(image.getAttribute('alt') ?? '');
  for (const link of template.content.querySelectorAll('a[href]')) {
    if (/^https?:/i.test(link.getAttribute('href') ?? '')) {
      link.setAttribute('target', '_blank');
      link.setAttribute('rel', 'noopener noreferrer');
    } else link.removeAttribute('href');
  }
  return template.content;
}
