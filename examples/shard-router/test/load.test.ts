/** Latencies, requests and values: what the figures rest on. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Checker } from '../src/load/checker.ts';
import { Histogram } from '../src/load/histogram.ts';
import { Traffic, type TrafficOptions } from '../src/load/traffic.ts';
import { keyOf, valueOf, versionOf, workload } from '../src/load/workload.ts';
import type { WireRequest } from '../src/processes/messages.ts';

describe('the histogram', () => {
  test('a percentile is that of a sorted list, rounded up by at most 5 %', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 2000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (samples, fraction) => {
          const histogram = new Histogram();
          for (const sample of samples) histogram.record(sample);
          const exact = samples.toSorted((a, b) => a - b)[Math.ceil(samples.length * fraction) - 1]!;
          const shown = histogram.percentileMs(fraction)!;
          expect(shown).toBeGreaterThanOrEqual(exact * 0.999_999);
          expect(shown).toBeLessThanOrEqual(exact * 1.050_001);
        },
      ),
    );
  });

  test('knows nothing of nothing, and counts the absurd as the last', () => {
    const histogram = new Histogram();
    expect(histogram.percentileMs(0.99)).toBeNull();
    for (const ms of [0, -1, 1e9]) histogram.record(ms);
    expect(histogram.percentileMs(0.5)).toBeCloseTo(0.01);
    expect(histogram.percentileMs(1)).toBeGreaterThan(2000);
  });
});

describe('the workload', () => {
  test('the same seed asks the same, another does not', () => {
    const ask = (seed: number): unknown[] => {
      const source = workload(1000, seed);
      return Array.from({ length: 200 }, () => source.next());
    };
    expect(ask(1)).toEqual(ask(1));
    expect(ask(1)).not.toEqual(ask(2));
  });

  test('a few rows get much, every row can get something', () => {
    const counts = new Map<string, number>();
    const kinds = { get: 0, set: 0, delete: 0 };
    const source = workload(100, 1);
    for (let i = 0; i < 50_000; i++) {
      const { kind, key } = source.next();
      kinds[kind]++;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const sorted = [...counts.values()].sort((a, b) => b - a);
    expect(counts.size).toBe(100);
    // Zipf: the first gets twice to three times what the third gets.
    expect(sorted[0]! / sorted[2]!).toBeGreaterThan(2);
    expect([kinds.get, kinds.set, kinds.delete].map((n) => Math.round(n / 2500) * 5)).toEqual([70, 25, 5]);
  });

  test('a value tells its version, and to whom it belongs', () => {
    expect(versionOf(keyOf(7), valueOf(keyOf(7), 12))).toBe(12);
    expect([valueOf(keyOf(8), 12), '', '12', 'x|row:7|'].map((value) => versionOf(keyOf(7), value))).toEqual(
      Array.from({ length: 4 }, () => NaN),
    );
  });
});

describe('the traffic', () => {
  const make = (
    send: TrafficOptions['send'],
    options: Partial<TrafficOptions> = {},
  ): { traffic: Traffic; checker: Checker } => {
    const checker = new Checker();
    const traffic = new Traffic({
      checker,
      workload: workload(10, 1),
      probe: () => ({ kind: 'set', key: 'probe' }),
      perSecond: 100_000,
      inFlightMax: 8,
      send,
      onRequest: () => undefined,
      counts: () => true,
      ...options,
    });
    return { traffic, checker };
  };
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const pause = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

  test('never more than the bounds of clients and probes are under way, and what is due beyond is given up', async () => {
    const sent: WireRequest[] = [];
    const { traffic } = make((requests) => sent.push(...requests) > 0);
    const clients = (): WireRequest[] => sent.filter(({ key }) => key !== 'probe');
    traffic.start();
    await pause(80);
    expect([clients().length, sent.length]).toEqual([8, 72]);
    // A probe that is answered makes room for a probe, and for no client.
    const isProbe = ({ key }: WireRequest): boolean => key === 'probe';
    traffic.answers(sent.filter(isProbe).map(({ n }) => ({ n, outcome: 'failed', value: undefined })));
    await pause(40);
    expect([clients().length, sent.length]).toEqual([8, 136]);
    traffic.answers(clients().map(({ n }) => ({ n, outcome: 'failed', value: undefined })));
    await pause(40);
    expect([clients().length, sent.length]).toEqual([16, 144]);
    expect(traffic.abandon()).toHaveLength(
      64 +
        clients()
          .slice(8)
          .filter(({ kind }) => kind !== 'get').length,
    );
    traffic.cancel();
    expect(traffic.unanswered).toBe(144);
  });

  test('latencies of probes, and those that do not count, are in no sample', async () => {
    let isClear = true;
    const answered = { clients: 0, notClear: 0 };
    const { traffic } = make(
      (requests) => {
        queueMicrotask(() => {
          for (const { key } of requests) {
            if (key === 'probe') continue;
            answered.clients++;
            if (!isClear) answered.notClear++;
          }
          traffic.answers(requests.map(({ n }) => ({ n, outcome: 'ok', value: undefined })));
          isClear = !isClear;
        });
        return true;
      },
      { counts: () => isClear },
    );
    const sample = (traffic.sample = new Histogram());
    traffic.start();
    await pause(60);
    traffic.cancel();
    await pause(1);
    expect(answered.notClear).toBeGreaterThan(0);
    expect(sample.total).toBe(answered.clients - answered.notClear);
  });

  test('without a router nothing is asked, nothing is unanswered, and no write may ever appear', async () => {
    const { traffic, checker } = make(() => false);
    traffic.start();
    await pause(30);
    await traffic.stop();
    expect(traffic.unanswered).toBe(0);
    for (let row = 0; row < 10; row++) expect(checker.exists(keyOf(row))).toBe(false);
  });

  test('a wrong answer reaches the checker as a violation, through the value alone', async () => {
    const rows = new Map<string, string>();
    const { traffic, checker } = make((requests) => {
      queueMicrotask(() =>
        traffic.answers(
          requests.map(({ n, kind, key, value }) => {
            if (kind === 'set') rows.set(key, value!);
            // Deletes are acknowledged and forgotten.
            return { n, outcome: 'ok', value: kind === 'get' ? rows.get(key) : undefined };
          }),
        ),
      );
      return true;
    });
    traffic.start();
    await pause(100);
    await traffic.stop();
    expect(checker.violations.resurrected).toBeGreaterThan(0);
    expect(checker.violations.lost).toBe(0);
    expect(await traffic.readAll(Array.from({ length: 10 }, (_, row) => keyOf(row)))).toBe(10);
  });
});
