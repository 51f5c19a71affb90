/** Load: zone by zone, node by node, how much each takes of its fair share; the buttons that change one of them. */
import { fieldsOf, keyedList, make, setText, signButton } from './kit/dom.js';
import { NONE, percent, times } from './kit/format.js';
import { loadsOf } from './lab-core.js';
import { fairShares } from './movement.js';
import { colourOf } from './palette.js';
import { WEIGHT_MAX, WEIGHT_MIN, ZONES, upOf } from './topology.js';

/** @typedef {import('./lab-core.js').LabState} LabState */
/** @typedef {import('./lab-core.js').LabEvent} LabEvent */
/** @typedef {import('./lab-core.js').LabNode} LabNode */
/** @typedef {'ring' | 'slots'} Shown */
/** @typedef {{ node: LabNode, load: number, share: number, removable: boolean }} Row */

/** The bars' right end, in fair shares: the larger one as soon as the smaller would be left. */
const SCALES = [2, 4];
const HOT_LINE_TICKS = 10;

/**
 * @param {HTMLElement} root
 * @param {(event: LabEvent) => void} send
 * @param {(id: string | null) => void} point
 * @returns {(state: LabState, shown: Shown) => void}
 */
export function loadPanel(root, send, point) {
  const field = fieldsOf(root);
  const zones = ZONES.map((zone) => zonePart(field('zones'), zone, send, point));
  let toldAt = '';
  return (state, shown) => {
    const { byId, peak } = loadsOf(state, shown);
    const shares = state.placements[shown].shares();
    const removable = upOf(state.nodes).length > 1;
    const scale = (peak ?? 1) <= SCALES[0] ? SCALES[0] : SCALES[1];
    field('zones').style.setProperty('--fair', `${100 / scale}%`);
    field('zones').style.setProperty('--bound', `${(100 * (state.policy.c ?? 0)) / scale}%`);
    field('zones').dataset.bound = String(state.policy.c !== null);
    for (const zone of zones) {
      zone(
        state.nodes.map((node) => ({
          node,
          load: (byId.get(node.id) ?? 0) / scale,
          share: shares.get(node.id) ?? 0,
          removable: removable || !node.up,
        })),
        scale,
        removable,
      );
    }
    setText(field('peak'), peak === null ? NONE : peak.toFixed(2));
    field('peak').dataset.value = String(peak ?? '');
    // The sketch is of one tick: a text that follows each of them cannot be read.
    const second = JSON.stringify([Math.floor(state.tick / HOT_LINE_TICKS), state.policy, state.nodes]);
    if (second !== toldAt) setText(field('hot-line'), hotLine(state));
    toldAt = second;
    const space = Math.max(...[...fairShares(upOf(state.nodes))].map(([id, fair]) => (shares.get(id) ?? 0) / fair));
    setText(field('load-note'), `${WHAT} Of the hash space alone, peak / mean is ${space.toFixed(2)}.`);
  };
}

const WHAT = "Requests of the last two seconds; 1× is a node's fair share by weight.";

/** @param {LabState} state */
function hotLine({ sketch, policy, nodes }) {
  const hottest = sketch?.top()[0];
  if (!sketch || !hottest) return ' ';
  const parts = sketch.parts(hottest.key, upOf(nodes).length);
  const split =
    parts === 1 ? 'not hot enough to split' : `${policy.split ? 'split' : 'would be split'} over ${parts} nodes`;
  return `Hottest key: ${hottest.key}, ${percent(hottest.share)} of the requests, ${split}.`;
}

/**
 * @param {HTMLElement} place
 * @param {string} zone
 * @param {(event: LabEvent) => void} send
 * @param {(id: string | null) => void} point
 */
function zonePart(place, zone, send, point) {
  const part = make('section', 'zone');
  const head = make('div', 'zone-head');
  const power = /** @type {HTMLButtonElement} */ (make('button', 'small'));
  power.type = 'button';
  power.dataset.testid = `power-${zone}`;
  let down = false;
  power.addEventListener('click', () => send({ type: down ? 'revive' : 'kill', zone }));
  const title = make('h3', '', `Zone ${zone}`);
  head.append(title, power);
  const list = make('ul', 'node-list');
  part.append(head, list);
  place.append(part);
  let scale = SCALES[0];
  const rows = keyedList(
    list,
    (/** @type {Row} */ { node }) => node.id,
    ({ node }) => nodeRow(node.id, send, point, () => scale),
  );
  return (/** @type {Row[]} */ all, /** @type {number} */ scaleNow, /** @type {boolean} */ removable) => {
    scale = scaleNow;
    const here = all.filter(({ node }) => node.zone === zone);
    down = here.some(({ node }) => !node.up);
    part.hidden = here.length === 0;
    part.classList.toggle('down', down);
    setText(power, down ? 'Bring the zone back' : 'Kill the zone');
    power.classList.toggle('danger', !down);
    power.disabled =
      !down && (!removable || here.filter(({ node }) => node.up).length === all.filter(({ node }) => node.up).length);
    rows(here);
  };
}

/**
 * @param {string} id
 * @param {(event: LabEvent) => void} send
 * @param {(id: string | null) => void} point
 * @param {() => number} scale
 */
function nodeRow(id, send, point, scale) {
  const row = make('li');
  row.dataset.testid = `row-${id}`;
  row.style.setProperty('--node', colourOf(id));
  const name = make('span', 'node-name', id);
  const weight = make('small', 'muted');
  name.append(weight);
  const track = make('span', 'track');
  const bar = make('i', 'bar');
  track.append(bar);
  const load = make('span', 'num');
  const half = signButton(`Halve the weight of ${id}`, '½', `halve-${id}`, () =>
    send({ type: 'reweight', id, factor: 0.5 }),
  );
  const twice = signButton(`Double the weight of ${id}`, '2×', `double-${id}`, () =>
    send({ type: 'reweight', id, factor: 2 }),
  );
  const remove = signButton(`Remove ${id}`, '✕', `remove-${id}`, () => {
    // The focus would go with the row.
    const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector('button:last-of-type');
    send({ type: 'remove', id });
    if (next instanceof HTMLElement) next.focus();
  });
  const actions = make('span', 'node-actions');
  actions.append(half, twice, remove);
  row.append(name, track, load, actions);
  row.addEventListener('pointerenter', () => point(id));
  row.addEventListener('pointerleave', () => point(null));
  row.addEventListener('focusin', () => point(id));
  row.addEventListener('focusout', () => point(null));
  return {
    row,
    update: (/** @type {Row} */ { node, load: width, share, removable }) => {
      row.classList.toggle('down', !node.up);
      setText(weight, node.weight === 1 ? '' : ` ×${node.weight}`);
      bar.style.width = `${Math.min(100, width * 100)}%`;
      setText(load, node.up ? times(width * scale()) : 'down');
      row.dataset.load = String(width * scale());
      row.title = node.up ? `${id} owns ${percent(share)} of the hash space` : `${id} is down`;
      half.disabled = node.weight <= WEIGHT_MIN;
      twice.disabled = node.weight >= WEIGHT_MAX;
      remove.disabled = !removable;
    },
  };
}
