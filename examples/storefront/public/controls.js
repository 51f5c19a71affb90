/**
 * The buttons that make the point. Each is one request; a press while its request is under way does nothing, and the
 * button keeps its place and its focus meanwhile.
 */
import { fieldsOf } from './dom.js';
import { command, request } from './http.js';
import { toast } from './toast.js';

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */

const CROWD = { seconds: 10, clients: 40 };

/**
 * @param {() => void} onKill called when the kill is confirmed
 * @returns {(state: LiveState) => void}
 */
export function controls(onKill) {
  let paused = false;

  /** @type {Record<string, () => Promise<unknown>>} */
  const actions = {
    crowd: () => command('POST', '/api/admin/crowd', CROWD),
    'add-shard': () => command('POST', '/api/admin/shards', {}),
    'expire-cache': () => said('Every cached page is expired.', command('POST', '/api/admin/cache/expire', {})),
    deliver: () =>
      said('100 units of everything are on the shelves.', command('POST', '/api/admin/deliveries', { units: 100 })),
    projections: () => command('POST', '/api/admin/projections', { paused: !paused }),
    kill: async () => {
      if (!(await confirmed())) return;
      onKill();
      // No answer is the answer: the process is gone. Only a refusal in words is worth showing.
      const outcome = await request('POST', '/api/admin/kill', { body: {} });
      if (!outcome.ok && outcome.status !== 0) toast(outcome.message);
    },
  };
  for (const button of buttons('[data-action]')) {
    const action = actions[button.dataset.action ?? ''];
    button.addEventListener('click', () => void once(button, action));
  }

  const modes = buttons('[data-mode]');
  for (const button of modes) {
    const set = () => command('POST', '/api/admin/payments', { mode: button.dataset.mode });
    button.addEventListener('click', () => void once(button, set));
  }

  const crowdButton = /** @type {HTMLElement} */ (document.querySelector('button.crowd'));
  return ({ payments, crowd, log }) => {
    paused = log.paused;
    for (const button of modes) button.setAttribute('aria-pressed', String(button.dataset.mode === payments.mode));
    const left = crowd?.running ? Math.min(1, crowd.leftMs / (CROWD.seconds * 1000)) : 0;
    crowdButton.style.setProperty('--left', String(left));
  };
}

/**
 * @param {string} selector
 * @returns {HTMLButtonElement[]}
 */
const buttons = (selector) => /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll(`button${selector}`)]);

/**
 * @param {HTMLElement} button
 * @param {() => Promise<unknown>} action
 */
async function once(button, action) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  await action().finally(() => button.removeAttribute('aria-busy'));
}

/**
 * @param {string} message for a press whose effect is easily missed
 * @param {Promise<{ ok: boolean }>} outcome
 */
async function said(message, outcome) {
  if ((await outcome).ok) toast(message, 'good');
}

/** @returns {Promise<boolean>} */
function confirmed() {
  const dialog = /** @type {HTMLDialogElement} */ (fieldsOf(document)('kill-dialog'));
  dialog.returnValue = 'cancel';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'kill'), { once: true });
  });
}
