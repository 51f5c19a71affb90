/**
 * GCRA as exact rational arithmetic: the theoretical arrival time is a fraction with denominator `rate`, its
 * numerator a BigInt. No greatest common divisor, no pair of words, no bound.
 */
import type { Oracle } from './oracle.ts';

function ceilDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return quotient * b < a ? quotient + 1n : quotient;
}

const clampToZero = (n: bigint): bigint => (n > 0n ? n : 0n);

/** The law of `gcra({ rate, perMs, burst })` for one key. */
export function gcraOracle(options: { rate: number; perMs: number; burst?: number }): Oracle {
  const rate = BigInt(options.rate);
  const increment = BigInt(options.perMs);
  const burst = BigInt(options.burst ?? options.rate);
  const tolerance = burst * increment;
  let tat = 0n;
  const debt = (now: bigint): bigint => clampToZero(tat - now * rate);
  const wait = (now: bigint, cost: bigint): bigint =>
    clampToZero(ceilDiv(debt(now) + cost * increment - tolerance, rate));
  return {
    delay: (nowMs, cost) => (BigInt(cost) > burst ? Infinity : Number(wait(BigInt(nowMs), BigInt(cost)))),
    charge(nowMs, cost, waitMs = 0) {
      const now = BigInt(nowMs);
      let owed = debt(now);
      if (BigInt(waitMs) > wait(now, BigInt(cost)) && owed < BigInt(waitMs) * rate) owed = BigInt(waitMs) * rate;
      tat = now * rate + owed + BigInt(cost) * increment;
    },
    credit(nowMs, cost, startMs, lastMs) {
      const now = BigInt(nowMs);
      if (tat < now * rate) return;
      const drained = clampToZero(BigInt(lastMs) - BigInt(startMs)) * rate;
      tat = now * rate + clampToZero(debt(now) - clampToZero(BigInt(cost) * increment - drained));
    },
    remaining: (nowMs) => Number(clampToZero(tolerance - debt(BigInt(nowMs))) / increment),
    reset: (nowMs) => Number(ceilDiv(debt(BigInt(nowMs)), rate)),
    newestStart(nowMs) {
      const startMs = nowMs + Number(ceilDiv(debt(BigInt(nowMs)) - tolerance, rate));
      return Math.max(nowMs, startMs);
    },
  };
}
