/**
 * Whether what a store elsewhere answered is an answer to what it was asked.
 *
 * It came over a network, through a driver and a script: a reply of another version, a number cut off or an error taken
 * for a value must not become "allowed". So each field is held to what the operation can bring about.
 */
import type { AsyncOutcome } from './store.ts';
import { FORCE, LEASE, RESERVE, TAKE, type Op } from './transition.ts';

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isCountOrInfinity = (value: unknown): boolean => value === Infinity || isCount(value);

export function isOutcome(answer: unknown, limits: number, op: Op, cost: number, arg: number): answer is AsyncOutcome {
  if (typeof answer !== 'object' || answer === null) return false;
  const { ok, index, remaining, retryAfterMs, resetAfterMs, startMs, charged, nowMs } = answer as AsyncOutcome;
  if (typeof ok !== 'boolean' || !Number.isInteger(index) || index < (ok ? 0 : -1) || index >= limits) return false;
  if (!isCountOrInfinity(remaining) || !isCountOrInfinity(retryAfterMs) || !isCountOrInfinity(resetAfterMs))
    return false;
  if (!isCount(nowMs) || !isCount(startMs)) return false;
  const waitMs = startMs - nowMs;
  if (waitMs < 0 || waitMs > (ok && op === RESERVE ? arg : 0)) return false;
  if (!ok) return charged === 0 && retryAfterMs > 0;
  if (op === LEASE) return isCount(charged) && charged >= cost && charged <= Math.max(cost, arg);
  return charged === (op === TAKE || op === FORCE || op === RESERVE ? cost : 0);
}
