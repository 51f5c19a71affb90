/** The rules, clause by clause, as pure functions. Each test names the section that makes it true. */
import { describe, expect, it } from 'vitest';
import { currentAgeMs, freshnessLifetimeMs } from '../../src/http/age.ts';
import { decide, mayServeOnError } from '../../src/http/decide.ts';
import { fieldValue } from '../../src/http/fields.ts';
import { invalidatedBy } from '../../src/http/invalidation.ts';
import { mergeNotModified, sameRepresentation, withDate } from '../../src/http/merge.ts';
import { conditionalHeaders, isNotModified, validates } from '../../src/http/preconditions.ts';
import { isReusable, isStorable, storedFields } from '../../src/http/storable.ts';
import type { HeaderList, HttpDecision } from '../../src/http/types.ts';
import { matchesVary, selectVariant } from '../../src/http/vary.ts';
import { T0, httpDate, list, stored } from './support.ts';

const SHARED = { shared: true };
const PRIVATE = { shared: false };
const after = (seconds: number): number => T0 + seconds * 1000;

type Fields = Readonly<Record<string, string>>;

describe('RFC 9111, 3: what may be stored', () => {
  const cases: [
    rule: string,
    request: Fields,
    status: number,
    response: Fields,
    inShared: boolean,
    inPrivate: boolean,
  ][] = [
    ['5.2.2.5 no-store', {}, 200, { 'cache-control': 'no-store, max-age=60' }, false, false],
    [
      '5.2.2.5 no-store on a line of its own',
      {},
      200,
      { 'Cache-Control': 'max-age=60', 'cache-control': 'No-Store' },
      false,
      false,
    ],
    [
      '5.2.1.5 no-store in the request',
      { 'cache-control': 'no-store' },
      200,
      { 'cache-control': 'max-age=60' },
      false,
      false,
    ],
    ['5.2.2.7 private', {}, 200, { 'cache-control': 'private, max-age=60' }, false, true],
    ['5.2.2.7 private with field names', {}, 200, { 'cache-control': 'private="x-user", max-age=60' }, true, true],
    ['5.2.2.7 private with no name in the list', {}, 200, { 'cache-control': 'private="", max-age=60' }, false, true],
    ['3.5 Authorization', { authorization: 'Basic x' }, 200, { 'cache-control': 'max-age=60' }, false, true],
    [
      '3.5 Authorization, public',
      { authorization: 'Basic x' },
      200,
      { 'cache-control': 'public, max-age=60' },
      true,
      true,
    ],
    [
      '3.5 Authorization, must-revalidate',
      { authorization: 'x' },
      200,
      { 'cache-control': 'must-revalidate, max-age=60' },
      true,
      true,
    ],
    ['3.5 Authorization, s-maxage', { Authorization: 'x' }, 200, { 'cache-control': 's-maxage=60' }, true, true],
    ['7.3 Set-Cookie, stricter here', {}, 200, { 'cache-control': 'max-age=60', 'set-cookie': 'a=b' }, false, true],
    ['7.3 Set-Cookie with s-maxage', {}, 200, { 'cache-control': 's-maxage=60', 'Set-Cookie': 'a=b' }, false, true],
    ['7.3 Set-Cookie, public', {}, 200, { 'cache-control': 'public, max-age=60', 'set-cookie': 'a=b' }, true, true],
    [
      '7.3 Set-Cookie kept out by name',
      {},
      200,
      { 'cache-control': 'no-cache="set-cookie", max-age=60', 'set-cookie': 'a=b' },
      true,
      true,
    ],
    ['3.3 partial content', {}, 206, { 'cache-control': 'max-age=60' }, false, false],
    ['4.3.4 a 304 is no response of its own', {}, 304, { 'cache-control': 'max-age=60' }, false, false],
    ['3 interim', {}, 103, { 'cache-control': 'max-age=60' }, false, false],
    ['4.1 Vary: *', {}, 200, { 'cache-control': 'max-age=60', vary: '*' }, false, false],
    ['4.1 Vary: * in a list', {}, 200, { 'cache-control': 'max-age=60', vary: 'foo, *' }, false, false],
    ['3 heuristically cacheable status', {}, 404, {}, true, true],
    ['3 other status without a word', {}, 302, {}, false, false],
    ['3 other status, max-age', {}, 302, { 'cache-control': 'max-age=60' }, true, true],
    ['3 other status, public', {}, 500, { 'cache-control': 'public' }, true, true],
    ['3 other status, Expires', {}, 403, { expires: httpDate(after(60)) }, true, true],
    ['3 other status, s-maxage', {}, 302, { 'cache-control': 's-maxage=60' }, true, false],
    ['3 unknown status, max-age', {}, 599, { 'cache-control': 'max-age=60' }, true, true],
    [
      '5.2.2.3 must-understand overrides no-store',
      {},
      200,
      { 'cache-control': 'must-understand, no-store, max-age=60' },
      true,
      true,
    ],
    [
      '5.2.2.3 must-understand, status not understood',
      {},
      599,
      { 'cache-control': 'must-understand, max-age=60' },
      false,
      false,
    ],
    [
      'RFC 9213 no-store for CDNs',
      {},
      200,
      { 'cdn-cache-control': 'no-store', 'cache-control': 'max-age=60' },
      false,
      true,
    ],
    [
      'RFC 9213 CDNs before no-store',
      {},
      200,
      { 'cdn-cache-control': 'max-age=60', 'cache-control': 'no-store' },
      true,
      false,
    ],
    [
      'RFC 9213 private for CDNs',
      {},
      200,
      { 'cdn-cache-control': 'private', 'cache-control': 'max-age=60' },
      false,
      true,
    ],
    [
      'RFC 9213 malformed: as if absent',
      {},
      200,
      { 'cdn-cache-control': 'max-age=60, &&', 'cache-control': 'no-store' },
      false,
      false,
    ],
    ['RFC 9213 empty: as if absent', {}, 200, { 'cdn-cache-control': '', 'cache-control': 'no-store' }, false, false],
    [
      'RFC 9213 an unknown directive is not empty',
      {},
      302,
      { 'cdn-cache-control': 'none', 'cache-control': 'max-age=9' },
      false,
      true,
    ],
  ];
  it.each(cases)('%s', (_rule, request, status, response, inShared, inPrivate) => {
    expect(isStorable('GET', list(request), status, list(response), SHARED)).toBe(inShared);
    expect(isStorable('GET', list(request), status, list(response), PRIVATE)).toBe(inPrivate);
  });

  it.each(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'get'])('nothing but GET: not %s', (method) => {
    expect(isStorable(method, [], 200, list({ 'cache-control': 'max-age=60' }), PRIVATE)).toBe(false);
  });

  it('3.1: fields of the connection are not stored, nor those that Connection names', () => {
    const headers = list({
      Connection: 'close, X-Hop',
      'x-hop': '1',
      'Keep-Alive': '5',
      TE: 'x',
      'X-End': '2',
      upgrade: 'h2c',
    });
    expect(storedFields(headers, SHARED)).toEqual([['X-End', '2']]);
  });

  it('5.2.2.4 and 5.2.2.7: fields named by no-cache and private are not stored', () => {
    const headers = list({ 'cache-control': 'no-cache="a, B", private="c"', a: '1', b: '2', C: '3', d: '4' });
    const names = (role: { shared: boolean }): string[] => storedFields(headers, role).map(([name]) => name);
    expect(names(SHARED)).toEqual(['cache-control', 'd']);
    expect(names(PRIVATE)).toEqual(['cache-control', 'C', 'd']);
  });

  it.each([
    [{}, false],
    [{ 'cache-control': 'max-age=60' }, true],
    [{ 'cache-control': 'max-age=0' }, false],
    [{ 'cache-control': 'max-age=0', etag: '"1"' }, true],
    [{ 'cache-control': 'no-cache' }, false],
    [{ 'cache-control': 'no-cache, max-age=60' }, false],
    [{ 'cache-control': 'no-cache', 'last-modified': httpDate(T0) }, true],
    [{ 'cache-control': 'max-age=0, stale-while-revalidate=5' }, true],
    [{ 'cache-control': 'max-age=0, stale-if-error=5, must-revalidate' }, false],
  ] as [Fields, boolean][])('what could never answer a second request is not worth the room: %j', (fields, worth) => {
    expect(isReusable(200, list({ date: httpDate(T0), ...fields }), T0, SHARED)).toBe(worth);
  });
});

