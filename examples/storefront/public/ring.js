/**
 * The ring: the 32-bit hash space bent into a circle, clockwise from the top, each arc in its owner's colour.
 *
 * All arcs of a shard are one SVG path, so a ring of thousands of arcs is at most sixteen elements. When the ring has
 * changed, the rim outside marks the ranges that have another owner than before: those are the keys that moved.
 */
import { colourOf } from './palette.js';
import { plural } from './format.js';

/** @typedef {import('../src/live-state.ts').RingArcs} RingArcs */
/** @typedef {{ start: number, end: number }} Range inclusive, of the hash space */

const SPACE = 2 ** 32;
const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {HTMLElement} place
 * @returns {{ draw: (ring: RingArcs) => void, point: (shard: string | null) => void }}
 */
export function ringPicture(place) {
  const svg = svgElement('svg', { viewBox: '-108 -108 216 216', role: 'img' });
  const shards = svgElement('g', {});
  const rim = svgElement('path', { class: 'ring-rim' });
  const big = svgElement('text', { class: 'ring-count', y: '2' });
  const small = svgElement('text', { class: 'ring-note', y: '20' });
  svg.append(svgElement('circle', { class: 'ring-bed', r: '81' }), shards, rim, big, small);
  place.append(svg);
  /** @type {RingArcs | undefined} */
  let drawn;

  return {
    draw(ring) {
      const moved = drawn ? movedRanges(drawn.arcs, ring.arcs) : [];
      drawn = ring;
      /** @type {Map<string, Range[]>} */
      const byShard = new Map();
      for (const arc of ring.arcs) {
        const ranges = byShard.get(arc.shard);
        if (ranges) ranges.push(arc);
        else byShard.set(arc.shard, [arc]);
      }
      shards.replaceChildren(
        ...[...byShard].map(([shard, ranges]) => {
          const path = svgElement('path', { d: pathOf(ranges, 66, 96), 'data-shard': shard });
          path.style.fill = colourOf(shard);
          const name = svgElement('title', {});
          name.textContent = shard;
          path.append(name);
          return path;
        }),
      );
      rim.setAttribute('d', pathOf(moved, 100, 105));
      big.textContent = String(byShard.size);
      small.textContent = byShard.size === 1 ? 'shard' : 'shards';
      svg.setAttribute('aria-label', `${plural(byShard.size, 'shard')} on ${plural(ring.arcs.length, 'arc')}`);
    },
    /** Brings one shard's arcs forward, or none. */
    point(shard) {
      for (const path of shards.children)
        path.classList.toggle('dim', shard !== null && path.getAttribute('data-shard') !== shard);
    },
  };
}

/**
 * The ranges whose owner differs between two rings: one walk over both, O(arcs).
 *
 * @param {RingArcs['arcs']} before
 * @param {RingArcs['arcs']} after
 * @returns {Range[]} ascending, neighbours merged
 */
export function movedRanges(before, after) {
  /** @type {Range[]} */
  const moved = [];
  let start = 0;
  for (let i = 0, j = 0; i < before.length && j < after.length;) {
    const end = Math.min(before[i].end, after[j].end);
    if (before[i].shard !== after[j].shard) {
      const last = moved.at(-1);
      if (last && last.end + 1 === start) last.end = end;
      else moved.push({ start, end });
    }
    start = end + 1;
    if (before[i].end === end) i++;
    if (after[j].end === end) j++;
  }
  return moved;
}

/**
 * @param {readonly Range[]} ranges
 * @param {number} inner radius
 * @param {number} outer radius
 * @returns {string} a path of ring segments
 */
function pathOf(ranges, inner, outer) {
  return ranges.map(({ start, end }) => segment(start / SPACE, (end + 1) / SPACE, inner, outer)).join('');
}

/**
 * @param {number} from fraction of the circle
 * @param {number} to
 * @param {number} inner
 * @param {number} outer
 * @returns {string}
 */
function segment(from, to, inner, outer) {
  // An SVG arc cannot say which way round half a circle or more goes without flags; halves need none.
  if (to - from > 0.5) {
    const middle = (from + to) / 2;
    return segment(from, middle, inner, outer) + segment(middle, to, inner, outer);
  }
  const at = (/** @type {number} */ turn, /** @type {number} */ radius) => {
    const angle = turn * 2 * Math.PI;
    return `${(Math.sin(angle) * radius).toFixed(2)} ${(-Math.cos(angle) * radius).toFixed(2)}`;
  };
  return `M${at(from, outer)}A${outer} ${outer} 0 0 1 ${at(to, outer)}L${at(to, inner)}A${inner} ${inner} 0 0 0 ${at(from, inner)}Z`;
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
function svgElement(tag, attributes) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
