/**
 * What is asked of a store under test: limits that share no round numbers, and operations that reach their edges.
 *
 * Rates are drawn with primes among them, because rounding errs there first. Every number is within what all stores
 * accept: sliding logs of at most 20 units, costs of at most 2^40.
 */
import { blocklist, fixedWindow, gcra, slidingCounter, slidingLog, type Limit } from '../limits.ts';
import { BLOCK, FORCE, LEASE, PEEK, REFUND, RESERVE, TAKE, type Op } from '../transition.ts';
import type { Random } from './random.ts';

const primes = [2, 3, 7, 13, 97, 499, 997, 1009, 7919, 1_048_583] as const;
type Draw = (random: Random, name: string) => Limit;

const window = (random: Random): { limit: number; windowMs: number } => ({
  limit: random.integer(1, 20),
  windowMs: random.integer(1, 1000),
});

const draws: Readonly<Record<Limit['algorithm'], Draw>> = {
  gcra: (random, name) =>
    gcra({
      name,
      rate: random.chance(0.4) ? random.of(primes) : random.integer(1, 2000),
      perMs: random.chance(0.4) ? random.of([...primes, 1000, 60_000]) : random.integer(1, 2000),
      burst: random.integer(1, 12),
    }),
  'sliding-log': (random, name) => slidingLog({ name, ...window(random) }),
  'sliding-counter': (random, name) => slidingCounter({ name, ...window(random) }),
  'fixed-window': (random, name) =>
    fixedWindow({ name, ...window(random), align: random.of(['first-hit', 'epoch'] as const) }),
  blocklist: (_, name) => blocklist({ name }),
};

/** 1 to 3 limits of the algorithms given, gcra the most often, and in half of the cases a blocklist somewhere. */
export function drawLimits(random: Random, algorithms: ReadonlySet<Limit['algorithm']>): readonly Limit[] {
  const counting = [...algorithms].filter((algorithm) => algorithm !== 'blocklist');
  const weighted = counting.map((algorithm) => [algorithm, algorithm === 'gcra' ? 4 : 1] as const);
  // Reservations need limits that are all of gcra.
  const paces = algorithms.has('gcra') && random.chance(0.3);
  const drawn: Limit['algorithm'][] = Array.from({ length: random.integer(1, 3) }, () =>
    paces ? 'gcra' : random.weighted(weighted),
  );
  if (algorithms.has('blocklist') && random.chance(0.5)) drawn.splice(random.integer(0, drawn.length), 0, 'blocklist');
  return drawn.map((algorithm, i) => draws[algorithm](random, `l${i}`));
}

/** One operation on one key; `reset` is no operation of the transition, but of every store. */
export interface Asked {
  readonly op: Op | 'reset';
  readonly key: string;
  readonly cost: number;
  readonly arg: number;
}

/** A charge that may be given back, once. */
export interface Charge {
  readonly key: string;
  readonly cost: number;
  readonly startMs: number;
}

/** An operation; a refund takes its charge out of `charges`, so that none is given back twice. */
export function drawOperation(
  random: Random,
  keys: readonly [string, ...string[]],
  reservable: boolean,
  charges: Charge[],
): Asked {
  const key = random.of(keys);
  const cost = random.weighted([
    [1, 16],
    [random.integer(1, 25), 7],
    [2 ** 40, 1],
  ]);
  const arg = random.chance(0.3) ? 0 : random.integer(1, 2000);
  const op = random.weighted<Op | 'reset'>([
    [TAKE, 12],
    [PEEK, 2],
    [FORCE, 1],
    [RESERVE, reservable ? 6 : 0],
    [REFUND, charges.length > 0 ? 4 : 0],
    [LEASE, 2],
    [BLOCK, 1],
    ['reset', 1],
  ]);
  if (op !== REFUND) return { op, key, cost, arg };
  const [charge] = charges.splice(random.integer(0, charges.length - 1), 1);
  return { op, key: charge!.key, cost: charge!.cost, arg: charge!.startMs };
}

/** By how many milliseconds time moves between two turns: mostly a little or not at all, sometimes far, or back. */
export function drawStep(random: Random, stepsBack: boolean): number {
  return random.weighted([
    [0, 4],
    [random.integer(1, 300), 6],
    [random.integer(1000, 100_000), 1],
    [-random.integer(1, 500), stepsBack ? 1 : 0],
  ]);
}
