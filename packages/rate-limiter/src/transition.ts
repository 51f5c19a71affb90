/**
 * The transition: (limits, state, time, operation) -> (state', outcome). Every decision of this package is made here.
 *
 * It composes the limits of one key all or nothing. The wait of an operation is the longest wait among its limits. If
 * that is more than it may wait (nothing, for a take), nothing is written in any limit: a refused request costs
 * nothing, so a client cannot lock itself out by retrying. Otherwise every limit is charged.
 *
 * Pure in the sense that matters: it reads no clock, does no I/O and draws no random number; the state and the outcome
 * are changed in place because a decision must not allocate. Stores differ in where the state is, never in this.
 */
import type { State } from './algorithms/algorithm.ts';
import { takeGcra, tryTakeGcra } from './algorithms/gcra.ts';
import type { Plan } from './plan.ts';

export const TAKE = 0;
export const PEEK = 1;
export const FORCE = 2;
export const RESERVE = 3;
export const REFUND = 4;
export const LEASE = 5;
export const BLOCK = 6;

/**
 * take, peek, force (charge even past the limits), reserve (take, but may start up to `arg` ms later), refund (of a
 * charge that started at `arg`), lease (take as many as there are, at least `cost` and at most `arg`), block (for `arg`
 * ms from now).
 */
export type Op =
  typeof TAKE | typeof PEEK | typeof FORCE | typeof RESERVE | typeof REFUND | typeof LEASE | typeof BLOCK;

/** The answer to one operation, written in place. */
export interface Outcome {
  ok: boolean;
  /**
   * The limit that the numbers describe: refused, the one with the longest wait; otherwise, the one with the fewest
   * units left. -1 when the store had no room for a new key.
   */
  index: number;
  /** Whole units left in that limit. */
  remaining: number;
  /** Until the same cost would fit in all limits if nothing else is spent; Infinity = never. */
  retryAfterMs: number;
  /** Until that limit is back at full quota. */
  resetAfterMs: number;
  /** The time the cost is charged at. */
  startMs: number;
  /** Units charged. */
  charged: number;
}

export function emptyOutcome(): Outcome {
  return { ok: false, index: 0, remaining: 0, retryAfterMs: 0, resetAfterMs: 0, startMs: 0, charged: 0 };
}

/**
 * Applies one operation to the key in `slot`. O(limits), plus O(cost + log limit) for each sliding log.
 *
 * For a reserve, every limit must be reservable and `arg * U` at most 2^50 in every gcra limit.
 */
export function transition(
  plan: Plan,
  state: State,
  slot: number,
  nowMs: number,
  op: Op,
  cost: number,
  arg: number,
  out: Outcome,
): void {
  const { steps } = plan;
  if (op === TAKE && plan.onlyGcra !== undefined) {
    takeGcra(state.words, 2 * slot, nowMs, plan.onlyGcra, cost, out);
    return;
  }
  let waitMs = 0;
  if (op === TAKE || op === PEEK || op === RESERVE || op === LEASE) {
    let slowest = 0;
    for (let i = 0; i < steps.length; i++) {
      const { algorithm, constants, offset, stride } = steps[i]!;
      const delayMs = algorithm.delay(state, slot * stride + offset, nowMs, constants, cost);
      if (delayMs > waitMs) {
        waitMs = delayMs;
        slowest = i;
      }
    }
    if (waitMs > (op === RESERVE ? arg : 0)) {
      const { algorithm, constants, offset, stride } = steps[slowest]!;
      const at = slot * stride + offset;
      out.ok = false;
      out.index = slowest;
      out.remaining = algorithm.remaining(state, at, nowMs, constants);
      out.retryAfterMs = waitMs;
      out.resetAfterMs = algorithm.reset(state, at, nowMs, constants);
      out.startMs = nowMs;
      out.charged = 0;
      return;
    }
  }
  const charged = op === LEASE ? granted(plan, state, slot, nowMs, cost, arg) : cost;
  const charges = op === TAKE || op === FORCE || op === RESERVE || op === LEASE;
  if (charges) {
    for (const { algorithm, constants, offset, stride } of steps) {
      algorithm.charge(state, slot * stride + offset, nowMs, constants, charged, waitMs);
    }
  } else if (op === REFUND) {
    refund(plan, state, slot, nowMs, cost, arg);
  } else if (op === BLOCK) {
    for (const i of plan.blocking) {
      const { offset, stride } = steps[i]!;
      state.words[slot * stride + offset] = arg > 0 ? nowMs + arg : 0;
    }
  }
  out.ok = true;
  out.startMs = nowMs + waitMs;
  out.charged = charges ? charged : 0;
  accept(plan, state, slot, nowMs, cost, out);
}

