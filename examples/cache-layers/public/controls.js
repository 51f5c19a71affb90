/** Switches, pace and trouble. A button shows what the server says is so, not what was clicked. */
import { setText } from './kit/dom.js';
import { poster } from './kit/post.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */

/**
 * @param {(name: string) => HTMLElement} field
 * @returns {(feed: Feed) => void}
 */
export function startControls(field) {
  const post = poster(field('fault'));
  const root = /** @type {HTMLElement} */ (document.getElementById('controls'));
  const buttons = /** @type {HTMLButtonElement[]} */ ([...root.querySelectorAll('button')]);
  const pace = /** @type {HTMLInputElement} */ (document.getElementById('pace'));
  const isOn = (/** @type {HTMLButtonElement} */ button) => button.getAttribute('aria-pressed') === 'true';
  for (const button of buttons) {
    const { switch: layer, trouble } = button.dataset;
    button.addEventListener('click', () =>
      layer
        ? post('api/switches', { [layer]: !isOn(button) })
        : post('api/trouble', { kind: trouble, on: !isOn(button) }),
    );
  }
  pace.addEventListener('input', () => setText(field('pace-value'), pace.value));
  pace.addEventListener('change', () => void post('api/pace', { perSecond: Number(pace.value) }));
  return ({ phase, switches, bus, database, wantedPerSecond }) => {
    /** @type {Record<string, boolean>} */
    const on = { ...switches, bus: bus === 'cut', slow: database.delayMs > 50, failing: database.failing };
    for (const button of buttons) {
      const name = button.dataset.switch ?? button.dataset.trouble ?? '';
      button.disabled = phase === 'script';
      if (name !== 'flush') button.setAttribute('aria-pressed', String(on[name]));
    }
    pace.disabled = phase === 'script';
    if (document.activeElement !== pace && phase !== 'script') {
      pace.value = String(wantedPerSecond);
      setText(field('pace-value'), pace.value);
    }
  };
}
