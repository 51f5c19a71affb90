/**
 * The slot map as a grid, one cell a slot in its owner's colour, row by row; below it the traffic of the slots.
 *
 * The batch that the mover has in hand is marked: a dot while it is copied, a bar across while it is frozen. A slot that
 * has just changed hands glows for a moment, for its new colour alone is easily missed.
 */
import { canvasIn } from './kit/dom.js';
import { plural } from './kit/format.js';
import { canvasColourOf, palette } from './palette.js';

/** @typedef {import('../src/feed.ts').Feed} Feed */

const CELL_MIN = 10;
const GLOW_MS = 1200;

/**
 * @param {HTMLElement} place
 * @param {HTMLElement} heatPlace
 * @returns {(feed: Feed) => void}
 */
export function slotGrid(place, heatPlace) {
  /** @type {Feed | undefined} */
  let feed;
  /** @type {string[]} */
  let owners = [];
  /** Of each slot, when it changed hands. @type {Map<number, number>} */
  const glowing = new Map();

  const grid = canvasIn(place, (context, width, height) => {
    if (feed) drawGrid(context, width, height, feed, owners, glowing);
  });
  const heat = canvasIn(heatPlace, (context, width, height) => {
    if (feed) drawHeat(context, width, height, feed.heat);
  });
  heat.canvas.removeAttribute('role');

  return (next) => {
    const now = performance.now();
    /** @type {string[]} */
    const after = [];
    for (const { from, to, id } of next.owners) for (let slot = from; slot <= to; slot++) after[slot] = id;
    if (owners.length === after.length) {
      for (let slot = 0; slot < after.length; slot++) if (owners[slot] !== after[slot]) glowing.set(slot, now);
    }
    for (const [slot, since] of glowing) if (now - since > GLOW_MS) glowing.delete(slot);
    const rows = Math.ceil(next.count / columnsOf(place.clientWidth, next.count));
    place.style.aspectRatio = `${columnsOf(place.clientWidth, next.count)} / ${rows}`;
    feed = next;
    owners = after;
    grid.canvas.setAttribute('aria-label', labelOf(next));
    grid.draw();
    heat.draw();
  };
}

/**
 * A power of two, so that the parts of the map line up.
 *
 * @param {number} width
 * @param {number} count
 */
function columnsOf(width, count) {
  let columns = 16;
  while (columns * 2 * CELL_MIN <= width && columns * columns < count * 4) columns *= 2;
  return columns;
}

/** @param {Feed} feed */
function labelOf({ count, owners, goal }) {
  const ids = new Set(owners.map(({ id }) => id));
  return `${plural(count, 'slot')} on ${plural(ids.size, 'shard')}${goal ? `, moving towards ${plural(goal.length, 'shard')}` : ''}`;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {number} height
 * @param {Feed} feed
 * @param {readonly string[]} owners
 * @param {ReadonlyMap<number, number>} glowing
 */
function drawGrid(context, width, height, feed, owners, glowing) {
  const colours = palette();
  const columns = columnsOf(width, feed.count);
  const cell = width / columns;
  const gap = cell > 12 ? 1.5 : 1;
  const batch = new Set(feed.phase === 'moving' ? feed.step?.slots : []);
  const frozen = feed.step?.kind === 'freeze';
  const box = (/** @type {number} */ slot, /** @type {number} */ inset) =>
    /** @type {const} */ ([
      (slot % columns) * cell + inset,
      Math.floor(slot / columns) * (height / Math.ceil(feed.count / columns)) + inset,
      cell - 2 * inset,
      height / Math.ceil(feed.count / columns) - 2 * inset,
    ]);
  for (let slot = 0; slot < feed.count; slot++) {
    context.fillStyle = canvasColourOf(colours, owners[slot] ?? '');
    context.fillRect(...box(slot, gap / 2));
  }
  const now = performance.now();
  for (const [slot, since] of glowing) {
    context.globalAlpha = 0.7 * Math.max(0, 1 - (now - since) / GLOW_MS);
    context.fillStyle = '#fff';
    context.fillRect(...box(slot, gap / 2));
  }
  context.globalAlpha = 1;
  for (const slot of batch) {
    const [x, y, w, h] = box(slot, gap / 2);
    context.strokeStyle = colours('--text');
    context.lineWidth = 1.5;
    context.strokeRect(x, y, w, h);
    context.fillStyle = colours('--panel');
    if (frozen) context.fillRect(x, y + h * 0.33, w, h * 0.34);
    else context.fillRect(x + w * 0.33, y + h * 0.33, w * 0.34, h * 0.34);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} width
 * @param {number} height
 * @param {readonly number[]} heat
 */
function drawHeat(context, width, height, heat) {
  const colours = palette();
  const highest = Math.max(8, ...heat);
  const step = width / heat.length;
  context.fillStyle = colours('--heat');
  heat.forEach((value, i) => {
    const bar = (value / highest) * height;
    context.fillRect(i * step, height - bar, Math.max(1, step - 0.5), bar);
  });
}
