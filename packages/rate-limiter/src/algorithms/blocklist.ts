/**
 * Blocklist: one time per key, before which everything is refused. It counts nothing.
 *
 * Words: `[untilMs]`, 0 = not blocked. Set by the operation "block" only; charging and crediting leave it alone, so it
 * composes with limits that count, and a blocked request spends nothing in them.
 */
import type { Algorithm } from './algorithm.ts';

const blockedForMs: Algorithm['reset'] = ({ words }, at, nowMs) => Math.max(0, words[at]! - nowMs);

export const blocklistAlgorithm: Algorithm = {
  words: 1,
  reservable: true,
  counts: false,
  delay: blockedForMs,
  charge: () => undefined,
  credit: () => undefined,
  remaining: (state, at, nowMs, c) => (blockedForMs(state, at, nowMs, c) > 0 ? 0 : Infinity),
  reset: blockedForMs,
};
