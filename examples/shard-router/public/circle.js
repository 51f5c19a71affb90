/**
 * The picture: the 32-bit hash space bent into a circle, clockwise from the top, each arc in its owner's colour.
 *
 * From the centre requests fly to their place in the hash space, in the colour of the node that serves them; outside,
 * spikes show how much traffic each part has had of late, and a rim marks what moved with the last change. The arcs
 * stand on a canvas of their own and are drawn only when they change; what moves is drawn over them each frame.
 */
/* global Path2D */
import { canvasIn } from './kit/dom.js';
import { plural } from './kit/format.js';
import { canvasColourOf, palette } from './palette.js';

/** @typedef {import('./lab-core.js').LabState} LabState */
/** @typedef {'ring' | 'slots'} Shown */
/** @typedef {{ angle: number, id: string, startMs: number }} Dot */

const SPACE = 2 ** 32;
const BINS = 240;
const DOTS_A_TICK = 16;
const FLIGHT_MS = 620;
/** Per tick: a spike halves in a second. */
const FADE = 0.5 ** (1 / 10);

/** Radii as fractions of half the picture's width. */
const CORE = 0.25;
const INNER = 0.56;
const OUTER = 0.76;
const RIM = 0.785;
const RIM_END = 0.81;
const HEAT = 0.83;
const HEAT_END = 0.99;

const angleOf = (/** @type {number} */ hash) => (hash / SPACE) * 2 * Math.PI - Math.PI / 2;

/**
 * @param {HTMLElement} place
 * @param {number} tickMs
 */
export function circle(place, tickMs) {
  /** @type {LabState | undefined} */
  let state;
  /** @type {Shown} */
  let shown = 'ring';
  /** @type {string | null} */
  let pointed = null;
  /** @type {Dot[]} */
  let dots = [];
  const heat = new Float64Array(BINS);
  const still = matchMedia('(prefers-reduced-motion: reduce)');

  const arcs = canvasIn(place, (context, width) => {
    if (state) drawArcs(context, width / 2, state, shown, pointed);
  });
  arcs.canvas.dataset.testid = 'arcs';
  const traffic = canvasIn(place, (context, width) => {
    if (!state) return;
    drawHeat(context, width / 2, heat);
    drawDots(context, width / 2, dots, performance.now());
    drawCore(context, width / 2, state);
  });
  traffic.canvas.setAttribute('aria-hidden', 'true');
  traffic.canvas.removeAttribute('role');

  let flying = false;
  const frame = () => {
    const now = performance.now();
    dots = dots.filter(({ startMs }) => now - startMs < FLIGHT_MS);
    traffic.draw();
    flying = dots.length > 0;
    if (flying) requestAnimationFrame(frame);
  };

  return {
    /**
     * @param {LabState} next
     * @param {Shown} kind
     * @param {boolean} ticked whether its requests are new
     */
    show(next, kind, ticked) {
      const redraw = next.placements !== state?.placements || kind !== shown;
      state = next;
      shown = kind;
      if (redraw) {
        arcs.canvas.setAttribute('aria-label', labelOf(next, kind));
        arcs.draw();
      }
      if (ticked && next.requests) {
        const { hashes, served } = next.requests;
        for (let bin = 0; bin < BINS; bin++) heat[bin] *= FADE;
        for (const hash of hashes) heat[Math.floor((hash / SPACE) * BINS)]++;
        if (!still.matches && !document.hidden) {
          const now = performance.now();
          for (let i = 0; i < DOTS_A_TICK; i++) {
            dots.push({ angle: angleOf(hashes[i]), id: served[kind][i], startMs: now + (i / DOTS_A_TICK) * tickMs });
          }
        }
      }
      if (flying) return;
      flying = true;
      requestAnimationFrame(frame);
    },
    /** Brings one node's arcs forward, or none. */
    point(/** @type {string | null} */ id) {
      if (pointed === id) return;
      pointed = id;
      arcs.draw();
    },
  };
}

/**
 * @param {LabState} state
 * @param {Shown} kind
 */
function labelOf({ placements }, kind) {
  const shares = [...placements[kind].shares()].map(([id, share]) => `${id} ${(share * 100).toFixed(1)}%`);
  return `The hash space as a circle: ${plural(shares.length, 'node')} in the ${kind === 'ring' ? 'ring' : 'slot map'}. ${shares.join(', ')}.`;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} radius
 * @param {LabState} state
 * @param {Shown} kind
 * @param {string | null} pointed
 */
