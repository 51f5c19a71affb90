/**
 * The lab as a pure machine: a state and an event give the next state. No clock, no page, no chance.
 *
 * Three placements of the same nodes stand side by side, and the same requests go through all three. Behind each node
 * is a simulated cache without eviction: a request is a hit when the node that serves it has seen the key since it came
 * up. Caches start full, so that every miss is the price of a change.
 *
 * Whatever is kept from one state to the next is replaced and never written to: an old state stays what it was.
 */
import { following, lostWithZone, moduloOwner, movementOf, placementsOf, fairShares, idealOf } from './movement.js';
import { changed, firstNodes, titleOf, upOf } from './topology.js';
import { drawKey, keyNames, lane } from './traffic.js';

/** @typedef {import('./lab-core.js').Library} Library */
/** @typedef {import('./lab-core.js').LabState} LabState */
/** @typedef {import('./lab-core.js').LabEvent} LabEvent */
/** @typedef {import('./lab-core.js').LabNode} LabNode */
/** @typedef {import('./lab-core.js').Change} Change */
/** @typedef {import('./lab-core.js').Kind} Kind */
/** @typedef {import('./lab-core.js').Cache} Cache */

/** Requests of one tick. */
export const REQUESTS = 500;
/** Ticks of history: a minute at ten a second. */
export const TICKS_KEPT = 600;
const LOAD_TICKS = 20;
const KINDS = /** @type {const} */ (['ring', 'slots', 'modulo']);
/** Keys that stand for all where every key's replicas are looked at. */
const SAMPLE = keyNames.slice(0, 1000);

/**
 * @param {Library} lib
 * @param {{ seed?: number, nodes?: number }} [options]
 */
export function labOf(lib, { seed = 1, nodes: count = 6 } = {}) {
  const hashes = Uint32Array.from(keyNames, (key) => lib.xxh32.hash(key, 0));
  return {
    first: () => firstState(lib, hashes, firstNodes(count)),
    next(/** @type {LabState} */ state, /** @type {LabEvent} */ event) {
      if (event.type === 'tick') return afterTick(lib, hashes, seed, state);
      if (event.type === 'set') {
        const { hot, split, c } = { ...state.policy, ...event };
        return { ...state, policy: { hot, split, c }, loads: [] };
      }
      return afterChange(lib, hashes, state, event);
    },
  };
}

/**
 * @param {Library} lib
 * @param {Uint32Array} hashes
 * @param {LabNode[]} nodes
 * @returns {LabState}
 */
function firstState(lib, hashes, nodes) {
  const placements = placementsOf(lib, nodes);
  const { ring, slots, modulo } = placements;
  return {
    tick: 0,
    nodes,
    placements,
    policy: { hot: false, split: false, c: null },
    sketch: null,
    caches: {
      ring: fullCache(nodes, (key) => ring.locate(keyNames[key]).id),
      slots: fullCache(nodes, (key) => slots.locate(keyNames[key]).id),
      modulo: fullCache(nodes, (key) => moduloOwner(modulo, hashes[key])),
    },
    loads: [],
    hits: [],
    changes: [],
    report: null,
    requests: null,
  };
}

const emptyBits = () => new Uint32Array(Math.ceil(keyNames.length / 32));

/**
 * @param {readonly LabNode[]} nodes
 * @param {(key: number) => string} ownerOf
 * @returns {Cache}
 */
function fullCache(nodes, ownerOf) {
  const bits = new Map(nodes.map(({ id }) => [id, emptyBits()]));
  for (let key = 0; key < keyNames.length; key++) seen(/** @type {Uint32Array} */ (bits.get(ownerOf(key))), key);
  return bits;
}

/**
 * Whether the key was there; it is from now on.
 *
 * @param {Uint32Array} bits
 * @param {number} key
 */
function seen(bits, key) {
  const bit = 1 << (key & 31);
  const was = (bits[key >>> 5] & bit) !== 0;
  bits[key >>> 5] |= bit;
  return was;
}

/**
 * @param {Library} lib
 * @param {Uint32Array} hashes
 * @param {LabState} state
 * @param {Change} change
 * @returns {LabState}
 */
