/**
 * Which figures of a cache are worth exporting, and what they are called: one table for every format.
 *
 * A counter only grows (until `resetStats`, which a scraper sees as a restart); a gauge is what holds now. Names follow
 * Prometheus' practice: the thing counted, its unit last, `_total` added to counters by the format that wants it.
 * Hits are counted by the cache itself, so that watching it costs the hot path nothing: figures are read when asked for.
 */
import type { CacheStats } from '../types.ts';

/** The counters of a LoadingCache are there only where it loads. */
export interface ObservedStats extends CacheStats {
  readonly loads?: number;
  readonly loadFailures?: number;
  readonly joined?: number;
  readonly staleServed?: number;
  readonly discarded?: number;
}

/** An LruCache or a LoadingCache: whatever has `stats()`. */
export interface ObservedCache {
  stats(): ObservedStats;
}

export interface Metric {
  readonly stat: Exclude<keyof ObservedStats, 'index'>;
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
}

const metric = (stat: Metric['stat'], name: string, help: string, kind: Metric['kind'] = 'counter'): Metric => ({
  stat,
  name,
  kind,
  help,
});

export const metrics: readonly Metric[] = /* @__PURE__ */ [
  metric('hits', 'hits', 'Reads answered by the cache.'),
  metric('misses', 'misses', 'Reads not answered by the cache.'),
  metric('inserts', 'inserts', 'New keys stored.'),
  metric('updates', 'updates', 'Values stored under a key already held.'),
  metric('evictions', 'evictions', 'Entries removed to make room.'),
  metric('expired', 'expirations', 'Entries removed because their ttl was over.'),
  metric('rejected', 'rejections', 'Values too heavy to be stored.'),
  metric('loads', 'loads', 'Loads started.'),
  metric('loadFailures', 'load_failures', 'Loads that failed or timed out.'),
  metric('joined', 'joined', 'Callers who joined a load already under way.'),
  metric('staleServed', 'stale_served', 'Reads answered with a stale value.'),
  metric('discarded', 'loads_discarded', 'Loads whose result was not stored, being overtaken.'),
  metric('size', 'entries', 'Entries held.', 'gauge'),
  metric('weight', 'weight', "Weight held, in the user's unit.", 'gauge'),
];
