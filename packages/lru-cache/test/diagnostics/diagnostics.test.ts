import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from 'vitest';
import {
  type ChannelMessage,
  channelObserver,
  combineObservers,
  meterObserver,
  observeCaches,
  prometheusText,
} from '../../src/diagnostics/index.ts';
import { LoadingCache, LruCache } from '../../src/index.ts';
import type { CacheObserver } from '../../src/types.ts';

const events = ['miss', 'remove', 'loadStart', 'loadEnd'] as const;

/** What `act` publishes, as [event, message]. */
async function published(act: () => unknown): Promise<[string, ChannelMessage][]> {
  const seen: [string, ChannelMessage][] = [];
  const listeners = events.map((event) => {
    const listen = (message: unknown): void => void seen.push([event, message as ChannelMessage]);
    subscribe(`loadbearing:cache:${event}`, listen);
    return () => unsubscribe(`loadbearing:cache:${event}`, listen);
  });
  await act();
  for (const end of listeners) end();
  return seen;
}

describe('diagnostics channels', () => {
  it('carry what happens to the entries, with the name of the cache', async () => {
    const cache = new LruCache<string, number>({ max: 1, observer: channelObserver('users') });
    const seen = await published(() => {
      cache.set('a', 1);
      cache.get('a');
      cache.set('b', 2);
      cache.get('a');
      cache.delete('b');
    });
    expect(seen).toEqual([
      ['remove', { cache: 'users', key: 'a', reason: 'evict' }],
      ['miss', { cache: 'users', key: 'a' }],
      ['remove', { cache: 'users', key: 'b', reason: 'delete' }],
    ]);
  });

  it('carry loads with their outcome and duration', async () => {
    let now = 0;
    const cache = new LoadingCache<string, number>({
      max: 10,
      observer: channelObserver('rows'),
      clock: { now: () => now },
      load: (key) => {
        now += 5;
        if (key === 'broken') throw new Error('no');
        return key === 'none' ? undefined : 1;
      },
    });
    const seen = await published(async () => {
      await cache.fetch('one');
      await cache.fetch('none');
      await cache.fetch('broken').catch(() => 0);
    });
    const loads = seen.filter(([event]) => event.startsWith('load'));
    expect(loads.map(([event, { key, outcome }]) => [event, key, outcome])).toEqual([
      ['loadStart', 'one', undefined],
      ['loadEnd', 'one', 'value'],
      ['loadStart', 'none', undefined],
      ['loadEnd', 'none', 'absent'],
      ['loadStart', 'broken', undefined],
      ['loadEnd', 'broken', 'error'],
    ]);
    for (const [event, message] of loads) if (event === 'loadEnd') expect(message.ms).toBeGreaterThanOrEqual(0);
  });

  it('make no message where nobody listens', () => {
    let read = 0;
    const key = {
      get name() {
        return read++;
      },
    };
    const observer: CacheObserver<unknown> = channelObserver('quiet');
    observer.miss?.(key);
    observer.remove?.(key, 'evict');
    expect(read).toBe(0);
  });
});

describe('several observers', () => {
  it('are each told, in the order given', () => {
    const told: string[] = [];
    const teller = (name: string): CacheObserver<string> => ({
      miss: (key) => told.push(`${name} miss ${key}`),
      remove: (key, reason) => told.push(`${name} ${reason} ${key}`),
    });
    const cache = new LruCache<string, number>({ max: 1, observer: combineObservers(teller('1'), {}, teller('2')) });
    cache.get('x');
    cache.set('a', 1).clear();
    expect(told).toEqual(['1 miss x', '2 miss x', '1 clear a', '2 clear a']);
  });
});

describe("Prometheus' text format", () => {
  it('has a family a metric and a sample a cache', async () => {
    const users = new LruCache<string, number>({ max: 1, weigh: (value) => value });
    users.set('a', 3).set('b', 4);
    users.get('b');
    users.get('a');
    const rows = new LoadingCache<string, number>({ max: 10, load: () => 1 });
    await rows.fetch('x');
    const lines = prometheusText({ users, rows }).split('\n');
    expect(lines).toContain('# TYPE loadbearing_cache_hits_total counter');
    expect(lines).toContain('loadbearing_cache_hits_total{cache="users"} 1');
    expect(lines).toContain('loadbearing_cache_misses_total{cache="users"} 1');
    expect(lines).toContain('loadbearing_cache_evictions_total{cache="users"} 1');
    expect(lines).toContain('# TYPE loadbearing_cache_weight gauge');
    expect(lines).toContain('loadbearing_cache_weight{cache="users"} 4');
    expect(lines).toContain('loadbearing_cache_loads_total{cache="rows"} 1');
    expect(lines.filter((line) => line.startsWith('loadbearing_cache_loads_total'))).toHaveLength(1);
    expect(lines.at(-1)).toBe('');
  });

  it('leaves out what no cache counts, and names nothing twice', () => {
    const text = prometheusText({ one: new LruCache(1), two: new LruCache(1) });
    expect(text).not.toContain('loads');
    const families = text.split('\n').filter((line) => line.startsWith('# TYPE'));
    expect(new Set(families).size).toBe(families.length);
    expect(prometheusText({})).toBe('');
  });

  it('escapes what would end a label', () => {
    const text = prometheusText({ 'a"b\\c\nd': new LruCache(1) });
    expect(text).toContain('loadbearing_cache_hits_total{cache="a\\"b\\\\c\\nd"} 0\n');
  });
});

describe('OpenTelemetry', () => {
  async function exported(act: (provider: MeterProvider) => unknown): Promise<Map<string, [unknown, unknown][]>> {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
    const provider = new MeterProvider({ readers: [reader] });
    await act(provider);
    await provider.forceFlush();
    const found = new Map<string, [unknown, unknown][]>();
    for (const { scopeMetrics } of exporter.getMetrics().slice(-1)) {
      for (const { metrics } of scopeMetrics) {
        for (const { descriptor, dataPoints } of metrics) {
          found.set(
            descriptor.name,
            dataPoints.map(({ value, attributes }) => [value, attributes]),
          );
        }
      }
    }
    await provider.shutdown();
    return found;
  }

  it('exports the counters and gauges of each cache', async () => {
    const users = new LruCache<string, number>(2);
    users.set('a', 1);
    users.get('a');
    const found = await exported((provider) => observeCaches(provider.getMeter('test'), { users }));
    expect(found.get('loadbearing.cache.hits')).toEqual([[1, { cache: 'users' }]]);
    expect(found.get('loadbearing.cache.entries')).toEqual([[1, { cache: 'users' }]]);
    expect(found.get('loadbearing.cache.loads') ?? []).toEqual([]);
  });

  it('ends when told so', async () => {
    const found = await exported((provider) => observeCaches(provider.getMeter('test'), { a: new LruCache(1) })());
    expect([...found.values()].flat()).toEqual([]);
  });

  it('records the duration of loads in seconds', async () => {
    const found = await exported(async (provider) => {
      const observer = meterObserver<string>(provider.getMeter('test'), 'rows');
      observer.loadEnd?.('a', 1500, 'value');
    });
    expect(found.get('loadbearing.cache.load.duration')).toEqual([
      [expect.objectContaining({ count: 1, sum: 1.5 }), { cache: 'rows', outcome: 'value' }],
    ]);
  });
});
