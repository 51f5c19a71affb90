/** Load, protection and trouble. A button shows what the server says is so, not what was clicked. */
import { setText } from './kit/dom.js';
import { poster } from './kit/post.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */

/** @param {string | number} times */
const shown = (times) => `${Number(times).toFixed(1)}×`;

/**
 * @param {(name: string) => HTMLElement} field
 * @returns {(feed: Feed) => void}
 */
export function startControls(field) {
  const post = poster(field('fault'));
  const root = /** @type {HTMLElement} */ (document.getElementById('controls'));
  const buttons = /** @type {HTMLButtonElement[]} */ ([...root.querySelectorAll('button')]);
  const times = /** @type {HTMLInputElement} */ (document.getElementById('times'));
  const set = (/** @type {string} */ name, /** @type {boolean | number} */ value) =>
    void post('api/controls', { [name]: value });
  for (const button of buttons) {
    button.addEventListener('click', () =>
      set(button.dataset.control ?? '', button.getAttribute('aria-pressed') !== 'true'),
    );
  }
  times.addEventListener('input', () => setText(field('times-value'), shown(times.value)));
  times.addEventListener('change', () => set('times', Number(times.value)));
  return ({ phase, controls }) => {
    /** @type {Record<string, unknown>} */
    const on = { ...controls };
    for (const button of buttons) {
      button.disabled = phase === 'script';
      button.setAttribute('aria-pressed', String(on[button.dataset.control ?? ''] === true));
    }
    times.disabled = phase === 'script';
    if (document.activeElement === times) return;
    times.value = String(controls.times);
    setText(field('times-value'), shown(controls.times));
  };
}