describe('RFC 9111, 4.2.1: freshness lifetime', () => {
  const cases: [rule: string, status: number, response: Fields, inShared: number, inPrivate: number][] = [
    ['max-age', 200, { 'cache-control': 'max-age=60' }, 60, 60],
    ['s-maxage before max-age, if shared', 200, { 'cache-control': 'max-age=60, s-maxage=10' }, 10, 60],
    ['s-maxage=0 before max-age', 200, { 'cache-control': 's-maxage=0, max-age=60' }, 0, 60],
    ['max-age before Expires', 200, { 'cache-control': 'max-age=60', expires: httpDate(after(99)) }, 60, 60],
    ['max-age before an Expires that is past', 200, { 'cache-control': 'max-age=60', expires: '0' }, 60, 60],
    ['Expires less Date', 200, { expires: httpDate(after(99)) }, 99, 99],
    [
      'Expires less a Date that is not now',
      200,
      { date: httpDate(after(-50)), expires: httpDate(after(50)) },
      100,
      100,
    ],
    ['Expires in the past', 200, { expires: httpDate(after(-1)) }, 0, 0],
    ['5.3 Expires: 0', 200, { expires: '0' }, 0, 0],
    [
      '5.3 a malformed Expires beats the heuristic',
      200,
      { expires: 'soon', 'last-modified': httpDate(after(-1e6)) },
      0,
      0,
    ],
    ['a malformed max-age is stale', 200, { 'cache-control': 'max-age=1h', expires: httpDate(after(99)) }, 0, 0],
    ['a max-age without seconds is stale', 200, { 'cache-control': 'max-age', expires: httpDate(after(99)) }, 0, 0],
    ['a malformed s-maxage is stale, if shared', 200, { 'cache-control': 's-maxage=x, max-age=60' }, 0, 60],
    ['of duplicates the first', 200, { 'cache-control': 'max-age=1, max-age=60' }, 1, 1],
    ['of duplicate lines the first', 200, { 'Cache-Control': 'max-age=1', 'cache-control': 'max-age=60' }, 1, 1],
    ['4.2.2 a tenth of the time since Last-Modified', 200, { 'last-modified': httpDate(after(-1000)) }, 100, 100],
    ['4.2.2 at most a day', 200, { 'last-modified': httpDate(after(-1e8)) }, 86_400, 86_400],
    ['4.2.2 not from a Last-Modified in the future', 200, { 'last-modified': httpDate(after(1000)) }, 0, 0],
    ['4.2.2 not for a status that is not cacheable by itself', 302, { 'last-modified': httpDate(after(-1000)) }, 0, 0],
    ['4.2.2 not when it cannot be read', 200, { 'last-modified': 'yesterday' }, 0, 0],
    ['no word and no date', 200, {}, 0, 0],
    [
      'RFC 9213: CDN-Cache-Control before all',
      200,
      { 'cdn-cache-control': 'max-age=5', 'cache-control': 's-maxage=9, max-age=60' },
      5,
      60,
    ],
    ['RFC 9213: and Expires is not read', 200, { 'cdn-cache-control': 'public', expires: httpDate(after(99)) }, 0, 99],
    [
      'RFC 9213: seconds in quotes are no seconds',
      200,
      { 'cdn-cache-control': 'max-age="5"', 'cache-control': 'max-age=60' },
      0,
      60,
    ],
    [
      'RFC 9213: nor are decimals, nor negative ones',
      200,
      { 'cdn-cache-control': 'max-age=5.5', 'cache-control': 'max-age=60' },
      0,
      60,
    ],
    ['RFC 9213: negative', 200, { 'cdn-cache-control': 'max-age=-5', 'cache-control': 'max-age=60' }, 0, 60],
  ];
  it.each(cases)('%s', (_rule, status, response, inShared, inPrivate) => {
    const { headers } = stored(response);
    expect(freshnessLifetimeMs({ status, headers, responseTime: T0 }, SHARED)).toBe(inShared * 1000);
    expect(freshnessLifetimeMs({ status, headers, responseTime: T0 }, PRIVATE)).toBe(inPrivate * 1000);
  });

  it('a Date that is missing or malformed is the time of arrival', () => {
    for (const headers of [list({ expires: httpDate(after(9)) }), list({ date: 'x', expires: httpDate(after(9)) })]) {
      expect(freshnessLifetimeMs({ status: 200, headers, responseTime: T0 }, SHARED)).toBe(9000);
    }
  });
});

