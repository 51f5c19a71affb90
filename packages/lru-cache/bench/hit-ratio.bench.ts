/**
 * Which policy answers most from the cache? Generated traffic, so that anyone can repeat it: the hit ratio of each kind at
 * 1,000 entries, then over 64, 256, 1,000 and 4,000 entries of all kinds the mean share of the way from LRU to the optimum,
 * and the cell where each does worst against LRU. The second is what a policy promises, the third what it may cost.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { belady } from '../src/simulate/belady.ts';
import { generatedTrace, generatedTraceNames } from '../src/simulate/generated-traces.ts';
import { replay } from '../src/simulate/replay.ts';
import { contenders, generatedSizes, generatedTraces, meanShare, rowsOf, worstPoints } from './hit-ratio.ts';

interface Case {
  readonly name: string;
  /** A family; undefined: all of them. */
  readonly family?: string;
  readonly sum?: (name: string, rows: ReturnType<typeof rowsOf>) => number;
}

const entries = 1000;
const seed = 1;
const rounded = (value: number): { value: number } => ({ value: Math.round(100 * value) / 100 + 0 });

const answer = (name: string) => (c: Case) => {
  const make = contenders[name];
  if (c.family === undefined) {
    const rows = generatedTraces(seed).flatMap((trace) => rowsOf(name, trace, generatedSizes));
    return rounded(c.sum?.(name, rows) ?? 0);
  }
  const trace = generatedTrace(c.family, seed);
  return rounded((100 * (make === undefined ? 0 : replay(make(), trace, entries))) / trace.ids.length);
};

const optimum = (c: Case) => {
  if (c.family === undefined) return rounded(c.sum === meanShare ? 100 : 0);
  const trace = generatedTrace(c.family, seed);
  return rounded((100 * belady(trace, entries)) / trace.ids.length);
};

export default defineBench<Case>({
  topic: 'hit-ratio',
  title: 'Hit ratio in percent',
  rival: 'LRU',
  kind: 'value',
  cases: [
    ...generatedTraceNames.map((family) => ({ name: `${family}, 1,000 entries`, family })),
    { name: 'share of the way from LRU to the optimum, mean of all', sum: meanShare },
    { name: 'points against LRU, worst of all', sum: worstPoints },
  ],
  contenders: {
    ...Object.fromEntries(Object.keys(contenders).map((name) => [name, answer(name)])),
    'the optimum': optimum,
  },
});
