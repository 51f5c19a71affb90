/**
 * Replies, read as if by a stranger: whatever the function cannot say is an error, never "allowed". One that is wrong
 * anywhere is wrong as a whole, since nothing says which part to believe.
 */
import { RateLimiterError } from '../errors.ts';
import type { Limit } from '../limits.ts';
import type { AsyncOutcome } from '../store.ts';
import { FORCE, LEASE, RESERVE, TAKE, type Op } from '../transition.ts';
import { NUMBERS_PER_ANSWER, RESET } from './function-text.ts';

/** One operation as it is asked. */
export interface Asked {
  readonly op: Op | typeof RESET;
  readonly cost: number;
  readonly arg: number;
}

function refuse(what: string): never {
  throw new RateLimiterError('STORE_PROTOCOL', `PostgreSQL answered what no function of this store can: ${what}`);
}

/** The one field of the one row, which every query of this store answers as text. */
export function readText(result: unknown): string {
  const rows = (result as { rows?: unknown } | null | undefined)?.rows;
  if (!Array.isArray(rows) || rows.length !== 1) return refuse('not one row');
  const answer = (rows[0] as { answer?: unknown } | null)?.answer;
  return typeof answer === 'string' ? answer : refuse(`an answer that is no text (${typeof answer})`);
}

export function readCount(result: unknown): number {
  const text = readText(result);
  return /^\d{1,15}$/.test(text) ? Number(text) : refuse(`${JSON.stringify(text)} for a count`);
}

/** -1 stands for Infinity. */
function amountOf(value: number): number {
  if (value < -1) refuse(`an amount of ${value}`);
  return value === -1 ? Infinity : value;
}

/**
 * The outcomes, one for each operation in order; undefined for a reset.
 *
 * @throws {RateLimiterError} STORE_PROTOCOL
 */
export function readOutcomes(
  result: unknown,
  asked: readonly Asked[],
  limits: readonly Limit[],
): (AsyncOutcome | undefined)[] {
  const parts = readText(result).split(' ');
  if (parts.length !== NUMBERS_PER_ANSWER * asked.length)
    refuse(`${parts.length} numbers for ${asked.length} operations`);
  const numbers = parts.map((part) => {
    const number = /^-?\d{1,16}$/.test(part) ? Number(part) : NaN;
    return Number.isSafeInteger(number) ? number : refuse(`${JSON.stringify(part)} for a number`);
  });
  return asked.map((one, i) =>
    one.op === RESET ? undefined : outcomeAt(numbers, NUMBERS_PER_ANSWER * i, one, limits),
  );
}

function outcomeAt(numbers: readonly number[], at: number, asked: Asked, limits: readonly Limit[]): AsyncOutcome {
  const { op, cost, arg } = asked;
  const nowMs = numbers[at]!;
  const ok = numbers[at + 1]! > 0;
  const index = Math.abs(numbers[at + 1]!) - 1;
  const limit = limits[index] ?? refuse(`limit ${numbers[at + 1]} of ${limits.length}`);
  const remaining = amountOf(numbers[at + 2]!);
  const retryAfterMs = amountOf(numbers[at + 3]!);
  const resetAfterMs = numbers[at + 4]!;
  const waitMs = numbers[at + 5]!;
  const charged = numbers[at + 6]!;
  if (nowMs < 0 || resetAfterMs < 0) refuse('a negative time');
  if (remaining > limit.quota) refuse(`${remaining} units left of ${limit.quota}`);
  if (!ok && retryAfterMs === 0) refuse('a refusal of what fits');
  if (waitMs < 0 || waitMs > (ok && op === RESERVE ? arg : 0)) refuse(`a wait of ${waitMs} ms`);
  const isGrant = ok && op === LEASE && charged >= cost && charged <= Math.max(cost, arg);
  const due = ok && (op === TAKE || op === FORCE || op === RESERVE) ? cost : 0;
  if (!isGrant && (charged !== due || (ok && op === LEASE))) refuse(`a charge of ${charged} units`);
  return { ok, index, remaining, retryAfterMs, resetAfterMs, startMs: nowMs + waitMs, charged, nowMs };
}
