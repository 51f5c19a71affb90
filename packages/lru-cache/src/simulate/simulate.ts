/**
 * Every policy over a trace at every size, beside the best that any policy could have done.
 *
 * What counts is the distance between LRU, which costs nothing to choose, and Belady's MIN, which needs to know the
 * future: the share of that gap which a policy closes can be compared across traces, where hit ratios cannot.
 */
import type { Policy } from '../types.ts';
import { belady } from './belady.ts';
import { replay, type Trace } from './replay.ts';

export interface Row {
  readonly trace: string;
  /** Entries the cache holds. */
  readonly size: number;
  readonly requests: number;
  /** Requests answered from the cache, by policy. */
  readonly hits: Readonly<Record<string, number>>;
  readonly beladyHits: number;
}

/** One row a size. Each policy is made anew for each. O(sizes x policies x requests). */
export function simulate(
  trace: Trace,
  sizes: readonly number[],
  policies: Readonly<Record<string, () => Policy>>,
  onRow?: (row: Row) => void,
): Row[] {
  return sizes.map((size) => {
    const hits = Object.fromEntries(
      Object.entries(policies).map(([name, make]) => [name, replay(make(), trace, size)] as const),
    );
    const row = { trace: trace.name, size, requests: trace.ids.length, hits, beladyHits: belady(trace, size) };
    onRow?.(row);
    return row;
  });
}

/** Which part of the way from LRU to Belady's optimum a policy went; undefined where there is no way to go. */
export function gapClosed(hits: number, lruHits: number, beladyHits: number): number | undefined {
  return beladyHits === lruHits ? undefined : (hits - lruHits) / (beladyHits - lruHits);
}
