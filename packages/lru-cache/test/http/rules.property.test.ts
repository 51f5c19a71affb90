/** Laws that hold for every header, well-formed or hostile. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { currentAgeMs, freshnessLifetimeMs } from '../../src/http/age.ts';
import { forbidsStale, mustAlwaysValidate, responseDirectives } from '../../src/http/cache-control.ts';
import { decide, mayServeOnError } from '../../src/http/decide.ts';
import { invalidatedBy } from '../../src/http/invalidation.ts';
import { mergeNotModified } from '../../src/http/merge.ts';
import { isNotModified, validates } from '../../src/http/preconditions.ts';
import { isReusable, isStorable, storedFields } from '../../src/http/storable.ts';
import type { HeaderList, StoredResponse } from '../../src/http/types.ts';
import { T0, httpDate } from './support.ts';

const runs = process.env['NIGHTLY'] === '1' ? 20_000 : 400;

const seconds = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(2 ** 31, 99_999_999_999));
const text = fc.string({ unit: fc.constantFrom(...Array.from('a1=",;* \t-/\\é')), maxLength: 12 });
const directive = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error', 'max-stale', 'min-fresh', 'x'),
      fc.oneof(seconds.map(String), text),
    )
    .map(([name, value]) => `${name}=${value}`),
  fc.constantFrom(
    'no-store',
    'no-cache',
    'private',
    'public',
    'must-revalidate',
    'proxy-revalidate',
    'immutable',
    'only-if-cached',
    'max-stale',
    'no-cache="a"',
    'must-understand',
  ),
);
const control = fc.oneof(
  fc.array(directive, { maxLength: 4 }).map((all) => all.join(', ')),
  text,
);
const date = fc.oneof(
  fc.integer({ min: -200, max: 200 }).map((s) => httpDate(T0 + s * 1000)),
  text,
);
const field = fc.oneof(
  fc.tuple(fc.constantFrom('cache-control', 'Cache-Control', 'cdn-cache-control', 'pragma'), control),
  fc.tuple(fc.constantFrom('date', 'expires', 'last-modified', 'if-modified-since'), date),
  fc.tuple(fc.constant('age'), fc.oneof(seconds.map(String), text)),
  fc.tuple(
    fc.constantFrom(
      'etag',
      'if-none-match',
      'vary',
      'a',
      'b',
      'content-length',
      'location',
      'connection',
      'authorization',
      'set-cookie',
    ),
    text,
  ),
);
const headers: fc.Arbitrary<HeaderList> = fc.array(field, { maxLength: 6 });
const stored: fc.Arbitrary<StoredResponse> = fc.record({
  status: fc.constantFrom(200, 200, 200, 404, 302, 500),
  headers,
  body: fc.constant(new Uint8Array(0)),
  requestHeaders: headers,
  requestTime: fc.constantFrom(T0 - 2000, T0),
  responseTime: fc.constant(T0),
});
const wallNow = fc.integer({ min: -10, max: 300 }).map((s) => T0 + s * 1000);
const role = fc.boolean().map((shared) => ({ shared }));

if (process.env['NIGHTLY'] === '1') vi.setConfig({ testTimeout: 600_000 });

describe('every header', () => {
  it('nothing is fresh at an age of its lifetime or more, unless the request says max-stale', () => {
    let fresh = 0;
    fc.assert(
      fc.property(headers, fc.array(stored, { maxLength: 3 }), wallNow, role, (request, variants, now, who) => {
        const decision = decide('GET', request, variants, now, who);
        if (decision.kind !== 'fresh') return;
        fresh++;
        const lifetime = freshnessLifetimeMs(decision.stored, who);
        const age = currentAgeMs(decision.stored, now);
        const { directives } = responseDirectives(decision.stored.headers, who);
        expect(mustAlwaysValidate(directives)).toBe(false);
        if (age < lifetime) return;
        expect(JSON.stringify(request)).toContain('max-stale');
        expect(forbidsStale(directives, who)).toBe(false);
      }),
      { numRuns: runs },
    );
    // A law about fresh responses that never saw one proves nothing.
    expect(fresh).toBeGreaterThan(runs / 200);
  });

  it('nothing stale is given, on errors or behind a validation, where it is forbidden', () => {
    fc.assert(
      fc.property(headers, stored, wallNow, role, (request, response, now, who) => {
        const forbidden = forbidsStale(responseDirectives(response.headers, who).directives, who);
        if (mayServeOnError(response, request, now, who)) expect(forbidden).toBe(false);
        if (decide('GET', request, [response], now, who).kind === 'stale-while-revalidate')
          expect(forbidden).toBe(false);
      }),
      { numRuns: runs },
    );
  });

  it('age grows with the clock, second by second, and is never negative', () => {
    fc.assert(
      fc.property(stored, fc.nat(1000), fc.nat(1000), (response, a, b) => {
        const age = currentAgeMs(response, T0 + a);
        expect(age).toBeGreaterThanOrEqual(0);
        expect(currentAgeMs(response, T0 + a + b)).toBe(age + b);
      }),
      { numRuns: runs },
    );
  });

  it('what a shared cache may store, a private one may too, targeted fields aside', () => {
    fc.assert(
      fc.property(headers, headers, fc.constantFrom(200, 302, 404, 599), (request, response, status) => {
        fc.pre(!response.some(([name]) => name === 'cdn-cache-control'));
        fc.pre(!response.some(([, value]) => /s-maxage/i.test(value)));
        if (isStorable('GET', request, status, response, { shared: true })) {
          expect(isStorable('GET', request, status, response, { shared: false })).toBe(true);
        }
      }),
      { numRuns: runs },
    );
  });

  it('a merge keeps what the 304 does not mention, takes what it does, and merging again changes nothing', () => {
    fc.assert(
      fc.property(stored, headers, (response, update) => {
        const once = mergeNotModified(response, update, T0, T0);
        expect(mergeNotModified(once, update, T0, T0).headers.toSorted()).toEqual(once.headers.toSorted());
        const names = once.headers.map(([name]) => name.toLowerCase());
        for (const [name] of response.headers) {
          if (!['age', 'connection'].includes(name.toLowerCase())) expect(names).toContain(name.toLowerCase());
        }
      }),
      { numRuns: runs },
    );
  });

  it('never makes a rule throw', () => {
    fc.assert(
      fc.property(headers, stored, wallNow, role, fc.string(), (request, response, now, who, method) => {
        isStorable(method, request, response.status, response.headers, who);
        isReusable(response.status, response.headers, now, who);
        storedFields(response.headers, who);
        isNotModified(request, response);
        validates(response, request);
        invalidatedBy(method, 'http://a.example/', response.status, response.headers);
        decide(method, request, [response], now, who);
      }),
      { numRuns: runs },
    );
  });
});