function drawArcs(context, radius, { placements, report }, kind, pointed) {
  const colours = palette();
  /** @type {Map<string, Path2D>} */
  const paths = new Map();
  for (const { start, end, node } of placements[kind].ranges()) {
    let path = paths.get(node.id);
    if (!path) paths.set(node.id, (path = new Path2D()));
    segment(path, radius, angleOf(start), angleOf(end + 1), INNER, OUTER);
  }
  // A node that has just left may still be pointed at: then all are shown.
  const dimmed = pointed !== null && paths.has(pointed);
  for (const [id, path] of paths) {
    context.fillStyle = canvasColourOf(colours, id);
    context.globalAlpha = dimmed && pointed !== id ? 0.14 : 1;
    context.fill(path);
  }
  context.globalAlpha = 1;
  if (kind === 'slots') drawSlotLines(context, radius, placements.slots.count, colours('--panel'));
  const rim = new Path2D();
  for (const { start, end } of report?.movement[kind].ranges ?? []) {
    segment(rim, radius, angleOf(start), angleOf(end + 1), RIM, RIM_END);
  }
  context.fillStyle = colours('--text');
  context.fill(rim);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} radius
 * @param {number} slots
 * @param {string} colour
 */
function drawSlotLines(context, radius, slots, colour) {
  context.strokeStyle = colour;
  // A tenth of a slot, or slots on a phone are all line.
  context.lineWidth = Math.min(0.7, (OUTER * radius * 0.6) / slots);
  context.beginPath();
  for (let slot = 0; slot < slots; slot++) {
    const angle = angleOf((slot / slots) * SPACE);
    context.moveTo(radius + Math.cos(angle) * INNER * radius, radius + Math.sin(angle) * INNER * radius);
    context.lineTo(radius + Math.cos(angle) * OUTER * radius, radius + Math.sin(angle) * OUTER * radius);
  }
  context.stroke();
}

/**
 * @param {Path2D} path
 * @param {number} radius
 * @param {number} from
 * @param {number} to
 * @param {number} inner
 * @param {number} outer
 */
function segment(path, radius, from, to, inner, outer) {
  path.moveTo(radius + Math.cos(from) * inner * radius, radius + Math.sin(from) * inner * radius);
  path.arc(radius, radius, outer * radius, from, to);
  path.arc(radius, radius, inner * radius, to, from, true);
  path.closePath();
}

/**
 * Square root: a hot key ten times the rest is three times as high, and the rest can still be seen.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {number} radius
 * @param {Float64Array} heat
 */
function drawHeat(context, radius, heat) {
  const colours = palette();
  const highest = Math.sqrt(Math.max(400, ...heat));
  const spikes = new Path2D();
  const gap = (0.2 * 2 * Math.PI) / BINS;
  for (let bin = 0; bin < BINS; bin++) {
    const height = (Math.sqrt(heat[bin]) / highest) * (HEAT_END - HEAT);
    if (height < 0.002) continue;
    const from = angleOf((bin / BINS) * SPACE);
    segment(spikes, radius, from + gap, from + (2 * Math.PI) / BINS - gap, HEAT, HEAT + height);
  }
  context.fillStyle = colours('--heat');
  context.fill(spikes);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} radius
 * @param {readonly Dot[]} dots
 * @param {number} now
 */
function drawDots(context, radius, dots, now) {
  const colours = palette();
  for (const { angle, id, startMs } of dots) {
    const way = (now - startMs) / FLIGHT_MS;
    if (way < 0 || way > 1) continue;
    const at = (CORE + (INNER - CORE) * way) * radius;
    context.fillStyle = canvasColourOf(colours, id);
    context.globalAlpha = Math.min(1, way * 5);
    context.beginPath();
    context.arc(radius + Math.cos(angle) * at, radius + Math.sin(angle) * at, 2.6, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} radius
 * @param {LabState} state
 */
function drawCore(context, radius, { nodes }) {
  const colours = palette();
  const up = nodes.filter((node) => node.up).length;
  context.textAlign = 'center';
  context.fillStyle = colours('--text');
  context.font = '600 30px system-ui, sans-serif';
  context.fillText(String(up), radius, radius + 6);
  context.fillStyle = colours('--muted');
  context.font = '12px system-ui, sans-serif';
  const down = nodes.length - up;
  context.fillText(down > 0 ? `up, ${down} down` : up === 1 ? 'node' : 'nodes', radius, radius + 24);
}
