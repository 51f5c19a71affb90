/**
 * Every policy on every trace at every size: the cells of the tables about hit ratios.
 *
 * Generated traces are there for everyone; recorded ones only for those who have them, so whoever asks for those must be
 * ready for none. Hits are counted, not sampled, and nothing is random: the figures are exact.
 */
import * as policies from '../src/policies/index.ts';
import { generatedTrace, generatedTraceNames } from '../src/simulate/generated-traces.ts';
import type { Trace } from '../src/simulate/replay.ts';
import { gapClosed, simulate, type Row } from '../src/simulate/simulate.ts';
import { defaultSizes } from '../src/simulate/sizes.ts';
import type { Policy } from '../src/types.ts';
import { openTrace, openTraces } from './trace-file.ts';

/** By the name under which a table shows them, ours first. */
export const contenders: Readonly<Record<string, () => Policy>> = {
  robust: policies.robust,
  LRU: policies.lru,
  CLOCK: policies.clock,
  SIEVE: policies.sieve,
  'S3-FIFO': policies.s3Fifo,
  ARC: policies.arc,
  'W-TinyLFU': policies.wTinyLfu,
};

export const generatedSizes: readonly number[] = [64, 256, 1000, 4000];

export function generatedTraces(seed: number): Trace[] {
  return generatedTraceNames.map((name) => generatedTrace(name, seed));
}

/** Those that are present. */
export function recordedTraces(): Trace[] {
  return openTraces.map(openTrace).filter((trace) => trace !== undefined);
}

/** The hits of one contender beside those of LRU and of the optimum, a row a size. */
export function rowsOf(name: string, trace: Trace, sizes: readonly number[] = defaultSizes(trace.unique)): Row[] {
  const make = contenders[name];
  if (make === undefined) throw new RangeError(`no contender '${name}'`);
  return simulate(trace, sizes, { LRU: policies.lru, [name]: make });
}

/** Percent of the way from LRU to the optimum, mean over the rows where there is a way to go. */
export function meanShare(name: string, rows: readonly Row[]): number {
  const shares = rows
    .map(({ hits, beladyHits }) => gapClosed(hits[name] ?? 0, hits['LRU'] ?? 0, beladyHits))
    .filter((share) => share !== undefined);
  return (100 * shares.reduce((sum, share) => sum + share, 0)) / Math.max(1, shares.length);
}

/** The row where the contender does worst against LRU, in points: at most 0. */
export function worstPoints(name: string, rows: readonly Row[]): number {
  return Math.min(0, ...rows.map(({ hits, requests }) => (100 * ((hits[name] ?? 0) - (hits['LRU'] ?? 0))) / requests));
}
