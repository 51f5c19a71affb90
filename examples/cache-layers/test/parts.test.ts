/** The pure parts: where a read stopped, what an app answers, which item is popular. */
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerOf, routeOf, statusOf, timingOf } from '../src/app/answer.ts';
import type { Trace } from '../src/app/levels.ts';
import { nginxConfig } from '../src/engines/nginx.ts';
import { asked, layers, stopOf } from '../src/layers/waterfall.ts';
import { Latency } from '@loadbearing-examples/page-kit/latency.ts';
import { zipf } from '../src/load/zipf.ts';

describe('a read stopped at the last member that says hit', () => {
  test.each([
    ['app-1; hit', 'l1'],
    ['l2; hit, app-2; fwd=uri-miss; stored, edge; fwd=uri-miss; stored', 'l2'],
    ['l2; fwd=uri-miss; stored, app-2; fwd=uri-miss; stored, edge; fwd=uri-miss', 'database'],
    ['app-1; hit, edge; hit; ttl=3, browser; fwd=uri-miss', 'edge'],
    ['app-1; hit, edge; hit; ttl=3, browser; hit; ttl=1', 'browser'],
    ['app-1; hit, edge; fwd=miss; collapsed, browser; fwd=uri-miss', 'edge'],
    ['app-3; fwd=uri-miss; collapsed', 'l1'],
    ['app-1; fwd=uri-miss, edge; fwd=stale; fwd-status=304; detail="hit"', 'database'],
    [null, 'database'],
    ['', 'database'],
  ])('%s: %s', (status, layer) => expect(stopOf(status)).toBe(layer));

  test('a layer is asked what the layers above let through', () => {
    const stops = fc.record(Object.fromEntries(layers.map((layer) => [layer, fc.nat(1000)])));
    fc.assert(
      fc.property(stops, fc.nat(50), (counts, errors) => {
        const all = counts as Record<(typeof layers)[number], number>;
        const reads = Object.values(all).reduce((sum, n) => sum + n, errors);
        const rows = asked({ reads, errors, stops: all });
        layers.forEach((layer, i) => {
          const below = layers.slice(i).reduce((sum, one) => sum + all[one], 0);
          expect(rows[layer].asked).toBe(below);
          expect(rows[layer].ratio).toBe(below === 0 ? 0 : all[layer] / below);
        });
      }),
    );
  });
});

describe('what an app answers', () => {
  const trace: Trace = { l1: 'miss', l2: 'miss', l2Ms: 1.25, isLoaded: true, dbMs: 5.5 };
  const trailers = { status: undefined, timing: 'app-1;dur=1' };
  const item = { id: 7, version: 3, text: 'seven' };
  const ask = (path: string, ifNoneMatch?: string, acceptLanguage?: string) =>
    answerOf(routeOf(path)!, { path, ifNoneMatch, acceptLanguage }, item, 'max-age=2', trailers);

  test('only addresses that exist', () => {
    expect(routeOf('/items/7')).toEqual({ kind: 'item', id: 7 });
    expect(routeOf('/assets/7.3')).toEqual({ kind: 'asset', id: 7 });
    expect(routeOf('/greetings/wide/7')).toEqual({ kind: 'greeting', id: 7, vary: 'wide' });
    for (const path of ['', '/items/', '/items/-1', '/items/7/', '/greetings/other/7', '/items/1e3']) {
      expect(routeOf(path)).toBeUndefined();
    }
  });

  test('304 for the version that the reader has, and only for that', () => {
    expect(ask('/items/7', '"7.3"')).toMatchObject({ status: 304, body: '', headers: { etag: '"7.3"' } });
    expect(ask('/items/7', 'W/"7.2", W/"7.3"').status).toBe(304);
    expect(ask('/items/7', '"7.2"')).toMatchObject({ status: 200, body: JSON.stringify(item) });
  });

  test('an address that names the version is immutable; one without an item is a 404 for a second', () => {
    expect(ask('/assets/7.3').headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const none = answerOf(
      routeOf('/items/9')!,
      { path: '', ifNoneMatch: undefined, acceptLanguage: undefined },
      undefined,
      'x',
      trailers,
    );
    expect(none).toMatchObject({ status: 404, headers: { 'cache-control': 'public, max-age=1' } });
  });

  test('a greeting says in Vary what its address claims', () => {
    expect(ask('/greetings/right/7', undefined, 'de-AT').headers).toMatchObject({
      vary: 'Accept-Language',
      'content-language': 'de',
    });
    expect(ask('/greetings/wide/7').headers).toMatchObject({ vary: 'User-Agent', 'content-language': 'en' });
    expect(ask('/greetings/missing/7').headers).not.toHaveProperty('vary');
  });

  test('Cache-Status and Server-Timing name the levels that were asked, the one nearest to the database first', () => {
    expect(statusOf('app-1', trace)).toBe('l2; fwd=uri-miss; stored, app-1; fwd=uri-miss; stored');
    expect(statusOf('app-1', { ...trace, l1: 'hit', l2: 'not asked' })).toBe('app-1; hit');
    expect(statusOf('app-1', { ...trace, l1: 'joined', l2: 'not asked' })).toBe('app-1; fwd=uri-miss; collapsed');
    expect(statusOf('app-1', { ...trace, l1: 'off', l2: 'not asked' })).toBeUndefined();
    expect(stopOf(statusOf('app-1', { ...trace, l2: 'hit' })!)).toBe('l2');
    expect(stopOf(statusOf('app-1', { ...trace, l2: 'error' })!)).toBe('database');
    expect(timingOf('app-1', trace, 7)).toBe('app-1;dur=7.00, l2;dur=1.25, db;dur=5.50');
  });
});

describe('the load', () => {
  test('zipf: the same items for the same seed, all in range, the first rank as often as it should be', () => {
    const draw = (seed: number) => {
      const items = zipf(100, 0.9, seeded(seed));
      return Array.from({ length: 20_000 }, () => items.next());
    };
    const drawn = draw(5);
    expect(draw(5)).toEqual(drawn);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(100);
    const sum = Array.from({ length: 100 }, (_, rank) => (rank + 1) ** -0.9).reduce((a, b) => a + b);
    expect(drawn.filter((id) => id === 1).length / drawn.length).toBeCloseTo(1 / sum, 2);
  });

  test('a percentile is within 5 % above the exact one', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 60_000, noNaN: true }), { minLength: 1 }), (values) => {
        const latency = new Latency();
        for (const value of values) latency.add(value);
        const exact = [...values].sort((a, b) => a - b)[Math.ceil(0.9 * values.length) - 1]!;
        const got = latency.percentileMs(0.9)!;
        expect(got).toBeGreaterThanOrEqual(exact * 0.999);
        expect(got).toBeLessThanOrEqual(exact * 1.05);
      }),
    );
    expect(new Latency().percentileMs(0.5)).toBeNull();
  });
});

test('nginx listens on loopback, asks the apps, and stays inside its folder', () => {
  const text = nginxConfig('/tmp/x', 4000, [1, 2, 3]);
  expect(text).toContain('listen 127.0.0.1:4000;');
  for (const port of [1, 2, 3]) expect(text).toContain(`server 127.0.0.1:${port};`);
  for (const [, place] of text.matchAll(/(?:_path|pid|error_log) (\S+)/g)) expect(place).toMatch(/^\/tmp\/x\//);
});
