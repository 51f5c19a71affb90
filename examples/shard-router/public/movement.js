/**
 * What a change of nodes costs: three placements of the same nodes, before and after.
 *
 * The ring is built afresh, for it has no history; the slot map follows step by step from the map before, which is what
 * makes its moves few. `hash % n` is the placement that everybody starts with. The ideal is the least that any
 * placement can move: what the nodes gain in fair shares.
 */
import { upOf } from './topology.js';

/** @typedef {import('./lab-core.js').Library} Library */
/** @typedef {import('./lab-core.js').LabNode} LabNode */
/** @typedef {import('./lab-core.js').Placements} Placements */
/** @typedef {import('./lab-core.js').Movement} Movement */

/** Slots of the lab's map: few enough to be seen one by one. */
export const SLOTS = 256;

const specOf = (/** @type {LabNode} */ { id, zone, weight }) => ({ id, zone, weight });

/**
 * @param {Library} lib
 * @param {readonly LabNode[]} nodes
 * @returns {Placements} as for a new cluster
 */
export function placementsOf(lib, nodes) {
  const specs = upOf(nodes).map(specOf);
  return { ring: lib.ring(specs), slots: lib.slots(specs, { count: SLOTS }), modulo: idsOf(nodes) };
}

/**
 * @param {Library} lib
 * @param {Placements} before
 * @param {readonly LabNode[]} nodes
 * @returns {Placements}
 */
export function following(lib, before, nodes) {
  const specs = upOf(nodes).map(specOf);
  let slots = before.slots;
  for (const spec of specs) {
    const old = slots.nodes.find(({ id }) => id === spec.id);
    if (!old) slots = slots.with(spec);
    else if (old.weight !== spec.weight) slots = slots.reweight(spec.id, spec.weight);
  }
  // Those that leave last: a placement is never empty.
  for (const { id } of slots.nodes) if (!specs.some((spec) => spec.id === id)) slots = slots.without(id);
  return { ring: lib.ring(specs), slots, modulo: idsOf(nodes) };
}

const idsOf = (/** @type {readonly LabNode[]} */ nodes) =>
  upOf(nodes)
    .map(({ id }) => id)
    .sort();

/**
 * @param {readonly string[]} ids
 * @param {number} hash
 */
export const moduloOwner = (ids, hash) => ids[hash % ids.length];

/**
 * @param {readonly { id: string, weight: number }[]} nodes those that are up
 * @returns {Map<string, number>} the fraction of the keys that each should own
 */
export function fairShares(nodes) {
  const total = nodes.reduce((sum, { weight }) => sum + weight, 0);
  return new Map(nodes.map(({ id, weight }) => [id, weight / total]));
}

/**
 * The least that any placement could move.
 *
 * @param {readonly LabNode[]} before
 * @param {readonly LabNode[]} after
 */
export function idealOf(before, after) {
  const was = fairShares(upOf(before));
  let gained = 0;
  for (const [id, share] of fairShares(upOf(after))) gained += Math.max(0, share - (was.get(id) ?? 0));
  return gained;
}

/**
 * What moved in each placement, and how much of it between two nodes that did not change.
 *
 * @param {Library} lib
 * @param {Placements} before
 * @param {Placements} after
 * @param {Uint32Array} hashes of the keys, which stand for the hash space where a placement has no ranges
 * @returns {{ ring: Movement, slots: Movement, modulo: Movement }}
 */
export function movementOf(lib, before, after, hashes) {
  const weights = (/** @type {Placements} */ { ring }) => new Map(ring.nodes.map(({ id, weight }) => [id, weight]));
  const was = weights(before);
  const is = weights(after);
  const needless = (/** @type {string} */ from, /** @type {string} */ to) =>
    was.get(from) === is.get(from) && was.get(to) === is.get(to);

  const exact = (/** @type {ReturnType<Library['diff']>} */ moves) => ({
    moved: moves.reduce((sum, { share }) => sum + share, 0),
    needless: moves.reduce((sum, { from, to, share }) => sum + (needless(from, to) ? share : 0), 0),
    ranges: moves.map(({ start, end }) => ({ start, end })),
  });
  const modulo = { moved: 0, needless: 0, ranges: [] };
  for (const hash of hashes) {
    const from = moduloOwner(before.modulo, hash);
    const to = moduloOwner(after.modulo, hash);
    if (from === to) continue;
    modulo.moved += 1 / hashes.length;
    if (needless(from, to)) modulo.needless += 1 / hashes.length;
  }
  return {
    ring: exact(lib.diff(before.ring, after.ring)),
    slots: exact(lib.diff(before.slots, after.slots)),
    modulo,
  };
}

/**
 * Of keys with two copies, the fraction that has none left when a zone goes down: with the copies in two zones, and
 * with the copies on any two nodes.
 *
 * @param {Placements['ring']} ring before the zone went down
 * @param {string} zone
 * @param {readonly string[]} keys
 * @returns {{ apart: number, anywhere: number }}
 */
export function lostWithZone(ring, zone, keys) {
  const lost = (/** @type {'zone' | 'node'} */ distinctBy) =>
    keys.filter((key) => ring.locateN(key, 2, { distinctBy }).every((node) => node.zone === zone)).length / keys.length;
  return { apart: lost('zone'), anywhere: lost('node') };
}
