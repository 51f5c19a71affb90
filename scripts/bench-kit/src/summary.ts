/**
 * From samples to figures.
 *
 * A sample is one number per contender and round: the median time of an operation, or a value. The figure of a timed
 * rival is the ratio of medians over the rounds, rival divided by ours: above 1 means that ours is faster. Its spread
 * is the smallest and largest ratio within one round: both sides of such a ratio were measured within seconds of each
 * other, so the spread shows what noise is left, and a claim inside its own spread is no claim.
 *
 * The figure of a value is its median with the smallest and largest seen.
 */
import type { BenchDefinition } from './definition.ts';
import type { BenchResults, Figure } from './results.ts';

/** The middle of the sorted numbers, or the mean of the two in the middle. Linear-logarithmic. */
export function median(numbers: readonly number[]): number {
  if (numbers.length === 0) throw new RangeError('median of no numbers');
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Four significant digits: more would be noise in a committed file. Whole numbers are counts and stay exact. */
function rounded(figure: number): number {
  return Number.isInteger(figure) ? figure : Number(figure.toPrecision(4));
}

function figureOf(middle: number, all: readonly number[]): Figure {
  return { median: rounded(middle), min: rounded(Math.min(...all)), max: rounded(Math.max(...all)) };
}

/** One case's samples: for each contender one number a round, in the order of the rounds. */
export type Samples = ReadonlyMap<string, readonly number[]>;

export function figuresOf(kind: BenchDefinition['kind'], contenders: readonly string[], samples: Samples) {
  const of = (contender: string): readonly number[] => samples.get(contender) ?? [];
  const ours = of(contenders[0]!);
  const figures: Record<string, Figure> = {};
  for (const contender of kind === 'time' ? contenders.slice(1) : contenders) {
    const theirs = of(contender);
    figures[contender] =
      kind === 'time'
        ? figureOf(
            median(theirs) / median(ours),
            theirs.map((sample, round) => sample / ours[round]!),
          )
        : figureOf(median(theirs), theirs);
  }
  return figures;
}

export interface Surroundings {
  readonly rounds: number;
  /** Major version of Node. */
  readonly node: number;
  readonly cpus: number;
}

/** Everything worth keeping of a run. `samples[i]` belongs to `definition.cases[i]`. */
export function summarize(
  definition: BenchDefinition,
  samples: readonly Samples[],
  { rounds, node, cpus }: Surroundings,
): BenchResults {
  const { topic, title, kind, rival } = definition;
  const contenders = [...definition.contenders.keys()];
  const cases = definition.cases.map(({ name }, i) => ({
    name,
    figures: figuresOf(kind, contenders, samples[i] ?? new Map<string, number[]>()),
  }));
  return { topic, title, kind, rival, contenders, rounds, node, cpus, cases };
}
