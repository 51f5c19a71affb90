/**
 * Prometheus' text exposition format 0.0.4, for an application that has a `/metrics` of its own.
 *
 * One family a metric, one sample a cache, told apart by the label `cache`. A family that no cache has (the loads of
 * caches that do not load) is left out. The format wants every line ended, and `\`, `"` and line feeds in label values
 * escaped. Source: the format's description in Prometheus' documentation.
 */
import { metrics, type ObservedCache } from './metrics.ts';

/**
 * The figures of these caches as the body of a scrape; names become the label `cache`. O(caches).
 *
 * Serve it with the content type `text/plain; version=0.0.4; charset=utf-8`.
 */
export function prometheusText(caches: Readonly<Record<string, ObservedCache>>): string {
  const observed = Object.entries(caches).map(([name, cache]) => ({ label: escapeLabel(name), stats: cache.stats() }));
  let text = '';
  for (const { stat, name, kind, help } of metrics) {
    const family = `loadbearing_cache_${name}${kind === 'counter' ? '_total' : ''}`;
    const samples = observed.flatMap(({ label, stats }) => {
      const value = stats[stat];
      return value === undefined ? [] : [`${family}{cache="${label}"} ${String(value)}\n`];
    });
    if (samples.length > 0) text += `# HELP ${family} ${help}\n# TYPE ${family} ${kind}\n${samples.join('')}`;
  }
  return text;
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