describe('RFC 9111, 4.2.3: age', () => {
  const cases: [rule: string, response: Fields, requestAt: number, now: number, age: number][] = [
    ['time in store', {}, 0, 7, 7],
    ['Age from upstream adds', { age: '30' }, 0, 7, 37],
    ['the delay of the response adds to Age', { age: '30' }, -4, 7, 41],
    ['and counts where there is no Age', {}, -4, 7, 11],
    ['by the clocks, where that is older', { date: httpDate(after(-100)), age: '30' }, 0, 7, 107],
    ['by Age, where that is older', { date: httpDate(after(-10)), age: '30' }, 0, 7, 37],
    ['a Date in the future is no negative age', { date: httpDate(after(500)) }, 0, 7, 7],
    ['5.1 of a list of ages the first', { age: '7, 7200' }, 0, 0, 7],
    ['5.1 and of lines', { Age: '7', age: '7200' }, 0, 0, 7],
    ['5.1 what is no number is ignored', { age: 'old' }, 0, 0, 0],
    ['5.1 nor is a negative or a decimal one', { age: '-7' }, 0, 0, 0],
    ['5.1 decimal', { age: '7.0' }, 0, 0, 0],
    ['a clock that stepped back makes nothing younger', { age: '30' }, 0, -50, 30],
    ['a request clock ahead of the response clock is no negative delay', { age: '30' }, 9, 0, 30],
  ];
  it.each(cases)('%s', (_rule, response, requestAt, now, age) => {
    expect(currentAgeMs(stored(response, { requestTime: after(requestAt) }), after(now))).toBe(age * 1000);
  });

  it('an Age of any length is a number', () => {
    expect(currentAgeMs(stored({ age: '9'.repeat(400) }), T0)).toBe(2 ** 31 * 1000);
  });
});

