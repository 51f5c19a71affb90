/**
 * One order, followed from the button to its end: asked for every 300 ms, for at most a minute.
 *
 * The order lives on the server whatever happens to this page, so a lost answer only means to ask again.
 */
import { make, setText } from './dom.js';
import { duration, readable } from './format.js';
import { request } from './http.js';

/** @typedef {import('../src/live-state.ts').OrderView} OrderView */
/** @typedef {import('../src/live-state.ts').StepView} StepView */

const POLL_MS = 300;
const FOLLOWED_MS_MAX = 60_000;

/** A sign for each state of a step, so that colour is never alone. */
const SIGNS = { waiting: '○', running: '◔', done: '✓', failed: '✕', undoing: '↶', undone: '↺' };

/**
 * @param {string} id
 * @param {AbortSignal} signal stops following; the order goes on
 * @param {(order: OrderView) => void} show
 * @returns {Promise<boolean>} whether the order was seen to end
 */
export async function followOrder(id, signal, show) {
  const giveUpAt = performance.now() + FOLLOWED_MS_MAX;
  while (!signal.aborted && performance.now() < giveUpAt) {
    /** @type {import('./http.js').Outcome<OrderView> | undefined} */
    const answer = await request('GET', `/api/orders/${encodeURIComponent(id)}`, { signal }).catch(() => undefined);
    if (!answer || signal.aborted) return false;
    if (answer.ok) {
      show(answer.value);
      if (hasEnded(answer.value)) return true;
    }
    const pauseMs = answer.ok ? POLL_MS : Math.max(POLL_MS, answer.retryMs);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return false;
}

/** @param {OrderView} order */
const hasEnded = ({ status }) => status === 'completed' || status === 'compensated' || status === 'stuck';

/**
 * The step whose failure turned the order round, if one did.
 *
 * It may say `undone` by now: what failed without an answer, or in doubt, is undone too. But steps run one after the
 * other, so the one that failed is the last that was begun.
 *
 * @param {readonly StepView[]} steps
 * @returns {StepView | undefined}
 */
export function failedStep(steps) {
  const turned = steps.some(({ status }) => status === 'failed' || status === 'undoing' || status === 'undone');
  return turned ? steps.findLast((step) => step.startMs !== undefined) : undefined;
}

/**
 * @param {HTMLElement} list
 * @param {readonly StepView[]} steps
 */
export function showSteps(list, steps) {
  while (list.children.length > steps.length) list.lastElementChild?.remove();
  while (list.children.length < steps.length) {
    const row = make('li');
    row.append(make('i'), make('b'), make('small', 'muted'));
    list.append(row);
  }
  steps.forEach((step, at) => {
    const row = /** @type {HTMLElement} */ (list.children[at]);
    const [sign, name, note] = /** @type {HTMLElement[]} */ ([...row.children]);
    row.dataset.status = step.status;
    setText(sign, SIGNS[step.status]);
    setText(name, readable(step.name));
    setText(note, noteOf(step, step === failedStep(steps)));
  });
}

/**
 * @param {StepView} step
 * @param {boolean} failed
 */
function noteOf({ status, startMs, endMs, undoStartMs, undoEndMs, attempts }, failed) {
  const tries = attempts > 1 ? `, ${attempts} attempts` : '';
  if (undoStartMs !== undefined) {
    const undo = undoEndMs === undefined ? 'undoing' : `undone in ${duration(undoEndMs - undoStartMs)}`;
    return failed ? `failed, ${undo}` : undo;
  }
  if (startMs !== undefined && endMs !== undefined) return `${status} in ${duration(endMs - startMs)}${tries}`;
  return `${status}${tries}`;
}
