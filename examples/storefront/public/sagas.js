/**
 * Orders: the last sagas as a timeline.
 *
 * A row is one order, scaled to its own duration: a bar for each step from its start to its end, and for what was
 * undone a second bar of another colour and pattern. An order that has not ended grows to the present.
 */
import { failedStep } from './order.js';
import { fieldsOf, keyedList, make, panel, setText } from './dom.js';
import { count, duration, dollars, plural, readable } from './format.js';

/** @typedef {import('../src/live-state.ts').LiveState} LiveState */
/** @typedef {import('../src/live-state.ts').OrderView} OrderView */
/** @typedef {{ kind: 'step' | 'failed' | 'undo', open: boolean, label: string, left: number, width: number, ms: number }} Bar */

/** @returns {(state: LiveState) => void} */
export function sagasPanel() {
  const field = fieldsOf(panel('orders'));
  const timeline = field('timeline');
  let nowMs = 0;
  let trackPx = 300;
  const rows = keyedList(
    timeline,
    (/** @type {OrderView} */ order) => order.id,
    (order) => orderRow(order, () => ({ nowMs, trackPx })),
  );

  return ({ sagas, atMs }) => {
    nowMs = atMs;
    trackPx = timeline.querySelector('.track')?.clientWidth ?? trackPx;
    setText(field('running'), count(sagas.running));
    setText(field('completed'), count(sagas.completed));
    setText(field('compensated'), count(sagas.compensated));
    setText(field('stuck'), count(sagas.stuck));
    rows(sagas.recent);
    field('timeline-empty').hidden = sagas.recent.length > 0;
  };
}

/**
 * @param {OrderView} order
 * @param {() => { nowMs: number, trackPx: number }} frame
 */
function orderRow({ sku, quantity, totalCents }, frame) {
  const row = make('li');
  const what = make('span', 'order-what');
  const link = make('a', '', sku);
  link.setAttribute('href', `#/package/${sku}`);
  link.title = sku;
  what.append(link, make('small', 'muted', `${count(quantity)} × · ${dollars(totalCents)}`));
  const middle = make('span', 'order-track');
  const track = make('span', 'track');
  track.setAttribute('role', 'img');
  const note = make('small', 'muted note');
  middle.append(track, note);
  const chip = make('span', 'chip');
  row.append(what, middle, chip);
  let drawn = '';

  return {
    row,
    update: (/** @type {OrderView} */ order) => {
      const { nowMs, trackPx } = frame();
      setText(chip, order.status);
      chip.dataset.status = order.status;
      setText(note, noteOf(order, nowMs));
      note.title = order.reason ?? '';
      const bars = barsOf(order, nowMs);
      const picture = JSON.stringify([bars, trackPx]);
      if (picture === drawn) return;
      drawn = picture;
      track.replaceChildren(...bars.map((bar) => barElement(bar, trackPx)));
      track.setAttribute('aria-label', bars.map((bar) => `${bar.label} ${duration(bar.ms)}`).join(', '));
    },
  };
}

/**
 * @param {OrderView} order
 * @param {number} nowMs
 * @returns {string}
 */
function noteOf(order, nowMs) {
  if (order.reason) return order.reason;
  if (order.endedMs !== undefined) return `ended after ${duration(order.endedMs - order.startedMs)}`;
  const retried = order.steps.find(
    (step) => step.attempts > 1 && (step.status === 'running' || step.status === 'undoing'),
  );
  const since = `since ${duration(Math.max(0, nowMs - order.startedMs))}`;
  return retried ? `${readable(retried.name)}: ${plural(retried.attempts, 'attempt')}, ${since}` : since;
}

/**
 * @param {OrderView} order
 * @param {number} nowMs the end of what has not ended
 * @returns {Bar[]} with `left` and `width` as fractions of the order's duration
 */
export function barsOf(order, nowMs) {
  const from = order.startedMs;
  const to = Math.max(order.endedMs ?? nowMs, from + 1);
  /** @type {Bar[]} */
  const bars = [];
  /**
   * @param {Bar['kind']} kind
   * @param {string} label
   * @param {number | undefined} startMs
   * @param {number | undefined} endMs
   */
  const add = (kind, label, startMs, endMs) => {
    if (startMs === undefined) return;
    const end = Math.min(endMs ?? to, to);
    const start = Math.min(startMs, end);
    const left = Math.max(0, (start - from) / (to - from));
    bars.push({ kind, label, open: endMs === undefined, left, width: (end - start) / (to - from), ms: end - start });
  };
  const failed = failedStep(order.steps);
  for (const step of order.steps) {
    add(step === failed ? 'failed' : 'step', readable(step.name), step.startMs, step.endMs);
  }
  for (const step of order.steps.toReversed()) {
    add('undo', `Undo ${readable(step.name).toLowerCase()}`, step.undoStartMs, step.undoEndMs);
  }
  return bars;
}

/**
 * @param {Bar} bar
 * @param {number} trackPx
 */
function barElement({ kind, label, open, left, width, ms }, trackPx) {
  const element = make('i', `${kind}${open ? ' open' : ''}`);
  element.style.left = `${left * 100}%`;
  element.style.width = `${width * 100}%`;
  element.title = `${label}: ${duration(ms)}`;
  // A name that does not fit is left out, not cut: the tooltip has it.
  const fits = [label, kind === 'undo' ? 'Undo' : ''].find((text) => width * trackPx > text.length * 7 + 8);
  if (fits) element.append(make('span', '', fits));
  return element;
}