describe('RFC 9111, 4.1: Vary', () => {
  const gzip = stored({ vary: 'Accept-Encoding' }, { requestHeaders: list({ 'accept-encoding': 'gzip, br' }) });
  it.each([
    [{ 'accept-encoding': 'gzip, br' }, true],
    [{ 'Accept-Encoding': 'gzip,br' }, true],
    [{ 'accept-encoding': '  gzip ,\tbr ' }, true],
    [{ 'accept-encoding': 'gzip', 'Accept-Encoding': 'br' }, true],
    [{ 'accept-encoding': 'br, gzip' }, false],
    [{ 'accept-encoding': 'gzip' }, false],
    [{ 'accept-encoding': '' }, false],
    [{}, false],
  ] as [Fields, boolean][])('selected by %j: %s', (request, matches) => {
    expect(matchesVary(gzip, list(request))).toBe(matches);
  });

  it('absent matches absent only, and every field counts', () => {
    const both = stored({ vary: 'a, b' }, { requestHeaders: list({ a: '1' }) });
    expect(matchesVary(both, list({ a: '1' }))).toBe(true);
    expect(matchesVary(both, list({ a: '1', b: '2' }))).toBe(false);
    expect(matchesVary(both, list({ b: '2' }))).toBe(false);
    expect(matchesVary(both, list({ a: '1', b: '' }))).toBe(false);
    expect(
      matchesVary(stored({ Vary: 'a', vary: 'b' }, { requestHeaders: list({ a: '1' }) }), list({ a: '1', b: '1' })),
    ).toBe(false);
  });

  it('blanks in quotes are left alone', () => {
    const quoted = stored({ vary: 'x' }, { requestHeaders: list({ x: '"a,b"' }) });
    expect(matchesVary(quoted, list({ x: '"a, b"' }))).toBe(false);
    expect(matchesVary(quoted, list({ x: ' "a,b" ' }))).toBe(true);
  });

  it('* never matches, alone or in a list', () => {
    for (const vary of ['*', '*, a', ', *']) expect(matchesVary(stored({ vary }), [])).toBe(false);
  });

  it('4: of several the most recent by Date', () => {
    const older = stored({ date: httpDate(after(-9)) });
    const newer = stored();
    expect(selectVariant([newer, older], [])).toBe(newer);
    expect(selectVariant([older, newer], [])).toBe(newer);
    expect(selectVariant([], [])).toBeUndefined();
  });
});

