/**
 * OpenTelemetry metrics, through the part of its `Meter` that they need.
 *
 * Nothing of OpenTelemetry is imported: the caller hands in the meter of the SDK that runs, and any object of this shape
 * will do. Counters and gauges are observable, so they are read once an export and cost nothing in between; the duration
 * of loads is a histogram, which has to be told of each, through the cache's observer. Names are dotted, units are UCUM,
 * durations are seconds, as the semantic conventions ask.
 */
import type { CacheObserver } from '../types.ts';
import { metrics, type ObservedCache } from './metrics.ts';

export interface MetricOptions {
  readonly description?: string;
  readonly unit?: string;
}
type Attributes = Record<string, string>;

/** The instruments of a meter are opaque here: they are only handed back to it. */
export interface Meter<Observable extends object = object> {
  createObservableCounter(name: string, options?: MetricOptions): Observable;
  createObservableGauge(name: string, options?: MetricOptions): Observable;
  createHistogram(name: string, options?: MetricOptions): { record(value: number, attributes?: Attributes): void };
  addBatchObservableCallback(callback: BatchCallback<Observable>, observables: Observable[]): void;
  removeBatchObservableCallback(callback: BatchCallback<Observable>, observables: Observable[]): void;
}
type BatchCallback<Observable> = (result: {
  observe(instrument: Observable, value: number, attributes?: Attributes): void;
}) => void;

/**
 * Exports the figures of these caches through `meter` as `loadbearing.cache.*`, with the attribute `cache`.
 * Returns a function that ends it.
 */
export function observeCaches<Observable extends object>(
  meter: Meter<Observable>,
  caches: Readonly<Record<string, ObservedCache>>,
): () => void {
  const instruments = metrics.map(({ stat, name, kind, help }) => {
    const create = kind === 'counter' ? 'createObservableCounter' : 'createObservableGauge';
    return { stat, instrument: meter[create](`loadbearing.cache.${name}`, { description: help }) };
  });
  const observables = instruments.map(({ instrument }) => instrument);
  const callback: BatchCallback<Observable> = (result) => {
    for (const [name, cache] of Object.entries(caches)) {
      const stats = cache.stats();
      for (const { stat, instrument } of instruments) {
        const value = stats[stat];
        if (value !== undefined) result.observe(instrument, value, { cache: name });
      }
    }
  };
  meter.addBatchObservableCallback(callback, observables);
  return () => meter.removeBatchObservableCallback(callback, observables);
}

/** An observer that records how long loads take, in seconds, as the histogram `loadbearing.cache.load.duration`. */
export function meterObserver<K>(meter: Pick<Meter, 'createHistogram'>, name: string): CacheObserver<K> {
  const duration = meter.createHistogram('loadbearing.cache.load.duration', {
    description: 'How long loads took.',
    unit: 's',
  });
  return { loadEnd: (_, ms, outcome) => duration.record(ms / 1000, { cache: name, outcome }) };
}
