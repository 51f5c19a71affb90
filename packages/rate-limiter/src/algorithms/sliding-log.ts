/**
 * Sliding log: remember when each unit was admitted, and admit while the trailing window has room.
 *
 * The only algorithm here that is exact in every window `[t, t + windowMs)`. A unit admitted at t counts until
 * t + windowMs, that instant excluded. State: a {@link Ring} and no words. Constants: `[limit, windowMs]`.
 *
 * Invariants: times in the ring never decrease (a unit admitted while the clock is behind is logged at the newest time
 * seen), and only a charge drops expired ones, so asking changes nothing. Of units charged past the limit the newest
 * `limit` are kept: no later wait depends on the others.
 */
import type { Algorithm } from './algorithm.ts';
import { Ring } from './ring.ts';

/** How many of the oldest times no longer count at `nowMs`. */
function expired(ring: Ring, nowMs: number, windowMs: number): number {
  return ring.countThrough(nowMs - windowMs);
}

export const slidingLogAlgorithm: Algorithm = {
  words: 0,
  reservable: false,
  counts: true,

  delay({ rings }, at, nowMs, c, cost) {
    const limit = c[0]!;
    if (cost > limit) return Infinity;
    const ring = rings[at];
    if (ring === undefined) return 0;
    const first = expired(ring, nowMs, c[1]!);
    const excess = ring.size - first + cost - limit;
    return excess <= 0 ? 0 : ring.time(first + excess - 1) + c[1]! - nowMs;
  },

  charge({ rings }, at, nowMs, c, cost) {
    const limit = c[0]!;
    const ring = (rings[at] ??= new Ring());
    const timeMs = Math.max(nowMs, ring.floorMs);
    ring.dropOldest(expired(ring, nowMs, c[1]!));
    if (ring.size + cost > limit) ring.sealedMs = timeMs;
    for (let i = Math.min(cost, limit); i > 0; i--) ring.push(timeMs, limit);
  },

  credit({ rings }, at, _nowMs, _c, cost, startMs) {
    const ring = rings[at];
    if (ring === undefined || startMs <= ring.sealedMs) return;
    const from = ring.countThrough(startMs - 1);
    ring.remove(from, Math.min(cost, ring.countThrough(startMs) - from));
  },

  remaining({ rings }, at, nowMs, c) {
    const ring = rings[at];
    return ring === undefined ? c[0]! : c[0]! - (ring.size - expired(ring, nowMs, c[1]!));
  },

  reset({ rings }, at, nowMs, c) {
    const ring = rings[at];
    if (ring === undefined || expired(ring, nowMs, c[1]!) === ring.size) return 0;
    return ring.time(ring.size - 1) + c[1]! - nowMs;
  },
};
