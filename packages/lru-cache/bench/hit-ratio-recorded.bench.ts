/**
 * The same on recorded traffic, at six sizes a trace: 0.1 to 30 % of its keys. The share of the way from LRU to the optimum,
 * a trace a row, then the mean of all cells, and the cell where each does worst against LRU. It needs the traces: see
 * `trace-file.ts` for where they are looked for.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { contenders, meanShare, recordedTraces, rowsOf, worstPoints } from './hit-ratio.ts';
import { openTrace, openTraces, type OpenTrace } from './trace-file.ts';

interface Case {
  readonly name: string;
  readonly trace?: OpenTrace;
  readonly sum: (name: string, rows: ReturnType<typeof rowsOf>) => number;
}

const answer = (name: string) => (c: Case) => {
  const traces = c.trace === undefined ? recordedTraces() : [openTrace(c.trace)];
  const rows = traces.flatMap((trace) => (trace === undefined ? [] : rowsOf(name, trace)));
  if (rows.length === 0) throw new Error('the recorded traces are not present: name their folder in TRACES');
  return { value: Math.round(100 * c.sum(name, rows)) / 100 + 0 };
};

export default defineBench<Case>({
  topic: 'hit-ratio-recorded',
  title: 'Percent of the way from LRU to the optimum',
  rival: 'LRU',
  kind: 'value',
  cases: [
    ...openTraces.map((trace) => ({ name: trace, trace, sum: meanShare })),
    { name: 'mean of all cells', sum: meanShare },
    { name: 'hit ratio against LRU in points, worst cell', sum: worstPoints },
  ],
  contenders: Object.fromEntries(Object.keys(contenders).map((name) => [name, answer(name)])),
});
