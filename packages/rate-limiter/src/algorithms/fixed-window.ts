/**
 * Fixed window: count units, start again when the window ends.
 *
 * The cheapest and the most generous: a client that spends `limit` just before the edge and `limit` just after has
 * twice the limit in an instant. Words: `[startMs, count]`, live while `count > 0 && now - startMs < windowMs`.
 * Constants: `[limit, windowMs, 1 if windows start at multiples of windowMs]`. A refund gives back the units, not
 * the moment at which a first hit opened the window.
 */
import type { Algorithm } from './algorithm.ts';

const COUNT_MAX = 2 ** 51;

export const fixedWindowAlgorithm: Algorithm = {
  words: 2,
  reservable: false,
  counts: true,

  delay({ words }, at, nowMs, c, cost) {
    if (cost > c[0]!) return Infinity;
    const count = words[at + 1]!;
    const untilMs = words[at]! + c[1]!;
    return count === 0 || nowMs >= untilMs || count + cost <= c[0]! ? 0 : untilMs - nowMs;
  },

  charge({ words }, at, nowMs, c, cost) {
    const windowMs = c[1]!;
    if (words[at + 1] === 0 || nowMs >= words[at]! + windowMs) {
      const startMs = c[2] === 1 ? Math.floor(nowMs / windowMs) * windowMs : nowMs;
      // A refunded window may be newer than a clock that stepped back: it is reused, not moved to the past.
      words[at] = Math.max(words[at]!, startMs);
      words[at + 1] = 0;
    }
    words[at + 1] = Math.min(words[at + 1]! + cost, COUNT_MAX);
  },

  credit({ words }, at, _nowMs, c, cost, startMs) {
    if (startMs < words[at]! || startMs >= words[at]! + c[1]!) return;
    words[at + 1] = Math.max(0, words[at + 1]! - cost);
  },

  remaining({ words }, at, nowMs, c) {
    return nowMs >= words[at]! + c[1]! ? c[0]! : Math.max(0, c[0]! - words[at + 1]!);
  },

  reset({ words }, at, nowMs, c) {
    return words[at + 1] === 0 ? 0 : Math.max(0, words[at]! + c[1]! - nowMs);
  },
};