/**
 * A take of which only `ok` is asked: the same decision and the same state, without describing any limit.
 *
 * @returns whether `cost` was charged
 */
export function tryTake(plan: Plan, state: State, slot: number, nowMs: number, cost: number): boolean {
  if (plan.onlyGcra !== undefined) return tryTakeGcra(state.words, 2 * slot, nowMs, plan.onlyGcra, cost);
  for (const { algorithm, constants, offset, stride } of plan.steps) {
    if (algorithm.delay(state, slot * stride + offset, nowMs, constants, cost) > 0) return false;
  }
  for (const { algorithm, constants, offset, stride } of plan.steps) {
    algorithm.charge(state, slot * stride + offset, nowMs, constants, cost, 0);
  }
  return true;
}

/** Milliseconds until every limit of the key is back at full quota: 0 = its state may be forgotten. */
export function timeToFull(plan: Plan, state: State, slot: number, nowMs: number): number {
  let longest = 0;
  for (const { algorithm, constants, offset, stride } of plan.steps) {
    longest = Math.max(longest, algorithm.reset(state, slot * stride + offset, nowMs, constants));
  }
  return longest;
}

function refund(plan: Plan, state: State, slot: number, nowMs: number, cost: number, startMs: number): void {
  // The newest promise of any limit counts for all: a request that one limit delayed relied on the others as they were.
  let lastMs = nowMs;
  for (const { algorithm, constants, offset, stride } of plan.steps) {
    const newestMs = algorithm.newestStart?.(state, slot * stride + offset, nowMs, constants) ?? nowMs;
    if (newestMs > lastMs) lastMs = newestMs;
  }
  for (const { algorithm, constants, offset, stride } of plan.steps) {
    algorithm.credit(state, slot * stride + offset, nowMs, constants, cost, startMs, lastMs);
  }
}

/** Of a lease for which `cost` fits: all that is left in every limit, up to `most`. */
function granted(plan: Plan, state: State, slot: number, nowMs: number, cost: number, most: number): number {
  let units = most;
  for (const { algorithm, constants, offset, stride } of plan.steps) {
    if (!algorithm.counts) continue;
    units = Math.min(units, algorithm.remaining(state, slot * stride + offset, nowMs, constants));
  }
  return Math.max(units, cost);
}

/** Describes the limit with the fewest units left, the first of equals. */
function accept(plan: Plan, state: State, slot: number, nowMs: number, cost: number, out: Outcome): void {
  let scarcest = plan.counting[0]!;
  let fewest = Infinity;
  for (const i of plan.counting) {
    const { algorithm, constants, offset, stride } = plan.steps[i]!;
    const left = algorithm.remaining(state, slot * stride + offset, nowMs, constants);
    if (left < fewest) {
      fewest = left;
      scarcest = i;
    }
  }
  let waitMs = 0;
  for (const { algorithm, constants, offset, stride } of plan.steps) {
    waitMs = Math.max(waitMs, algorithm.delay(state, slot * stride + offset, nowMs, constants, cost));
  }
  const { algorithm, constants, offset, stride } = plan.steps[scarcest]!;
  out.index = scarcest;
  out.remaining = fewest;
  out.retryAfterMs = waitMs;
  out.resetAfterMs = algorithm.reset(state, slot * stride + offset, nowMs, constants);
}