function afterChange(lib, hashes, state, change) {
  const nodes = changed(state.nodes, change);
  if (!nodes) return state;
  const placements = following(lib, state.placements, nodes);
  // What a node had cached goes when it goes down, so it comes back empty.
  const kept = (/** @type {Cache} */ cache) => new Map(upOf(nodes).map(({ id }) => [id, cache.get(id) ?? emptyBits()]));
  const { ring, slots, modulo } = state.caches;
  return {
    ...state,
    nodes,
    placements,
    caches: { ring: kept(ring), slots: kept(slots), modulo: kept(modulo) },
    loads: [],
    changes: [...state.changes, state.tick].filter((tick) => tick > state.tick - TICKS_KEPT),
    report: {
      title: titleOf(change, nodes),
      ideal: idealOf(state.nodes, nodes),
      movement: movementOf(lib, state.placements, placements, hashes),
      misses: { ring: 0, slots: 0, modulo: 0 },
      lost: change.type === 'kill' ? lostWithZone(state.placements.ring, change.zone, SAMPLE) : null,
    },
  };
}

/**
 * @param {Library} lib
 * @param {Uint32Array} hashes
 * @param {number} seed
 * @param {LabState} state
 * @returns {LabState}
 */
function afterTick(lib, hashes, seed, state) {
  const { placements, policy } = state;
  const sketch = lib.hotKeys({ k: 4, counters: 64 });
  const ring = lane(lib, placements.ring, policy, state.sketch);
  const slots = lane(lib, placements.slots, policy, state.sketch);
  const caches = {
    ring: copied(state.caches.ring),
    slots: copied(state.caches.slots),
    modulo: copied(state.caches.modulo),
  };
  const misses = { ring: 0, slots: 0, modulo: 0 };
  const requests = {
    hashes: new Uint32Array(REQUESTS),
    served: { ring: /** @type {string[]} */ ([]), slots: /** @type {string[]} */ ([]) },
  };

  for (let i = 0; i < REQUESTS; i++) {
    const key = drawKey(lib, seed, state.tick * REQUESTS + i, policy.hot);
    const name = keyNames[key];
    sketch.record(name);
    const served = {
      ring: ring.route(name),
      slots: slots.route(name),
      modulo: moduloOwner(placements.modulo, hashes[key]),
    };
    for (const kind of KINDS) {
      const bits = caches[kind].get(served[kind]);
      if (!bits || !seen(bits, key)) misses[kind]++;
    }
    requests.hashes[i] = hashes[key];
    requests.served.ring.push(served.ring);
    requests.served.slots.push(served.slots);
  }

  const ratio = (/** @type {number} */ missed) => 1 - missed / REQUESTS;
  const hits = { ring: ratio(misses.ring), slots: ratio(misses.slots), modulo: ratio(misses.modulo) };
  return {
    ...state,
    tick: state.tick + 1,
    sketch,
    caches,
    loads: [...state.loads, { ring: ring.load, slots: slots.load }].slice(-LOAD_TICKS),
    hits: [...state.hits, hits].slice(-TICKS_KEPT),
    report: state.report && { ...state.report, misses: sums(state.report.misses, misses) },
    requests,
  };
}

/**
 * @param {Cache} cache
 * @returns {Map<string, Uint32Array>}
 */
const copied = (cache) => new Map([...cache].map(([id, bits]) => [id, bits.slice()]));

/**
 * @param {Readonly<Record<Kind, number>>} a
 * @param {Readonly<Record<Kind, number>>} b
 */
const sums = (a, b) => ({ ring: a.ring + b.ring, slots: a.slots + b.slots, modulo: a.modulo + b.modulo });

/**
 * @param {LabState} state
 * @param {'ring' | 'slots'} kind
 * @returns {{ total: number, peak: number | null, byId: Map<string, number> }}
 */
export function loadsOf(state, kind) {
  const total = state.loads.length * REQUESTS;
  const byId = new Map(
    [...fairShares(upOf(state.nodes))].map(([id, fair]) => {
      const taken = state.loads.reduce((sum, load) => sum + (load[kind].get(id) ?? 0), 0);
      return [id, total > 0 ? taken / total / fair : 0];
    }),
  );
  return { total, peak: total > 0 ? Math.max(...byId.values()) : null, byId };
}
