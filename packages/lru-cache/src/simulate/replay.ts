/**
 * Replay: how many requests of a trace a policy would have answered from a cache of `max` entries.
 *
 * A trace is a list of dense ids, numbered by first appearance, so that key to slot is one array and nothing but the
 * policy is measured. The calls are those of the cache itself: `hit` for what is there; else `evict` while full, then
 * `insert`. Cost: O(requests) calls, 4 bytes an id and 4 a slot.
 */
import type { Policy } from '../types.ts';

export interface Trace {
  readonly name: string;
  /** One id a request, 0..unique-1. */
  readonly ids: Uint32Array;
  readonly unique: number;
}

/** Hits of a fresh policy over the trace. */
export function replay(policy: Policy, trace: Trace, max: number): number {
  const { ids, unique } = trace;
  const slotOf = new Int32Array(unique);
  const idIn = new Int32Array(max + 1);
  policy.attach({ max, hashOf: (slot) => fingerprint(idIn[slot] as number) });
  policy.grow(max);
  let hits = 0;
  let used = 0;
  for (const id of ids) {
    const held = slotOf[id] as number;
    if (held !== 0) {
      hits++;
      policy.hit(held);
      continue;
    }
    const hash = fingerprint(id);
    let slot: number;
    if (used < max) {
      slot = ++used;
    } else {
      slot = policy.evict(hash);
      slotOf[idIn[slot] as number] = 0;
    }
    slotOf[id] = slot;
    idIn[slot] = id;
    policy.insert(slot, hash);
  }
  return hits;
}

/** The finalizer of MurmurHash3: ids are dense, fingerprints must not be. */
function fingerprint(id: number): number {
  let h = id + 1;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