describe('RFC 9111, 4: the decision', () => {
  const kindOf = (response: Fields, request: Fields, seconds: number, role = SHARED): HttpDecision['kind'] =>
    decide('GET', list(request), [stored(response)], after(seconds), role).kind;
  const cases: [rule: string, response: Fields, request: Fields, seconds: number, kind: HttpDecision['kind']][] = [
    ['4.2 fresh', { 'cache-control': 'max-age=60' }, {}, 59, 'fresh'],
    ['4.2 not when the lifetime is just over', { 'cache-control': 'max-age=60' }, {}, 60, 'revalidate'],
    ['5.2.2.4 no-cache', { 'cache-control': 'no-cache, max-age=60' }, {}, 0, 'revalidate'],
    ['5.2.2.4 no-cache for a field only', { 'cache-control': 'no-cache="a", max-age=60' }, {}, 0, 'fresh'],
    [
      '5.2.1.4 no-cache in the request',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'no-cache' },
      0,
      'revalidate',
    ],
    ['5.4 Pragma', { 'cache-control': 'max-age=60' }, { pragma: 'no-cache' }, 0, 'revalidate'],
    [
      '5.4 Pragma is not read beside Cache-Control',
      { 'cache-control': 'max-age=60' },
      { pragma: 'no-cache', 'cache-control': 'max-age=9' },
      0,
      'fresh',
    ],
    ['5.2.1.5 no-store in the request', { 'cache-control': 'max-age=60' }, { 'cache-control': 'no-store' }, 0, 'miss'],
    [
      '5.2.1.1 max-age in the request',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'max-age=10' },
      10,
      'fresh',
    ],
    [
      '5.2.1.1 max-age in the request, too old',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'max-age=10' },
      11,
      'revalidate',
    ],
    ['5.2.1.1 malformed', { 'cache-control': 'max-age=60' }, { 'cache-control': 'max-age=x' }, 1, 'revalidate'],
    ['5.2.1.3 min-fresh', { 'cache-control': 'max-age=60' }, { 'cache-control': 'min-fresh=10' }, 50, 'fresh'],
    [
      '5.2.1.3 min-fresh, not long enough',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'min-fresh=10' },
      51,
      'revalidate',
    ],
    ['5.2.1.2 max-stale', { 'cache-control': 'max-age=60' }, { 'cache-control': 'max-stale=10' }, 70, 'fresh'],
    [
      '5.2.1.2 max-stale, too stale',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'max-stale=10' },
      71,
      'revalidate',
    ],
    [
      '5.2.1.2 max-stale without seconds',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'max-stale' },
      1e6,
      'fresh',
    ],
    [
      '5.2.1.2 max-stale malformed',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'max-stale=x' },
      60,
      'revalidate',
    ],
    [
      '5.2.2.2 must-revalidate forbids max-stale',
      { 'cache-control': 'max-age=60, must-revalidate' },
      { 'cache-control': 'max-stale' },
      61,
      'revalidate',
    ],
    [
      '5.2.2.10 s-maxage forbids max-stale',
      { 'cache-control': 's-maxage=60' },
      { 'cache-control': 'max-stale' },
      61,
      'revalidate',
    ],
    [
      '5.2.2.8 proxy-revalidate forbids max-stale',
      { 'cache-control': 'max-age=60, proxy-revalidate' },
      { 'cache-control': 'max-stale' },
      61,
      'revalidate',
    ],
    [
      '5.2.1.7 only-if-cached, fresh',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'only-if-cached' },
      0,
      'fresh',
    ],
    [
      '5.2.1.7 only-if-cached, stale',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'only-if-cached' },
      61,
      'only-if-cached',
    ],
    [
      '5.2.1.7 only-if-cached and max-stale',
      { 'cache-control': 'max-age=60' },
      { 'cache-control': 'only-if-cached, max-stale' },
      61,
      'fresh',
    ],
    [
      '5.2.1.7 only-if-cached, another variant',
      { 'cache-control': 'max-age=60', vary: 'a' },
      { 'cache-control': 'only-if-cached', a: '1' },
      0,
      'only-if-cached',
    ],
    ['4.1 another variant', { 'cache-control': 'max-age=60', vary: 'a' }, { a: '1' }, 0, 'miss'],
    [
      'RFC 5861, 3 stale-while-revalidate',
      { 'cache-control': 'max-age=60, stale-while-revalidate=10' },
      {},
      70,
      'stale-while-revalidate',
    ],
    ['RFC 5861, 3 its end', { 'cache-control': 'max-age=60, stale-while-revalidate=10' }, {}, 71, 'revalidate'],
    ['RFC 5861, 3 malformed', { 'cache-control': 'max-age=60, stale-while-revalidate=x' }, {}, 60, 'revalidate'],
    [
      'RFC 5861, 3 not past must-revalidate',
      { 'cache-control': 'max-age=60, stale-while-revalidate=10, must-revalidate' },
      {},
      61,
      'revalidate',
    ],
    [
      'RFC 9111, 4.2.4 not past s-maxage',
      { 'cache-control': 's-maxage=60, stale-while-revalidate=10' },
      {},
      61,
      'revalidate',
    ],
    [
      'RFC 9213: stale-while-revalidate for CDNs',
      { 'cdn-cache-control': 'max-age=60, stale-while-revalidate=10' },
      {},
      61,
      'stale-while-revalidate',
    ],
    [
      'not for a request that sets a bound',
      { 'cache-control': 'max-age=60, stale-while-revalidate=10' },
      { 'cache-control': 'max-age=60' },
      61,
      'revalidate',
    ],
    [
      'RFC 8246 immutable, against a reload',
      { 'cache-control': 'max-age=60, immutable' },
      { 'cache-control': 'max-age=0' },
      1,
      'fresh',
    ],
    [
      'RFC 8246 immutable, only as long as fresh',
      { 'cache-control': 'max-age=60, immutable' },
      { 'cache-control': 'max-age=0' },
      60,
      'revalidate',
    ],
    [
      'RFC 8246 immutable, a forced reload',
      { 'cache-control': 'max-age=60, immutable' },
      { 'cache-control': 'no-cache' },
      1,
      'revalidate',
    ],
  ];
  it.each(cases)('%s', (_rule, response, request, seconds, kind) => {
    expect(kindOf(response, request, seconds)).toBe(kind);
  });

  it('what is for shared caches does not bind a private one', () => {
    for (const directive of ['proxy-revalidate', 's-maxage=60']) {
      const fields = { 'cache-control': `max-age=60, ${directive}` };
      expect(kindOf(fields, { 'cache-control': 'max-stale' }, 61, PRIVATE)).toBe('fresh');
    }
  });

  it('says why it goes forward (RFC 9211, 2.2)', () => {
    const fresh = stored({ 'cache-control': 'max-age=60' });
    const other = stored({ 'cache-control': 'max-age=60', vary: 'a' }, { requestHeaders: list({ a: '1' }) });
    expect(decide('GET', [], [], T0, SHARED)).toEqual({ kind: 'miss', fwd: 'uri-miss' });
    expect(decide('GET', [], [other], T0, SHARED)).toEqual({ kind: 'miss', fwd: 'vary-miss' });
    expect(decide('GET', list({ 'cache-control': 'no-store' }), [fresh], T0, SHARED)).toEqual({
      kind: 'miss',
      fwd: 'request',
    });
    expect(decide('GET', list({ 'cache-control': 'no-cache' }), [fresh], T0, SHARED)).toMatchObject({ fwd: 'request' });
    expect(decide('GET', [], [fresh], after(61), SHARED)).toMatchObject({
      kind: 'revalidate',
      fwd: 'stale',
      stored: fresh,
    });
  });

  it('9.3.2: HEAD is answered like GET, other methods never', () => {
    const fresh = stored({ 'cache-control': 'max-age=60' });
    expect(decide('HEAD', [], [fresh], T0, SHARED).kind).toBe('fresh');
    expect(decide('POST', [], [fresh], T0, SHARED).kind).toBe('miss');
  });

  it('4.3.1: asks by both validators', () => {
    const validated = stored({ 'cache-control': 'max-age=1', etag: 'W/"1"', 'last-modified': httpDate(T0) });
    expect(decide('GET', [], [validated], after(9), SHARED)).toMatchObject({
      conditionalHeaders: [
        ['if-none-match', 'W/"1"'],
        ['if-modified-since', httpDate(T0)],
      ],
    });
    expect(conditionalHeaders(stored())).toEqual([]);
  });
});

