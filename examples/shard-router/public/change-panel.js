/** The last change: what moved in each placement, beside the least that any could move, and what it cost since. */
import { fieldsOf, make, setText } from './kit/dom.js';
import { count, NONE, percent } from './kit/format.js';

/** @typedef {import('./lab-core.js').LabState} LabState */
/** @typedef {import('./lab-core.js').Kind} Kind */

const NAMES = /** @type {const} */ ([
  ['ring', 'Ring'],
  ['slots', 'Slots'],
  ['modulo', 'mod-N'],
]);
/** Ticks that the ratio beside the chart is the mean of. */
const NOW = 10;

/**
 * @param {HTMLElement} root
 * @returns {(state: LabState) => void}
 */
export function changePanel(root) {
  const field = fieldsOf(root);
  const rows = NAMES.map(([kind, name]) => movedRow(field('moved'), kind, name));
  return ({ report }) => {
    for (const show of rows) show(report);
    if (!report) {
      setText(field('change'), 'None yet. Add a node: how many keys get another owner?');
      setText(field('change-note'), '');
      return;
    }
    setText(
      field('change'),
      `${sentence(report.title)}. A fair placement has to move ${percent(report.ideal)} of the keys (the mark in the bars).`,
    );
    field('change').dataset.ideal = String(report.ideal);
    setText(field('change-note'), noteOf(report));
  };
}

const sentence = (/** @type {string} */ words) => words.charAt(0).toUpperCase() + words.slice(1);

/** @param {import('./lab-core.js').Report} report */
function noteOf({ lost, title, movement }) {
  if (lost) {
    return `Of keys with two copies, ${percent(lost.anywhere)} lost both when the copies lie on any two nodes, ${percent(lost.apart)} when they lie in two zones (locateN with distinctBy: 'zone').`;
  }
  if (title.includes('weighs')) return 'mod-N has no weights: nothing moves, and nothing is balanced.';
  if (movement.modulo.needless > 0) return 'Needlessly: between two nodes that were there before and after.';
  return '';
}

/**
 * @param {HTMLElement} place
 * @param {Kind} kind
 * @param {string} label
 * @returns {(report: LabState['report']) => void}
 */
function movedRow(place, kind, label) {
  const row = make('tr', kind);
  const name = make('th', '', label);
  name.setAttribute('scope', 'row');
  const cell = make('td', 'moved-cell');
  const track = make('span', 'track');
  const bar = make('i', 'bar');
  const ideal = make('i', 'ideal');
  track.append(bar, ideal);
  const moved = make('span', 'num');
  moved.dataset.testid = `moved-${kind}`;
  cell.append(track, moved);
  const needless = make('td', 'num');
  needless.dataset.testid = `needless-${kind}`;
  const misses = make('td', 'num');
  misses.dataset.testid = `misses-${kind}`;
  row.append(name, cell, needless, misses);
  place.append(row);
  return (report) => {
    const at = report?.movement[kind];
    bar.style.width = `${(at?.moved ?? 0) * 100}%`;
    ideal.hidden = !report;
    ideal.style.left = `${(report?.ideal ?? 0) * 100}%`;
    setText(moved, at ? percent(at.moved) : NONE);
    moved.dataset.value = String(at?.moved ?? '');
    setText(needless, at ? percent(at.needless) : NONE);
    needless.dataset.value = String(at?.needless ?? '');
    setText(misses, report ? count(report.misses[kind]) : NONE);
    misses.dataset.value = String(report?.misses[kind] ?? '');
  };
}

/**
 * @param {HTMLElement} list
 * @returns {(state: LabState) => void} the hit ratio of the last second of each placement
 */
export function hitLegend(list) {
  const items = NAMES.map(([kind, name]) => {
    const item = make('li');
    const value = make('b', 'num');
    value.dataset.testid = `hits-${kind}`;
    item.append(make('i', `swatch line ${kind}`), make('span', '', name), value);
    list.append(item);
    return { kind, value };
  });
  return ({ hits }) => {
    const last = hits.slice(-NOW);
    for (const { kind, value } of items) {
      const ratio = last.reduce((sum, one) => sum + one[kind], 0) / last.length;
      setText(value, last.length > 0 ? percent(ratio) : NONE);
      value.dataset.value = last.length > 0 ? String(ratio) : '';
    }
  };
}
