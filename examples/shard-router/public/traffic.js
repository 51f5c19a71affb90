/**
 * Traffic: a numbered request is always the same request, so a run can be repeated to the byte.
 *
 * Keys are drawn by a Zipf law, the k-th most popular with weight k^-0.9: a cumulative table, and one binary search a
 * request. The randomness is the package's own `mix32` over the request's number.
 */

/** @typedef {import('./lab-core.js').Library} Library */

export const KEYS = 20_000;
const EXPONENT = 0.9;
const HOT_SHARE = 0.2;

/** The key that the hot-key switch turns on comes after all others. */
export const HOT_KEY = KEYS;
export const keyNames = Array.from({ length: KEYS + 1 }, (_, i) => (i === HOT_KEY ? 'user:hot' : `user:${i}`));

/**
 * @param {number} count
 * @param {number} exponent
 * @returns {Float64Array} at k the fraction of requests for keys 0 to k
 */
export function zipf(count, exponent) {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let k = 0; k < count; k++) cumulative[k] = sum += (k + 1) ** -exponent;
  return cumulative.map((value) => value / sum);
}

const popularity = zipf(KEYS, EXPONENT);

/**
 * @param {number} u in 0..1
 * @returns {number} the first key whose cumulative share is above u
 */
function keyAt(u) {
  let low = 0;
  let high = KEYS - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (popularity[middle] > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * @param {Library} lib
 * @param {number} seed
 * @param {number} number of the request
 * @param {boolean} hot whether one key takes a fifth of the traffic
 * @returns {number} index into keyNames
 */
export function drawKey(lib, seed, number, hot) {
  const u = lib.mix32(number >>> 0, seed, 1) / 2 ** 32;
  if (!hot) return keyAt(u);
  return u < HOT_SHARE ? HOT_KEY : keyAt((u - HOT_SHARE) / (1 - HOT_SHARE));
}

/**
 * One placement under one tick's requests: where each goes, and the load that this makes.
 *
 * All requests of a tick count as under way at the same time; bounded load is the bound on those. A split key goes to
 * the least loaded of its parts, everything else to its owner, or past it while the owner is full.
 *
 * @param {Library} lib
 * @param {import('@loadbearing/consistent-hash').Placement} placement
 * @param {{ split: boolean, c: number | null }} policy
 * @param {import('@loadbearing/consistent-hash').HotKeys | null} sketch of the tick before
 */
export function lane(lib, placement, { split, c }, sketch) {
  const bounded = c === null ? null : lib.bounded(placement, { c });
  const count = placement.nodes.length;
  /** @type {Map<string, number>} */
  const load = new Map(placement.nodes.map(({ id }) => [id, 0]));
  const relative = (/** @type {{ id: string, weight: number }} */ { id, weight }) => (load.get(id) ?? 0) / weight;
  return {
    load,
    /** @param {string} key */
    route(key) {
      const parts = split && sketch ? sketch.parts(key, count) : 1;
      const node =
        parts > 1
          ? lib.leastLoaded(placement.locateN(key, parts), relative)
          : bounded
            ? bounded.acquire(key).node
            : placement.locate(key);
      load.set(node.id, (load.get(node.id) ?? 0) + 1);
      return node.id;
    },
  };
}
