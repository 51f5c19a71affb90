/**
 * Traces made by a rule instead of recorded: seven kinds of traffic, each the home ground or the undoing of some policy.
 *
 * Recorded traces show what happens; these show why, and anyone can have them. Every family is an endless generator of keys,
 * driven by nothing but its seed, so that the same name and seed give the same requests everywhere. No family is made for
 * one size of cache: where a length matters (a loop, a distance between two reads), the trace goes through several of them,
 * so that each cache between some fifty and some thousand entries meets one that is a little too long for it.
 *
 * - zipf: popularity by Zipf's law with exponent 0.9, which never changes. Frequency is all there is to know.
 * - scan: zipf, interrupted by sweeps over keys that are never asked for again.
 * - loop: the same keys in the same order, round and round. LRU evicts each just before it is needed.
 * - once-more: each key is read a second and last time a fixed number of keys later. Recency is all there is to know, and
 *   whoever waits for a key to prove itself is always late.
 * - phases: zipf and once-more by turns, long and short. Who adapts too slowly is wrong half of the time.
 * - drift: zipf whose ranks move slowly over the keys: what was popular is not, but every counter still says so.
 * - working-set: a few hundred or thousand keys, one as likely as another, all exchanged at once now and then.
 */
import type { Trace } from './replay.ts';

export type Random = () => number;
export type Keys = Generator<number, never>;

/** Mulberry32: 32 bits of state, good enough to draw keys. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Ranks 0..count-1, the r-th with a probability proportional to 1 / (r + 1)^exponent. O(count) once, O(log count) each. */
export function* zipf(random: Random, count: number, exponent: number): Keys {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) cumulative[rank] = sum += (rank + 1) ** -exponent;
  for (;;) {
    const drawn = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] as number) < drawn) low = middle + 1;
      else high = middle;
    }
    yield low;
  }
}

/** Every key is read when it is new and once more when `distance` newer ones have come. */
export function* onceMore(first: number, distance: number): Keys {
  for (let key = first; ; key++) {
    yield key;
    if (key - distance >= first) yield key - distance;
  }
}

/** Families number their keys from well apart starts, so that parts of a trace share keys only where they mean to. */
const APART = 1e8;

function* scans(random: Random): Keys {
  const popular = zipf(random, 10_000, 0.9);
  for (let fresh = APART; ;) {
    for (let left = between(random, 500, 3000); left > 0; left--) yield popular.next().value;
    for (let left = between(random, 300, 3000); left > 0; left--) yield fresh++;
  }
}

function* loops(random: Random): Keys {
  for (let start = 0; ; start += APART) {
    for (const length of shuffled(random, [72, 288, 1120, 4480])) {
      const first = start + length * 100;
      for (let left = Math.max(4000, 4 * length); left > 0; left--) yield first + (left % length);
    }
  }
}

function* onceMores(random: Random): Keys {
  for (let start = 0; ; start += APART) {
    for (const distance of shuffled(random, [20, 80, 320, 1280])) {
      const keys = onceMore(start + distance * 1e5, distance);
      for (let left = Math.max(5000, 8 * distance); left > 0; left--) yield keys.next().value;
    }
  }
}

function* phases(random: Random): Keys {
  const popular = zipf(random, 10_000, 0.9);
  for (let start = APART; ; start += APART) {
    for (const length of [10_000, 1000, 3000, 1000]) {
      for (let left = length; left > 0; left--) yield popular.next().value;
      const recent = onceMore(start + length * 1000, between(random, 20, 800));
      for (let left = length; left > 0; left--) yield recent.next().value;
    }
  }
}

function* drift(random: Random): Keys {
  const ranks = zipf(random, 10_000, 0.9);
  for (let moved = 0; ; moved += 0.05) yield Math.floor(moved) + ranks.next().value;
}

function* workingSets(random: Random): Keys {
  for (let start = 0; ; start += APART) {
    const size = Math.round(50 * 100 ** random());
    for (let left = between(random, 2000, 10_000); left > 0; left--) yield start + Math.floor(random() * size);
  }
}

const families: Readonly<Record<string, (random: Random) => Keys>> = {
  zipf: (random) => zipf(random, 20_000, 0.9),
  scan: scans,
  loop: loops,
  'once-more': onceMores,
  phases,
  drift,
  'working-set': workingSets,
};

/** The families that {@link generatedTrace} knows. */
export const generatedTraceNames: readonly string[] = Object.keys(families);

/**
 * The trace of a family. O(requests).
 *
 * @param seed an integer; each gives another trace of the same kind
 * @throws {RangeError} when there is no such family
 */
export function generatedTrace(name: string, seed: number, requests: number = 60_000): Trace {
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  if (family === undefined) {
    throw new RangeError(`a generated trace is one of ${generatedTraceNames.join(', ')}; got '${name}'`);
  }
  return traceOf(name, family(seeded(seed)), requests);
}

/** The first requests of a generator of keys, numbered by first appearance. */
export function traceOf(name: string, keys: Keys, requests: number): Trace {
  const ids = new Uint32Array(requests);
  const idOf = new Map<number, number>();
  for (let k = 0; k < requests; k++) {
    const key = keys.next().value;
    const known = idOf.get(key);
    ids[k] = known ?? idOf.size;
    if (known === undefined) idOf.set(key, idOf.size);
  }
  return { name, ids, unique: idOf.size };
}

function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low));
}

/** Fisher and Yates. */
function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const order = [...items];
  for (let left = order.length - 1; left > 0; left--) {
    const other = Math.floor(random() * (left + 1));
    [order[left], order[other]] = [order[other] as T, order[left] as T];
  }
  return order;
}
