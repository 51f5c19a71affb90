/**
 * Shares: how much of the limit each class may fill. Class 0 is the highest and may fill all of it; what the others may
 * not fill is its reserve (Stripe keeps 20 % for critical requests).
 *
 * A class is admitted while those of its own and of higher classes, and what lower ones rightly hold, are fewer than
 * its share. When the limit has shrunk, a lower class may hold more than its share for a while; that excess is not
 * counted against the higher ones, who would otherwise pay for it with their reserve. It can only drain.
 *
 * Invariants: the shares do not increase with the class, so a class that is not admitted implies that no lower one is.
 * Each class may have one request, however small the limit, or nobody would tell that the limit may grow again.
 */
import { requireInteger } from '../check.ts';
import { requireNumber } from './check.ts';

const CLASSES_MAX = 8;

/** @throws {TypeError | RangeError} unless there are 1..8 shares in 0.01..1, the first 1, none above the one before */
export function requireShares(shares: readonly number[]): readonly number[] {
  if (!Array.isArray(shares)) throw new TypeError(`shares must be an array of numbers; got ${typeof shares}`);
  requireInteger('shares.length', shares.length, 1, CLASSES_MAX);
  if (shares[0] !== 1) throw new RangeError(`shares[0] must be 1, all of the limit; got ${String(shares[0])}`);
  const numbers = shares as readonly number[];
  numbers.forEach((share, i) => requireNumber(`shares[${String(i)}]`, share, 0.01, i === 0 ? 1 : numbers[i - 1]!));
  return [...numbers];
}

/** Most of this share that may be under way. */
export const capOf = (share: number, limit: number): number => Math.max(1, Math.floor(share * limit));

/** Whether one more of class `level` may start when `inFlight` of each class are under way. O(classes). */
export function fits(shares: readonly number[], limit: number, inFlight: readonly number[], level: number): boolean {
  let held = 0;
  for (let lower = shares.length - 1; lower > level; lower--) {
    held = Math.min(capOf(shares[lower]!, limit), held + inFlight[lower]!);
  }
  for (let own = level; own >= 0; own--) held += inFlight[own]!;
  return held < capOf(shares[level]!, limit);
}
