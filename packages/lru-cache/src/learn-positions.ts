/**
 * Which characters tell these keys apart?
 *
 * Keys of one cache look alike: `/users/4711/profile` differs from its neighbour in a few places, and a hash of just
 * those places is as good as one of all (entropy-learned hashing, Hentschel et al., SIGMOD 2022). Greedy: take the
 * offset that splits the sample into most groups, then the one that splits those groups into most, until all keys stand
 * alone or no offset helps. Offsets count from both ends, since what varies in length shifts what comes after it.
 *
 * The sample is smaller than the cache: it may look well split by three digits of a number that has six. So each
 * chosen offset brings its neighbours, and that is our departure from the paper, whose keys are known in full.
 *
 * Cost: about 96 offsets x 6 choices x 512 keys once, some milliseconds, and only when the index was found wanting.
 */
const reach = 48;
const chosenMost = 6;
const positionsMost = 10;
/** A hash that merges more of the sample than this is no better than what it would replace. */
const splitLeast = 0.75;

/** Offsets (negative = from the end) for `hashAt`, or undefined when none tell these different keys well enough apart. */
export function learnPositions(keys: readonly string[]): Int8Array | undefined {
  const candidates: number[] = [];
  for (let at = 0; at < reach; at++) candidates.push(at, -1 - at);
  let groups = groupsBy(keys, (key) => key.length);
  const chosen: number[] = [];
  while (chosen.length < chosenMost && countOf(groups) < keys.length) {
    let best: Int32Array = groups;
    let position = 0;
    for (const candidate of candidates) {
      const split = refine(groups, keys, candidate);
      if (countOf(split) > countOf(best)) {
        best = split;
        position = candidate;
      }
    }
    if (best === groups) break;
    groups = best;
    chosen.push(position);
  }
  // Nothing chosen: there are no strings to speak of, so it was others that needed too many probes.
  if (chosen.length === 0 || countOf(groups) < splitLeast * keys.length) return undefined;
  return withNeighbours(chosen);
}

/** For each key the number of its group. */
function groupsBy(keys: readonly string[], trait: (key: string, i: number) => number): Int32Array {
  const numbers = new Map<number, number>();
  return Int32Array.from(keys, (key, i) => {
    const t = trait(key, i);
    let number = numbers.get(t);
    if (number === undefined) numbers.set(t, (number = numbers.size));
    return number;
  });
}

/** Groups are numbered from 0 in order of appearance, so the largest number tells how many there are. */
function countOf(groups: Int32Array): number {
  return groups.reduce((most, group) => Math.max(most, group), -1) + 1;
}

function refine(groups: Int32Array, keys: readonly string[], position: number): Int32Array {
  return groupsBy(keys, (key, i) => (groups[i] as number) * 65537 + unitAt(key, position) + 1);
}

/** -1 = the key has none there. */
function unitAt(key: string, position: number): number {
  const at = position < 0 ? key.length + position : position;
  return at >= 0 && at < key.length ? key.charCodeAt(at) : -1;
}

/** The chosen first, then neighbours on either side, best choice first, as many as there is room for. */
function withNeighbours(chosen: readonly number[]): Int8Array {
  const all = new Set(chosen);
  for (const distance of [1, 2]) {
    for (const position of chosen) {
      for (const neighbour of [position - distance, position + distance]) {
        // An offset does not cross the ends: -1 + 1 is no neighbour of the last unit, but the first.
        const sameEnd = neighbour < 0 === position < 0;
        if (sameEnd && all.size < positionsMost) all.add(neighbour);
      }
    }
  }
  // An even number: they are hashed in pairs.
  const positions = [...all];
  if (positions.length % 2 === 1) positions.push(positions[0] ?? -1);
  return Int8Array.from(positions);
}
