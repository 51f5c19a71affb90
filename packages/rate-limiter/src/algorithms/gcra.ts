/**
 * GCRA, the generic cell rate algorithm, in exact integers.
 *
 * Idea: one number per key, the theoretical arrival time (TAT), the instant at which the debt of all units admitted so
 * far will have drained. A unit may come if, after adding its increment, the TAT is at most `burst` increments ahead of
 * now. It decides exactly like a token bucket and like a leaky bucket used as a meter.
 * Source: ITU-T I.371, Annex A ("virtual scheduling").
 *
 * With rate/perMs in lowest terms, a millisecond drains U units of debt and a token costs T. Words:
 * `[tatMs, tatSub]`, TAT = tatMs + tatSub / U, 0 <= tatSub < U. Constants: `[U, T, tolerance = burst * T, burst]`.
 *
 * We depart from the textbook in three ways.
 * a) TAT is a mixed number. Float milliseconds err for rates such as 3/s; one integer in 1/U ms overflows 2^53 for
 *    1 MiB/s on a clock of today.
 * b) Waits are computed as `(tatMs - now) + ceil(rest / U)`: the possibly huge gap after a clock stepped back is never
 *    multiplied by U, so it stays exact.
 * c) A charge past the limit (a penalty) saturates at 2^51 units of debt.
 */
import type { Outcome } from '../transition.ts';
import type { Algorithm } from './algorithm.ts';

const DEBT_MAX = 2 ** 51;

export const gcraAlgorithm: Algorithm = {
  words: 2,
  reservable: true,
  counts: true,

  delay({ words }, at, nowMs, c, cost) {
    if (cost > c[3]!) return Infinity;
    const tatMs = words[at]!;
    if (tatMs < nowMs) return 0;
    const wait = tatMs - nowMs + Math.ceil((words[at + 1]! + cost * c[1]! - c[2]!) / c[0]!);
    return wait > 0 ? wait : 0;
  },

  charge(state, at, nowMs, c, cost, waitMs) {
    const { words } = state;
    const unitsPerMs = c[0]!;
    let tatMs = words[at]!;
    let tatSub = words[at + 1]!;
    if (tatMs < nowMs) {
      tatMs = nowMs;
      tatSub = 0;
    }
    // Another limit makes this request wait longer than this one does: until it starts, this bucket refills, and
    // what refills beyond full is lost.
    if (waitMs > 0 && tatMs < nowMs + waitMs && waitMs > gcraAlgorithm.delay(state, at, nowMs, c, cost)) {
      tatMs = nowMs + waitMs;
      tatSub = 0;
    }
    const units = tatSub + Math.min(cost * c[1]!, DEBT_MAX);
    const wholeMs = Math.floor(units / unitsPerMs);
    const newestMs = nowMs + Math.floor(DEBT_MAX / unitsPerMs);
    if (tatMs + wholeMs <= newestMs) {
      words[at] = tatMs + wholeMs;
      words[at + 1] = units - wholeMs * unitsPerMs;
    } else if (tatMs < newestMs) {
      words[at] = newestMs;
      words[at + 1] = 0;
    }
  },

  credit({ words }, at, nowMs, c, cost, startMs, lastMs) {
    const tatMs = words[at]!;
    if (tatMs < nowMs) return;
    const unitsPerMs = c[0]!;
    const drained = Math.max(0, lastMs - startMs) * unitsPerMs;
    const units = words[at + 1]! - Math.max(0, Math.min(cost * c[1]!, DEBT_MAX) - drained);
    const wholeMs = Math.floor(units / unitsPerMs);
    const paid = tatMs + wholeMs >= nowMs;
    words[at] = paid ? tatMs + wholeMs : nowMs;
    words[at + 1] = paid ? units - wholeMs * unitsPerMs : 0;
  },

  remaining({ words }, at, nowMs, c) {
    const tatMs = words[at]!;
    const debt = tatMs < nowMs ? 0 : (tatMs - nowMs) * c[0]! + words[at + 1]!;
    return Math.max(0, Math.floor((c[2]! - debt) / c[1]!));
  },

  reset({ words }, at, nowMs) {
    const tatMs = words[at]!;
    if (tatMs < nowMs) return 0;
    return tatMs - nowMs + (words[at + 1]! > 0 ? 1 : 0);
  },

  newestStart({ words }, at, nowMs, c) {
    const tatMs = words[at]!;
    return tatMs < nowMs ? nowMs : tatMs + Math.ceil((words[at + 1]! - c[2]!) / c[0]!);
  },
};

/**
 * `delay` and `charge` in one step for the commonest limiter of all, a single gcra: the hot path. A test holds it to the
 * transition.
 *
 * @returns whether `cost` fitted, and was charged
 */
export function tryTakeGcra(words: Float64Array, at: number, nowMs: number, c: Float64Array, cost: number): boolean {
  const unitsPerMs = c[0]!;
  const behind = words[at]! < nowMs;
  const tatMs = behind ? nowMs : words[at]!;
  const units = (behind ? 0 : words[at + 1]!) + cost * c[1]!;
  if ((tatMs - nowMs) * unitsPerMs + units > c[2]!) return false;
  const wholeMs = Math.floor(units / unitsPerMs);
  words[at] = tatMs + wholeMs;
  words[at + 1] = units - wholeMs * unitsPerMs;
  return true;
}

/**
 * A take from a single gcra with its whole outcome: what the transition composes of `delay`, `charge`, `remaining` and
 * `reset`, with the state read once. The oracle is compared with it, too.
 */
export function takeGcra(
  words: Float64Array,
  at: number,
  nowMs: number,
  c: Float64Array,
  cost: number,
  out: Outcome,
): void {
  out.ok = tryTakeGcra(words, at, nowMs, c, cost);
  const behind = words[at]! < nowMs;
  const aheadMs = behind ? 0 : words[at]! - nowMs;
  const tatSub = behind ? 0 : words[at + 1]!;
  const waitMs = aheadMs + Math.ceil((tatSub + cost * c[1]! - c[2]!) / c[0]!);
  out.index = 0;
  out.remaining = Math.max(0, Math.floor((c[2]! - (aheadMs * c[0]! + tatSub)) / c[1]!));
  out.retryAfterMs = cost > c[3]! ? Infinity : Math.max(0, waitMs);
  out.resetAfterMs = tatSub > 0 ? aheadMs + 1 : aheadMs;
  out.startMs = nowMs;
  out.charged = out.ok ? cost : 0;
}
