/** The three little languages: Cache-Control, dates, structured fields. What is malformed costs no more than itself. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseCacheControl, responseDirectives } from '../../src/http/cache-control.ts';
import { cacheStatus, withCacheStatus } from '../../src/http/cache-status.ts';
import { parseHttpDate } from '../../src/http/http-date.ts';
import { parseDictionary, serializeString, serializeTokenOrString } from '../../src/http/structured-fields.ts';
import { T0, httpDate, list } from './support.ts';

const runs = process.env['NIGHTLY'] === '1' ? 20_000 : 300;

if (process.env['NIGHTLY'] === '1') vi.setConfig({ testTimeout: 600_000 });

describe('Cache-Control (RFC 9111, 5.2)', () => {
  it.each([
    ['', {}],
    ['max-age=60', { 'max-age': 60 }],
    ['MAX-AGE=60, Public', { 'max-age': 60, public: true }],
    ['max-age="60"', { 'max-age': 60 }],
    ['max-age=003600', { 'max-age': 3600 }],
    [' ,, max-age=1 ,\t, no-store ,', { 'max-age': 1, 'no-store': true }],
    ['foo="a, no-store=1, b", max-age=2', { foo: 'a, no-store=1, b', 'max-age': 2 }],
    ['foo="max-age=3600", max-age=1', { foo: 'max-age=3600', 'max-age': 1 }],
    ['foo="say \\"hi\\", ok", bar', { foo: 'say "hi", ok', bar: true }],
    ['private="set-cookie, x"', { private: 'set-cookie, x' }],
    ['__proto__=1, constructor', { ['__proto__']: 1, constructor: true }],
  ])('reads %j', (text, directives) => {
    expect(Object.entries(parseCacheControl(text))).toEqual(Object.entries(directives));
  });

  it('counts the first of duplicates (4.2.1)', () => {
    expect(parseCacheControl('max-age=1, max-age=1800')['max-age']).toBe(1);
    expect(parseCacheControl('max-age=1800, max-age=1')['max-age']).toBe(1800);
  });

  it('caps seconds at 2^31 (1.2.2)', () => {
    for (const huge of ['2147483648', '2147483649', '99999999999', '9'.repeat(400)]) {
      expect(parseCacheControl(`max-age=${huge}`)['max-age']).toBe(2 ** 31);
    }
  });

  it.each(["'60'", '60a', 'a60', '60.0', '-60', '+60', '1 2', ' 60', '"60" x', '', '=60', '６０'])(
    'a max-age of %j is there and no number',
    (value) => {
      expect(parseCacheControl(`max-age=${value}, public`)).toMatchObject({
        'max-age': expect.any(String),
        public: true,
      });
    },
  );

  it('a blank before the equals sign spoils the directive, not the next one', () => {
    expect(parseCacheControl('max-age =60, no-store')).toMatchObject({
      'max-age': expect.any(String),
      'no-store': true,
    });
  });

  it('a quote that is never closed swallows nothing behind the comma', () => {
    expect(parseCacheControl('foo="bar, no-store')).toMatchObject({ 'no-store': true });
    expect(parseCacheControl('"foo, no-store')).toMatchObject({ 'no-store': true });
    expect(parseCacheControl('=, @, (x), no-store')).toMatchObject({ 'no-store': true });
  });

  it('round trip: what is written as directives is read as such', () => {
    const name = fc.stringMatching(/^[a-z][a-z-]{0,11}$/);
    const value = fc.oneof(
      fc.constant(true as const),
      fc.nat(),
      fc.stringMatching(/^[ -~]{0,20}$/).filter((text) => !/^\d+$/.test(text)),
    );
    fc.assert(
      fc.property(
        fc.dictionary(name, value, { maxKeys: 8, noNullPrototype: true }),
        fc.stringMatching(/^[ \t]{0,3}$/),
        (directives, blank) => {
          const text = Object.entries(directives).map(([key, given]) => {
            if (given === true) return key;
            return `${key}=${typeof given === 'number' ? given : `"${given.replace(/["\\]/g, '\\$&')}"`}`;
          });
          expect({ ...parseCacheControl(text.join(`${blank},${blank}`)) }).toEqual(directives);
        },
      ),
      { numRuns: runs },
    );
  });

  it('a no-store between commas is seen, whatever stands before and behind', () => {
    const rubbish = fc.string({ unit: fc.constantFrom(...Array.from('ab=-, \t@();/é')), maxLength: 30 });
    fc.assert(
      fc.property(rubbish, rubbish, (before, behind) => {
        expect(parseCacheControl(`${before},no-store,${behind}`)['no-store']).toBe(true);
      }),
      { numRuns: runs },
    );
  });

  it('never throws, and takes time in proportion to the length', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('a="\\, \t;\0é')), maxLength: 200 }), (text) => {
        parseCacheControl(text);
        responseDirectives(list({ 'cdn-cache-control': text, 'cache-control': text }), { shared: true });
      }),
      { numRuns: runs },
    );
    // Any of these would take minutes if the pattern went back over what it has read.
    for (const piece of ['a="', ' ', ',', '\\', 'a=', '"', 'a="\\",', 'a ', '= '])
      parseCacheControl(piece.repeat(100_000));
  });
});

describe('dates (RFC 9110, 5.6.7)', () => {
  const then = Date.UTC(1994, 10, 6, 8, 49, 37);

  it.each([
    ['IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    ['RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT'],
    ['asctime', 'Sun Nov  6 08:49:37 1994'],
    ['any case (RFC 9111, 4.2)', 'SUN, 06 nOV 1994 08:49:37 gmt'],
  ])('reads %s', (_name, text) => {
    expect(parseHttpDate(text, T0)).toBe(then);
  });

  it('asctime with a day of two digits', () => {
    expect(parseHttpDate('Wed Nov 16 08:49:37 1994', T0)).toBe(Date.UTC(1994, 10, 16, 8, 49, 37));
  });

  it.each([
    [26, 2026],
    [27, 2027],
    [76, 2076],
    [77, 1977],
    [99, 1999],
    [0, 2000],
  ])('a year of %i, seen in 2026, is %i: at most 50 years ahead', (two, full) => {
    const text = `Monday, 01-Jan-${String(two).padStart(2, '0')} 00:00:00 GMT`;
    expect(parseHttpDate(text, T0)).toBe(Date.UTC(full, 0, 1));
  });

  it('near the turn of a century it may be of the next one', () => {
    const wallNow = Date.UTC(1990, 5, 1);
    expect(parseHttpDate('Monday, 01-Jan-40 00:00:00 GMT', wallNow)).toBe(Date.UTC(2040, 0, 1));
    expect(parseHttpDate('Monday, 01-Jan-41 00:00:00 GMT', wallNow)).toBe(Date.UTC(1941, 0, 1));
    expect(parseHttpDate('Monday, 01-Jan-60 00:00:00 GMT', wallNow)).toBe(Date.UTC(1960, 0, 1));
    expect(parseHttpDate('Friday, 01-Jan-10 00:00:00 GMT', Date.UTC(1999, 5, 1))).toBe(Date.UTC(2010, 0, 1));
  });

  it.each([
    '',
    '0',
    '-1',
    'now',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun, 06-Nov-1994 08:49:37 GMT',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Sun, 06  Nov  1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 06 Nov 1994 08.49.37 GMT',
    'Sun, 06 Nvo 1994 08:49:37 GMT',
    'Sun, 06 anf 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    '1994-11-06T08:49:37Z',
  ])('%j is no date', (text) => {
    expect(parseHttpDate(text, T0)).toBeUndefined();
  });

  it('a leap second is not later than the second before it, and years before 100 are years', () => {
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', T0)).toBe(Date.UTC(2016, 11, 31, 23, 59, 59));
    expect(parseHttpDate('Sat, 01 Jan 0050 00:00:00 GMT', T0)).toBeLessThan(Date.UTC(1900, 0, 1));
  });

  it('round trip: every second of four digits of years, in all three formats', () => {
    const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
    const two = (n: number): string => String(n).padStart(2, '0');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
        const ms = seconds * 1000;
        const date = new Date(ms);
        const time = httpDate(ms).slice(17, 25);
        const month = months[date.getUTCMonth()] as string;
        const day = date.getUTCDate();
        const year = date.getUTCFullYear();
        expect(parseHttpDate(httpDate(ms), T0)).toBe(ms);
        expect(parseHttpDate(`Sun ${month} ${String(day).padStart(2, ' ')} ${time} ${year}`, T0)).toBe(ms);
        // Its century is known only within fifty years of now.
        if (year >= 1977 && year <= 2076) {
          expect(parseHttpDate(`Sunday, ${two(day)}-${month}-${two(year % 100)} ${time} GMT`, T0)).toBe(ms);
        }
      }),
      { numRuns: runs },
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('SunNovJaGMT0123456789 ,:-é')), maxLength: 40 }),
        (text) => {
          const ms = parseHttpDate(text, T0);
          expect(ms === undefined || Number.isInteger(ms)).toBe(true);
        },
      ),
      { numRuns: runs },
    );
  });
});

describe('Dictionaries (RFC 9651, 4.2.2)', () => {
  it.each([
    ['max-age=3600', { 'max-age': 3600 }],
    ['  max-age=3600 \t, \tno-store', { 'max-age': 3600, 'no-store': true }],
    ['max-age=1;a=2;b, public;x="y"', { 'max-age': 1, public: true }],
    ['a=1, b=2, a=3', { b: 2, a: 3 }],
    ['a=?1, b=?0', { a: true }],
    ['max-age="3600"', { 'max-age': '3600' }],
    ['max-age=10.5', { 'max-age': '10.5' }],
    ['a=tok/en:1', { a: 'tok/en:1' }],
    ['a="q\\"\\\\"', { a: 'q"\\' }],
    ['a=:aGk=:', { a: ':aGk=:' }],
    ['a=@1659578233', { a: '@1659578233' }],
    ['a=%"b%c3%bc"', { a: '%"b%c3%bc"' }],
    ['a=(1 "two" three;x=1 ), b', { a: true, b: true }],
    ['a=()', { a: true }],
    ['none', { none: true }],
    ['a=-5', { a: -5 }],
  ])('reads %j', (text, members) => {
    expect({ ...parseDictionary(text) }).toEqual(members);
  });

  it.each([
    '',
    '   ',
    ',',
    'a,',
    ',a',
    'a,,b',
    'A=1',
    'MaX-aGe=3600',
    'a =1',
    'a= 1',
    'a=1 b=2',
    'a="x',
    "a='x'",
    'a=1234567890123456',
    'a=1.2345',
    'a=1.',
    'a=(1',
    'a=(1"two")',
    'a=?2',
    'a=é',
    'a;=1',
    'max-age=10000, &&&&&',
  ])('%j is none', (text) => {
    expect(parseDictionary(text)).toBeUndefined();
  });

  it('never throws, and takes time in proportion to the length', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('a=",;()?1.: \t\\é')), maxLength: 60 }), (text) => {
        parseDictionary(text);
      }),
      { numRuns: runs },
    );
    for (const piece of ['a,', 'a=(', ' ', ';a', 'a="\\"', '1 ', '(']) {
      parseDictionary(piece.repeat(100_000));
      parseDictionary(`a=(${piece.repeat(100_000)}`);
    }
  });

  it('round trip of strings: what is written in quotes is read back', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{0,40}$/), (text) => {
        expect({ ...parseDictionary(`a=${serializeString(text)}`) }).toEqual({ a: text });
      }),
      { numRuns: runs },
    );
  });
});

describe('Cache-Status (RFC 9211, 2 and 3)', () => {
  it.each([
    [{ name: 'ExampleCache', hit: true }, 'ExampleCache; hit'],
    [{ name: 'ExampleCache', hit: true, ttl: 376 }, 'ExampleCache; hit; ttl=376'],
    [{ name: 'ExampleCache', hit: true, ttl: -412 }, 'ExampleCache; hit; ttl=-412'],
    [{ name: 'ExampleCache', fwd: 'uri-miss' }, 'ExampleCache; fwd=uri-miss'],
    [{ name: 'ExampleCache', fwd: 'stale', fwdStatus: 304 }, 'ExampleCache; fwd=stale; fwd-status=304'],
    [{ name: 'ExampleCache', fwd: 'uri-miss', stored: true }, 'ExampleCache; fwd=uri-miss; stored'],
    [{ name: 'ExampleCache', fwd: 'uri-miss', collapsed: true }, 'ExampleCache; fwd=uri-miss; collapsed'],
    [{ name: 'CDN Company Here', hit: true, ttl: 545 }, '"CDN Company Here"; hit; ttl=545'],
    [{ name: 'a', hit: true, key: 'http://x/"q"', detail: 'memory' }, 'a; hit; key="http://x/\\"q\\""; detail=memory'],
    [{ name: 'a', fwd: 'bypass', detail: 'two words' }, 'a; fwd=bypass; detail="two words"'],
    [{ name: 'a', hit: true, ttl: 1.9 }, 'a; hit; ttl=1'],
    [{ name: 'a', hit: true, fwd: 'miss' }, 'a; hit'],
  ] as const)('writes %j', (member, text) => {
    expect(cacheStatus(member)).toBe(text);
  });

  it('appends behind the caches before', () => {
    const before = list({ 'Cache-Status': 'OriginCache; hit; ttl=1100' });
    expect(withCacheStatus(before, { name: 'CDN Company Here', hit: true, ttl: 545 })).toEqual([
      ['cache-status', 'OriginCache; hit; ttl=1100, "CDN Company Here"; hit; ttl=545'],
    ]);
  });

  it('is a value that a header can hold, whatever key and detail are', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (key, detail) => {
        const text = cacheStatus({ name: 'c', hit: true, key, detail });
        expect(text).toMatch(/^[ -~]*$/);
        expect(new Headers({ 'cache-status': text }).get('cache-status')).toBe(text);
      }),
      { numRuns: runs },
    );
    expect(serializeTokenOrString('a b')).toBe('"a b"');
  });
});
