/**
 * Measures one contender in this process.
 *
 * mitata times batches of calls, so its own overhead and the clock's resolution vanish in operations of a few
 * nanoseconds, and reports the median of the batches, which a collection or a scheduler's whim does not move. Before
 * that the work runs untimed for a while: what counts in production is compiled code. `check` comes last, because
 * only then it can see what the measured calls did.
 */
import { performance } from 'node:perf_hooks';
import { do_not_optimize, measure } from 'mitata';
import type { CountedContender, TimedContender } from './definition.ts';

/** How long to look. More steadies the figures and costs time. */
export interface Effort {
  readonly warmupMs: number;
  readonly measureMs: number;
  readonly samplesMin: number;
}

export const thorough: Effort = { warmupMs: 150, measureMs: 650, samplesMin: 12 };
export const quick: Effort = { warmupMs: 10, measureMs: 50, samplesMin: 3 };

/** Nanoseconds of one call, the median over many. */
export type Timer = (run: () => unknown, effort: Effort) => Promise<number>;

const timeOfCall: Timer = async (run, effort) => {
  const warmUntil = performance.now() + effort.warmupMs;
  do await run();
  while (performance.now() < warmUntil);
  const kept = (): unknown => {
    const result = run();
    do_not_optimize(result);
    return result;
  };
  return (await measure(kept, { min_cpu_time: effort.measureMs * 1e6, min_samples: effort.samplesMin })).p50;
};

async function timePerOperation({ operations, run }: TimedContender, effort: Effort, timer: Timer): Promise<number> {
  if (!Number.isSafeInteger(operations) || operations < 1) {
    throw new RangeError(`operations must be a whole number of at least 1; got ${operations}`);
  }
  return (await timer(run, effort)) / operations;
}

function isTimed(contender: TimedContender | CountedContender): contender is TimedContender {
  return 'run' in contender;
}

/**
 * The contender's sample: nanoseconds per operation, or its value.
 *
 * @throws whatever the contender's `run` or `check` throws; RangeError when it returned something of the other kind
 */
export async function sample(
  kind: 'time' | 'value',
  contender: TimedContender | CountedContender,
  effort: Effort,
  timer: Timer = timeOfCall,
): Promise<number> {
  if (isTimed(contender) !== (kind === 'time')) {
    throw new RangeError(
      `a contender of kind "${kind}" returns ${kind === 'time' ? '{ operations, run }' : '{ value }'}`,
    );
  }
  const figure = isTimed(contender) ? await timePerOperation(contender, effort, timer) : contender.value;
  if (!Number.isFinite(figure)) throw new RangeError(`value must be a finite number; got ${figure}`);
  await contender.check?.();
  await contender.close?.();
  return figure;
}
