/**
 * Sliding counter: two fixed windows, the older one fading out.
 *
 * At offset e into the current window the estimate is `current + previous * (windowMs - e) / windowMs`: exact if the
 * previous window's units were spread evenly, otherwise off by what was bunched. All comparisons are multiplied by
 * windowMs and so in integers. Known from Cloudflare's post on counting at scale (2017).
 *
 * Words: `[index, current, previous]`, index = number of the current window since time 0. Constants:
 * `[limit, windowMs]`. A clock behind the start of the current window counts as that start, and waits are longer by
 * the gap.
 */
import type { Algorithm, State } from './algorithm.ts';

const PRODUCT_MAX = 2 ** 51;

/** The words as seen at `nowMs`: windows that have passed are shifted out. */
interface Seen {
  index: number;
  current: number;
  previous: number;
  /** Into the current window, 0 <= offsetMs < windowMs. */
  offsetMs: number;
  /** How far the clock is behind the current window. */
  gapMs: number;
}

function seen({ words }: State, at: number, nowMs: number, windowMs: number): Seen {
  const index = words[at]!;
  const nowIndex = Math.floor(nowMs / windowMs);
  const startMs = Math.max(index, nowIndex) * windowMs;
  const gapMs = Math.max(0, startMs - nowMs);
  const offsetMs = Math.max(0, nowMs - startMs);
  if (nowIndex <= index) return { index, current: words[at + 1]!, previous: words[at + 2]!, offsetMs, gapMs };
  return { index: nowIndex, current: 0, previous: nowIndex === index + 1 ? words[at + 1]! : 0, offsetMs, gapMs };
}

export const slidingCounterAlgorithm: Algorithm = {
  words: 3,
  reservable: false,
  counts: true,

  delay(state, at, nowMs, c, cost) {
    const limit = c[0]!;
    const windowMs = c[1]!;
    if (cost > limit) return Infinity;
    const { current, previous, offsetMs, gapMs } = seen(state, at, nowMs, windowMs);
    const free = limit - current - cost;
    if (free >= 0) {
      const fitsAtMs = previous === 0 ? 0 : windowMs - Math.floor((free * windowMs) / previous);
      if (fitsAtMs <= offsetMs) return 0;
      if (fitsAtMs < windowMs) return gapMs + fitsAtMs - offsetMs;
    }
    // Not in this window. In the next one, what is now current fades.
    const fitsAtMs = current === 0 ? 0 : Math.max(0, windowMs - Math.floor(((limit - cost) * windowMs) / current));
    return gapMs + windowMs - offsetMs + fitsAtMs;
  },

  charge(state, at, nowMs, c, cost) {
    const { index, current, previous } = seen(state, at, nowMs, c[1]!);
    state.words[at] = index;
    state.words[at + 1] = Math.min(current + cost, Math.floor(PRODUCT_MAX / c[1]!));
    state.words[at + 2] = previous;
  },

  credit({ words }, at, _nowMs, c, cost, startMs) {
    const startIndex = Math.floor(startMs / c[1]!);
    const behind = words[at]! - startIndex;
    if (behind === 0 || behind === 1) words[at + 1 + behind] = Math.max(0, words[at + 1 + behind]! - cost);
  },

  remaining(state, at, nowMs, c) {
    const windowMs = c[1]!;
    const { current, previous, offsetMs } = seen(state, at, nowMs, windowMs);
    const used = current * windowMs + previous * (windowMs - offsetMs);
    return Math.max(0, Math.floor((c[0]! * windowMs - used) / windowMs));
  },

  reset(state, at, nowMs, c) {
    const windowMs = c[1]!;
    const { current, previous, offsetMs, gapMs } = seen(state, at, nowMs, windowMs);
    if (current > 0) return gapMs + 2 * windowMs - offsetMs;
    return previous > 0 ? gapMs + windowMs - offsetMs : 0;
  },
};
