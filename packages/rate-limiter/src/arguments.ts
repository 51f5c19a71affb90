/** What callers pass to a limiter, checked: one place, so that all limiters refuse alike and in the same words. */
import { requireInteger } from './check.ts';
import { RateLimiterError } from './errors.ts';
import { requireKey } from './keys.ts';
import type { Limit } from './limits.ts';

/** The latest time, the longest block, and the most units of debt that a wait may span. */
const TIME_MAX = 2 ** 50;

export function requireCost(cost: unknown): void {
  if (!Number.isSafeInteger(cost) || (cost as number) < 1) {
    throw new RangeError(`cost must be a safe integer of at least 1; got ${String(cost)}`);
  }
}

/** A time that is not a number would compare false with everything, and so allow everything. */
export function wholeMs(nowMs: number): number {
  const whole = Math.floor(nowMs);
  if (!(whole >= 0 && whole <= TIME_MAX)) {
    throw new RangeError(`the time must be in 0..2^50 ms; got ${String(nowMs)}`);
  }
  return whole;
}

/** @throws {RateLimiterError} NO_BLOCKLIST */
export function requireBlock(name: string, limits: readonly Limit[], key: unknown, durationMs: unknown): void {
  requireKey(key);
  requireInteger('durationMs', durationMs, 0, TIME_MAX);
  if (!limits.some(({ algorithm }) => algorithm === 'blocklist')) {
    throw new RateLimiterError('NO_BLOCKLIST', `add blocklist() to the limits of limiter "${name}" to block keys`);
  }
}

/**
 * Units can be promised to a later time by gcra alone, and it takes a gcra to bound how many may wait.
 *
 * @throws {RateLimiterError} UNSUPPORTED
 */
export function requireWait(name: string, limits: readonly Limit[], maxWaitMs: unknown): void {
  const stranger = limits.find(({ algorithm }) => algorithm !== 'gcra' && algorithm !== 'blocklist');
  const paced = limits.filter(({ algorithm }) => algorithm === 'gcra');
  if (stranger !== undefined || paced.length === 0) {
    throw new RateLimiterError(
      'UNSUPPORTED',
      `wait needs limits made by gcra, and at most a blocklist besides; limiter "${name}" ` +
        (stranger === undefined ? 'has no gcra' : `has ${stranger.algorithm} "${stranger.name}"`),
    );
  }
  const unitsPerMs = Math.max(...paced.map(({ constants }) => constants[0]!));
  requireInteger('maxWaitMs', maxWaitMs, 0, Math.floor(TIME_MAX / unitsPerMs));
}
