/**
 * The plan of a limiter: its limits, laid out.
 *
 * A key's state is the words of all its limits in a row, and the rings of those that have one. The plan says where in
 * that row each limit's part begins, and holds the constants unboxed. It is computed once, when a store is bound.
 */
import type { Algorithm, State } from './algorithms/algorithm.ts';
import { blocklistAlgorithm } from './algorithms/blocklist.ts';
import { fixedWindowAlgorithm } from './algorithms/fixed-window.ts';
import { gcraAlgorithm } from './algorithms/gcra.ts';
import { slidingCounterAlgorithm } from './algorithms/sliding-counter.ts';
import { slidingLogAlgorithm } from './algorithms/sliding-log.ts';
import type { Limit } from './limits.ts';

const algorithms: Readonly<Record<Limit['algorithm'], Algorithm>> = {
  gcra: gcraAlgorithm,
  'sliding-log': slidingLogAlgorithm,
  'sliding-counter': slidingCounterAlgorithm,
  'fixed-window': fixedWindowAlgorithm,
  blocklist: blocklistAlgorithm,
};

/** One limit in its place: the state of the key in slot s begins at `s * stride + offset`. */
export interface Step {
  readonly algorithm: Algorithm;
  readonly constants: Float64Array;
  readonly offset: number;
  readonly stride: number;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly wordsPerKey: number;
  readonly ringsPerKey: number;
  /** Which limits may describe an accepted operation: those that count, or all if none does. */
  readonly counting: readonly number[];
  /** The blocklists among the limits. */
  readonly blocking: readonly number[];
  readonly reservable: boolean;
  /** The constants, if the plan is a single gcra. */
  readonly onlyGcra: Float64Array | undefined;
}

const LIMITS_MAX = 8;

/** @throws {TypeError | RangeError} unless these are 1..8 limits with distinct names */
export function requireLimits(limits: Limit | readonly Limit[]): readonly Limit[] {
  const list: readonly Limit[] = Array.isArray(limits) ? (limits as readonly Limit[]) : [limits as Limit];
  if (list.length < 1 || list.length > LIMITS_MAX) {
    throw new RangeError(`limits must be 1..${LIMITS_MAX} limits; got ${list.length}`);
  }
  const names = new Set<string>();
  for (const limit of list) {
    const given: unknown = limit;
    if (typeof given !== 'object' || given === null || !Object.hasOwn(algorithms, limit.algorithm)) {
      throw new TypeError('limits must be made by gcra, slidingLog, slidingCounter, fixedWindow or blocklist');
    }
    if (names.has(limit.name)) {
      throw new RangeError(
        `limits must have distinct names; got "${limit.name}" twice. Pass { name } to tell them apart`,
      );
    }
    names.add(limit.name);
  }
  return Object.freeze([...list]);
}

export function planFor(limits: readonly Limit[]): Plan {
  const placed = limits.map((limit) => algorithms[limit.algorithm]);
  const wordsPerKey = placed.reduce((sum, { words }) => sum + words, 0);
  const ringsPerKey = placed.filter(({ words }) => words === 0).length;
  let words = 0;
  let rings = 0;
  const steps = limits.map((limit, i): Step => {
    const algorithm = placed[i]!;
    const constants = Float64Array.from(limit.constants);
    if (algorithm.words === 0) return { algorithm, constants, offset: rings++, stride: ringsPerKey };
    const offset = words;
    words += algorithm.words;
    return { algorithm, constants, offset, stride: wordsPerKey };
  });
  const indexes = placed.map((_, i) => i);
  const counting = indexes.filter((i) => placed[i]!.counts);
  return {
    steps,
    wordsPerKey,
    ringsPerKey,
    counting: counting.length > 0 ? counting : indexes,
    blocking: indexes.filter((i) => placed[i] === blocklistAlgorithm),
    reservable: placed.every(({ reservable }) => reservable),
    onlyGcra: placed.length === 1 && placed[0] === gcraAlgorithm ? steps[0]!.constants : undefined,
  };
}

/** Zeroed state for keys in slots 0..slots-1. */
export function emptyState(plan: Plan, slots: number): State {
  return {
    words: new Float64Array(slots * plan.wordsPerKey),
    rings: new Array<State['rings'][number]>(slots * plan.ringsPerKey).fill(undefined),
  };
}