describe('RFC 5861, 4: stale on errors', () => {
  const may = (response: Fields, request: Fields, seconds: number, role = SHARED): boolean =>
    mayServeOnError(stored(response), list(request), after(seconds), role);

  it('as long as the response or the request says', () => {
    expect(may({ 'cache-control': 'max-age=60, stale-if-error=10' }, {}, 70)).toBe(true);
    expect(may({ 'cache-control': 'max-age=60, stale-if-error=10' }, {}, 71)).toBe(false);
    expect(may({ 'cache-control': 'max-age=60' }, { 'cache-control': 'stale-if-error=10' }, 70)).toBe(true);
    expect(may({ 'cache-control': 'max-age=60' }, { 'cache-control': 'stale-if-error=10' }, 71)).toBe(false);
    expect(may({ 'cache-control': 'max-age=60' }, {}, 61)).toBe(false);
    expect(may({ 'cache-control': 'max-age=60, stale-if-error' }, {}, 61)).toBe(false);
  });

  it.each(['must-revalidate', 'no-cache', 'proxy-revalidate', 's-maxage=60'])(
    'RFC 9111, 4.2.4: %s forbids it, on errors too, and the request cannot allow it',
    (directive) => {
      const response = { 'cache-control': `max-age=60, stale-if-error=1000, ${directive}` };
      expect(may(response, { 'cache-control': 'stale-if-error=1000' }, 61)).toBe(false);
    },
  );

  it('not to a request that asked for the origin', () => {
    expect(may({ 'cache-control': 'max-age=60, stale-if-error=10' }, { 'cache-control': 'no-cache' }, 61)).toBe(false);
  });
});

