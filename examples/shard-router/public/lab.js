/**
 * The lab on the page: one state, replaced by each event; every panel draws itself from it and keeps nothing.
 *
 * Ticks come ten a second while the page is in sight and not paused. The core has no clock: a paused lab is a lab
 * without ticks.
 */
import { changePanel, hitLegend } from './change-panel.js';
import { circle } from './circle.js';
import { fieldsOf, setText } from './kit/dom.js';
import { labOf, TICKS_KEPT } from './lab-core.js';
import { hitLines } from './lines.js';
import { loadPanel } from './load-panel.js';
import { SLOTS } from './movement.js';
import { NODES_MAX, upOf } from './topology.js';

/** @typedef {import('./lab-core.js').LabState} LabState */
/** @typedef {import('./lab-core.js').LabEvent} LabEvent */

const TICK_MS = 100;

/** @param {import('./lab-core.js').Library} lib */
export function startLab(lib) {
  const lab = labOf(lib);
  const field = fieldsOf(document);
  const picture = circle(field('circle'), TICK_MS);
  const load = loadPanel(panel('nodes'), send, picture.point);
  const change = changePanel(panel('change'));
  const lines = hitLines(field('lines'), TICKS_KEPT);
  const legend = hitLegend(field('hit-legend'));
  let state = lab.first();
  /** @type {'ring' | 'slots'} */
  let shown = 'ring';
  let paused = false;

  function draw(ticked = false) {
    picture.show(state, shown, ticked);
    load(state, shown);
    change(state);
    lines(state);
    legend(state);
    setText(field('about'), about(state, shown));
    drawControls();
  }

  function send(/** @type {LabEvent} */ event) {
    state = lab.next(state, event);
    draw(event.type === 'tick');
  }

  function drawControls() {
    const { hot, split, c } = state.policy;
    action('hot').setAttribute('aria-pressed', String(hot));
    action('split').setAttribute('aria-pressed', String(split));
    action('pause').setAttribute('aria-pressed', String(paused));
    action('add').disabled = state.nodes.length >= NODES_MAX;
    setText(field('bound-value'), c === null ? 'off' : c.toFixed(2));
    bound.setAttribute('aria-valuetext', c === null ? 'off' : c.toFixed(2));
    for (const button of buttons('[data-view]')) {
      button.setAttribute('aria-pressed', String(button.dataset.view === shown));
    }
  }

  /** @type {Record<string, () => void>} */
  const actions = {
    add: () => send({ type: 'add' }),
    hot: () => send({ type: 'set', hot: !state.policy.hot }),
    split: () => send({ type: 'set', split: !state.policy.split }),
    pause: () => {
      paused = !paused;
      draw();
    },
    reset: () => {
      state = lab.first();
      bound.value = '0';
      draw();
    },
  };
  for (const [name, act] of Object.entries(actions)) action(name).addEventListener('click', act);
  for (const button of buttons('[data-view]')) {
    button.addEventListener('click', () => {
      shown = button.dataset.view === 'slots' ? 'slots' : 'ring';
      draw();
    });
  }
  const bound = /** @type {HTMLInputElement} */ (document.getElementById('bound'));
  const setBound = () => send({ type: 'set', c: boundOf(Number(bound.value)) });
  bound.value = '0';
  bound.addEventListener('input', setBound);

  setInterval(() => {
    if (!paused && !document.hidden) send({ type: 'tick' });
  }, TICK_MS);
  draw();
}

/**
 * The slider's places: off at the left end, then from 2.00 down to 1.05, tighter to the right.
 *
 * @param {number} place 0..20
 */
const boundOf = (place) => (place === 0 ? null : Math.round(205 - 5 * place) / 100);

/**
 * @param {LabState} state
 * @param {'ring' | 'slots'} shown
 */
function about({ nodes, placements }, shown) {
  const owners = upOf(nodes).length;
  const { fingerprint } = placements[shown];
  return shown === 'ring'
    ? `512 points a node of weight 1; the first point clockwise owns the key. Fingerprint ${fingerprint}.`
    : `${SLOTS} slots in a table of ${owners} owners; a change moves the fewest slots. Fingerprint ${fingerprint}.`;
}

/** @param {string} selector */
const buttons = (selector) => /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll(`button${selector}`)]);

/** @param {string} name */
const action = (name) => buttons(`[data-action="${name}"]`)[0];

/** @param {string} id */
const panel = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
