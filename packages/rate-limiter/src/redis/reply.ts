/**
 * Replies, read as if by a stranger: whatever is not exactly what a script of ours can say is an error, never "allowed".
 *
 * A reply is all integers. One that is wrong anywhere is wrong as a whole, since nothing says which part to believe. The
 * forms are told in `script.ts` and `take-gcra.ts`.
 */
import type { State } from '../algorithms/algorithm.ts';
import { gcraAlgorithm } from '../algorithms/gcra.ts';
import { RateLimiterError } from '../errors.ts';
import type { Limit } from '../limits.ts';
import type { AsyncOutcome } from '../store.ts';
import { LEASE, RESERVE, type Op } from '../transition.ts';
import { RESET } from './script.ts';

/** One operation as it is asked. */
export interface Asked {
  readonly op: Op | typeof RESET;
  readonly cost: number;
  readonly arg: number;
}

function refuse(what: string): never {
  throw new RateLimiterError('STORE_PROTOCOL', `Redis answered what no script of this store can: ${what}`);
}

/** Clients may be told to give integers as text, or as BigInt. */
function integerOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'bigint' || (typeof value === 'string' && /^-?\d{1,16}$/.test(value))) {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
  }
  return refuse(`${String(value).slice(0, 20)} (${typeof value}) where an integer was due`);
}

function integersOf(reply: unknown, length: number): number[] {
  if (!Array.isArray(reply)) refuse(`not a list (${typeof reply})`);
  if (reply.length !== length) refuse(`${reply.length} numbers where ${length} were due`);
  const numbers = (reply as unknown[]).map(integerOf);
  if (numbers[0]! < 0) refuse('a time before 1970');
  return numbers;
}

/** -1 stands for Infinity. */
function amountOf(value: number): number {
  if (value < -1) refuse(`an amount of ${value}`);
  return value === -1 ? Infinity : value;
}

const numbersFor = ({ op }: Asked): number => {
  if (op === RESET) return 0;
  return op === RESERVE || op === LEASE ? 5 : 4;
};

/**
 * The outcomes that the general script tells, one for each operation in order; undefined for a reset.
 *
 * @throws {RateLimiterError} STORE_PROTOCOL
 */
export function readOutcomes(
  reply: unknown,
  asked: readonly Asked[],
  limits: readonly Limit[],
): (AsyncOutcome | undefined)[] {
  const length = asked.reduce((sum, one) => sum + numbersFor(one), 1);
  const numbers = integersOf(reply, length);
  let at = 1;
  return asked.map((one) => {
    const from = at;
    at += numbersFor(one);
    return one.op === RESET ? undefined : outcomeAt(numbers, from, one, limits);
  });
}

function outcomeAt(numbers: readonly number[], at: number, asked: Asked, limits: readonly Limit[]): AsyncOutcome {
  const { op, cost, arg } = asked;
  const nowMs = numbers[0]!;
  const ok = numbers[at]! > 0;
  const index = Math.abs(numbers[at]!) - 1;
  const limit = limits[index] ?? refuse(`limit ${numbers[at]} of ${limits.length}`);
  const remaining = amountOf(numbers[at + 1]!);
  const retryAfterMs = amountOf(numbers[at + 2]!);
  const resetAfterMs = amountOf(numbers[at + 3]!);
  if (resetAfterMs === Infinity) refuse('a limit that is never full again');
  if (remaining > limit.quota) refuse(`${remaining} units left of ${limit.quota}`);
  if (!ok && retryAfterMs === 0) refuse('a refusal of what fits');
  const waitMs = op === RESERVE ? numbers[at + 4]! : 0;
  if (waitMs < 0 || waitMs > arg) refuse(`a wait of ${waitMs} ms where ${arg} were offered`);
  let charged = op === LEASE ? numbers[at + 4]! : cost;
  if (!ok || !isCharge[op]!) charged = 0;
  else if (op === LEASE && (charged < cost || charged > Math.max(cost, arg))) refuse(`a grant of ${charged} units`);
  return { ok, index, remaining, retryAfterMs, resetAfterMs, startMs: nowMs + waitMs, charged, nowMs };
}

/** Whether an operation, by its number, spends units. */
const isCharge: readonly boolean[] = [true, false, true, true, false, true, false];

/**
 * The outcomes of takes from a single gcra, out of the states after each.
 *
 * @throws {RateLimiterError} STORE_PROTOCOL
 */
export function readTakes(reply: unknown, asked: readonly Asked[], constants: Float64Array): AsyncOutcome[] {
  const numbers = integersOf(reply, 1 + 2 * asked.length);
  const nowMs = numbers[0]!;
  const state: State = { words: new Float64Array(2), rings: [] };
  return asked.map(({ cost }, i) => {
    const told = numbers[1 + 2 * i]!;
    const sub = numbers[2 + 2 * i]!;
    const ok = told >= 0;
    const tatMs = ok ? told : -1 - told;
    if (tatMs < nowMs || sub < 0 || sub >= constants[0]!) refuse(`a state of ${told} and ${sub} at ${nowMs}`);
    state.words[0] = tatMs;
    state.words[1] = sub;
    const retryAfterMs = gcraAlgorithm.delay(state, 0, nowMs, constants, cost);
    if (!ok && retryAfterMs === 0) refuse('a refusal of what fits');
    return {
      ok,
      index: 0,
      remaining: gcraAlgorithm.remaining(state, 0, nowMs, constants),
      retryAfterMs,
      resetAfterMs: gcraAlgorithm.reset(state, 0, nowMs, constants),
      startMs: nowMs,
      charged: ok ? cost : 0,
      nowMs,
    };
  });
}