describe('RFC 9110, 13: preconditions of clients', () => {
  const page = stored({ etag: '"a,b"', 'last-modified': httpDate(after(-100)) });
  it.each([
    [{ 'if-none-match': '"a,b"' }, true],
    [{ 'if-none-match': 'W/"a,b"' }, true],
    [{ 'if-none-match': '"x", "a,b"' }, true],
    [{ 'if-none-match': '*' }, true],
    [{ 'if-none-match': '"a"' }, false],
    [{ 'if-none-match': 'a,b' }, false],
    [{ 'if-modified-since': httpDate(after(-100)) }, true],
    [{ 'if-modified-since': httpDate(after(-101)) }, false],
    [{ 'if-modified-since': httpDate(T0) }, true],
    [{ 'if-modified-since': 'x' }, false],
    [{ 'if-none-match': '"x"', 'if-modified-since': httpDate(T0) }, false],
    [{}, false],
  ] as [Fields, boolean][])('%j: %s', (request, is) => {
    expect(isNotModified(list(request), page)).toBe(is);
  });

  it('RFC 9111, 4.3.2: without Last-Modified its Date is compared; only a 200 is confirmed', () => {
    expect(isNotModified(list({ 'if-modified-since': httpDate(T0) }), stored())).toBe(true);
    expect(isNotModified(list({ 'if-modified-since': httpDate(after(-1)) }), stored())).toBe(false);
    expect(isNotModified(list({ 'if-none-match': '*' }), stored({}, { status: 404 }))).toBe(false);
  });
});

