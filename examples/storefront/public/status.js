/** The top of the page: whether the stream is alive, and what this process found when it started. */
import { fieldsOf, setText } from './dom.js';
import { count, plural, timeOf } from './format.js';

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */
/** @typedef {import('../src/live-state.ts').Recovery} Recovery */

/** @returns {{ live: (state: LiveState) => void, lost: () => void, killed: () => void }} */
export function status() {
  const field = fieldsOf(document);
  const pill = /** @type {HTMLElement} */ (field('connection').closest('[data-testid]'));
  const bar = field('lost-bar');
  let killing = false;
  let startedMs = 0;

  /** @param {'live' | 'lost'} state */
  const set = (state) => {
    pill.dataset.state = state;
    document.body.dataset.connection = state;
    bar.hidden = state === 'live';
  };

  return {
    live(state) {
      // States of the process that is about to die still arrive; only the next process ends the waiting.
      if (state.startedMs !== startedMs) killing = false;
      startedMs = state.startedMs;
      set('live');
      setText(field('connection'), `Live since ${timeOf(state.startedMs)}`);
      setText(field('recovery'), recoveryText(state.recovery));
      field('recovery').dataset.kind = kindOf(state.recovery);
    },
    lost() {
      set('lost');
      setText(field('connection'), 'Connection lost, retrying');
      setText(bar, lostText(killing, startedMs !== 0));
    },
    /** The next loss is our own doing. */
    killed() {
      killing = true;
    },
  };
}

/**
 * @param {boolean} killing
 * @param {boolean} seen
 */
function lostText(killing, seen) {
  if (killing)
    return 'The process was killed. Run npm start again: this page reconnects by itself, then compare the books.';
  if (seen) return 'Connection lost, retrying. These are the last figures seen.';
  return 'The shop does not answer yet, retrying.';
}

/** @param {Recovery} recovery */
const kindOf = ({ cleanShutdown }) => (cleanShutdown === null ? 'new' : cleanShutdown ? 'clean' : 'killed');

/** @param {Recovery} recovery */
function recoveryText({ cleanShutdown, events, ordersResumed, productsMoved }) {
  if (cleanShutdown === null) return 'New data folder: the shop was stocked from scratch.';
  const parts = [`${plural(events, 'event')} replayed`];
  if (!cleanShutdown || ordersResumed > 0) parts.push(`${plural(ordersResumed, 'order')} resumed`);
  if (productsMoved > 0) parts.push(`a shard change finished (${count(productsMoved)} products)`);
  return `Picked up after a ${cleanShutdown ? 'clean shutdown' : 'kill'}: ${parts.join(', ')}.`;
}
