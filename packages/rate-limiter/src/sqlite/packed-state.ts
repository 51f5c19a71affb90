/**
 * The state of one key as bytes: the words of all limits, then for each sliding log the newest time pushed, the time up
 * to which refunds are void, the number of times, and the times. All are 64-bit floats in the machine's byte order,
 * since the processes that share a file share a machine.
 */
import type { State } from '../algorithms/algorithm.ts';
import { Ring } from '../algorithms/ring.ts';
import { RateLimiterError } from '../errors.ts';
import type { Plan } from '../plan.ts';

const RING_HEAD = 3;

export function pack({ words, rings }: State): Uint8Array {
  const length = rings.reduce((sum, ring) => sum + RING_HEAD + (ring?.size ?? 0), words.length);
  const packed = new Float64Array(length);
  packed.set(words);
  let at = words.length;
  for (const ring of rings) {
    packed[at] = ring?.floorMs ?? 0;
    packed[at + 1] = ring?.sealedMs ?? -1;
    packed[at + 2] = ring?.size ?? 0;
    at += RING_HEAD;
    for (let i = 0; ring !== undefined && i < ring.size; i++) packed[at++] = ring.time(i);
  }
  return new Uint8Array(packed.buffer);
}

/**
 * Reads bytes into the state of slot 0. O(bytes).
 *
 * @throws {RateLimiterError} STORE_PROTOCOL when they are no state of this plan
 */
export function unpack(plan: Plan, bytes: unknown, state: State): void {
  const packed = bytes instanceof Uint8Array ? numbersIn(bytes) : new Float64Array(0);
  let at = plan.wordsPerKey;
  for (let r = 0; r < plan.ringsPerKey; r++) {
    const size = packed[at + 2];
    // A wrong length must not become a long loop.
    if (size === undefined || !(size >= 0 && at + RING_HEAD + size <= packed.length)) return refuse();
    const ring = new Ring();
    for (let i = 0; i < size; i++) ring.push(packed[at + RING_HEAD + i]!, Math.max(8, packed.length));
    ring.floorMs = packed[at]!;
    ring.sealedMs = packed[at + 1]!;
    state.rings[r] = ring;
    at += RING_HEAD + size;
  }
  if (at !== packed.length) refuse();
  state.words.set(packed.subarray(0, plan.wordsPerKey));
}

/** A copy, since a driver may hand out bytes that begin anywhere in a buffer. */
function numbersIn(bytes: Uint8Array): Float64Array {
  return bytes.byteLength % 8 === 0 ? new Float64Array(Uint8Array.from(bytes).buffer) : new Float64Array(0);
}

function refuse(): never {
  throw new RateLimiterError('STORE_PROTOCOL', 'a row of the SQLite store holds no state of its limits');
}