describe('RFC 9111, 3.2 and 4.3.4: a 304 freshens', () => {
  const page = stored(
    {
      age: '50',
      etag: '"1"',
      'content-length': '5',
      'content-encoding': 'gzip',
      'content-type': 'a/b',
      'X-Old': '1',
      'cache-status': 'up; hit',
    },
    { body: new Uint8Array(5) },
  );
  const merged = mergeNotModified(
    page,
    list({
      ETag: '"1"',
      'Content-Length': '0',
      'content-encoding': 'br',
      'content-range': 'x',
      'Content-Type': 'c/d',
      'x-new': '2',
      connection: 'close',
    }),
    after(100),
    after(101),
  );
  const field = (name: string): string | undefined => fieldValue(merged.headers, name);

  it('replaces fields, but not those that describe the body we have', () => {
    expect(field('content-length')).toBe('5');
    expect(field('content-encoding')).toBe('gzip');
    expect(field('content-range')).toBeUndefined();
    expect(field('content-type')).toBe('c/d');
    expect(field('x-old')).toBe('1');
    expect(field('x-new')).toBe('2');
    expect(field('connection')).toBeUndefined();
    expect(merged.body).toBe(page.body);
  });

  it('starts a new age: neither the old Age nor the old Date stay', () => {
    expect(field('age')).toBeUndefined();
    expect(field('date')).toBe(httpDate(after(101)));
    expect(field('cache-status')).toBeUndefined();
    expect(currentAgeMs(merged, after(101))).toBe(1000);
  });

  it('replaces all lines of a name, in whatever case', () => {
    const before: HeaderList = [
      ['Set-Cookie', 'a=1'],
      ['set-cookie', 'b=1'],
      ['x', '1'],
    ];
    const { headers } = mergeNotModified(
      stored({}, { headers: before }),
      [
        ['SET-COOKIE', 'a=2'],
        ['date', httpDate(T0)],
      ],
      T0,
      T0,
    );
    expect(headers).toEqual([
      ['x', '1'],
      ['SET-COOKIE', 'a=2'],
      ['date', httpDate(T0)],
    ]);
  });

  it('changes nothing in place', () => {
    expect(fieldValue(page.headers, 'age')).toBe('50');
  });

  it('6.6.1: a response without a readable Date gets the time of its arrival', () => {
    expect(withDate(list({ a: '1' }), T0)).toEqual(list({ a: '1', date: httpDate(T0) }));
    expect(withDate(list({ Date: 'x' }), T0)).toEqual(list({ date: httpDate(T0) }));
    expect(withDate(list({ date: httpDate(after(-5)) }), T0)).toEqual(list({ date: httpDate(after(-5)) }));
  });

  it('4.3.4: a 304 with another validator speaks of another response', () => {
    expect(validates(page, list({ etag: '"1"' }))).toBe(true);
    expect(validates(page, list({ etag: 'W/"1"' }))).toBe(true);
    expect(validates(page, list({ etag: '"2"' }))).toBe(false);
    expect(validates(page, [])).toBe(true);
    const dated = stored({ 'last-modified': httpDate(T0) });
    expect(validates(dated, list({ 'last-modified': httpDate(T0) }))).toBe(true);
    expect(validates(dated, list({ 'last-modified': httpDate(after(1)) }))).toBe(false);
  });

  it('4.3.5: a HEAD tells whether it is the same representation, or does not', () => {
    expect(sameRepresentation(page, list({ etag: '"1"', 'content-length': '5' }))).toBe(true);
    expect(sameRepresentation(page, list({ etag: '"2"' }))).toBe(false);
    expect(sameRepresentation(page, list({ etag: '"1"', 'content-length': '6' }))).toBe(false);
    expect(sameRepresentation(page, [])).toBeUndefined();
  });
});

describe('RFC 9111, 4.4: invalidation', () => {
  const uri = 'http://a.example/x?y';
  const cases: [rule: string, method: string, status: number, response: Fields, keys: string[]][] = [
    ['an unsafe method', 'POST', 200, {}, [uri]],
    ['a redirect is no error', 'DELETE', 303, {}, [uri]],
    ['an error changes nothing', 'PUT', 400, {}, []],
    ['nor does a failure', 'PUT', 500, {}, []],
    ['safe methods', 'OPTIONS', 200, {}, []],
    ['a method we do not know', 'FROB', 204, {}, [uri]],
    [
      'Location and Content-Location',
      'POST',
      201,
      { location: '/z#frag', 'content-location': 'w' },
      [uri, 'http://a.example/z', 'http://a.example/w'],
    ],
    ['of another host', 'POST', 201, { location: 'http://b.example/z' }, [uri]],
    [
      'of another scheme or port',
      'POST',
      201,
      { location: 'https://a.example/z', 'content-location': 'http://a.example:81/' },
      [uri],
    ],
    ['that is none', 'POST', 201, { location: 'http://[', 'content-location': '//' }, [uri]],
  ];
  it.each(cases)('%s', (_rule, method, status, response, keys) => {
    expect(invalidatedBy(method, uri, status, list(response))).toEqual(keys);
  });
});
