import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { clientAddress, createVerdict, ipKey, type ClientAddressOptions, type RequestInfo } from '../src/http/index.ts';
import { blocklist, createLimiter, fixedWindow, gcra, MapStore, slidingLog } from '../src/index.ts';
import { manualClock } from '../src/testing/index.ts';
import { composedLimits } from './support.ts';

const request = (remoteAddress: string | undefined, headers: Record<string, string> = {}): RequestInfo => ({
  remoteAddress,
  method: 'GET',
  url: '/',
  header: (name) => headers[name],
});
const behind = (options: ClientAddressOptions, socket: string, forwarded: string): string =>
  clientAddress(options)(request(socket, { 'x-forwarded-for': forwarded }));

describe('clientAddress', () => {
  it('is the socket address, and no header is read, unless proxies are trusted', () => {
    expect(behind({}, '203.0.113.9', '198.51.100.1')).toBe('203.0.113.9');
    expect(behind({ trustProxy: [] }, '203.0.113.9', '198.51.100.1')).toBe('203.0.113.9');
  });

  it.each([
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['0:0:1:0:0:0:1:0', '0:0:1::1:0'],
    ['::', '::'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    [undefined, 'unknown'],
    ['', 'unknown'],
    ['/run/app.sock', 'unknown'],
  ])('spells %s as %s', (given, canonical) => {
    expect(clientAddress()(request(given))).toBe(canonical);
  });

  it.each([
    // proxies, forwarded, client
    [1, '198.51.100.1', '198.51.100.1'],
    [1, 'spoofed, 198.51.100.1', '198.51.100.1'],
    [1, '6.6.6.6, 198.51.100.1', '198.51.100.1'],
    [2, '6.6.6.6, 198.51.100.1, 192.0.2.2', '198.51.100.1'],
    [2, '198.51.100.1', '198.51.100.1'],
    [2, 'spoofed, 192.0.2.2', '192.0.2.2'],
    [1, '', '10.0.0.1'],
    [1, 'spoofed', '10.0.0.1'],
    [1, '198.51.100.1,', '10.0.0.1'],
    [1, '198.51.100.1:4711', '198.51.100.1'],
    [1, '[2001:db8::7]:4711', '2001:db8::7'],
    [1, '[2001:db8::7]', '2001:db8::7'],
    [1, '::ffff:198.51.100.1', '198.51.100.1'],
    [1, '  198.51.100.1  ', '198.51.100.1'],
    [1, '198.51.100.01', '10.0.0.1'],
    [1, '198.51.100.256', '10.0.0.1'],
    [1, '198.51.100', '10.0.0.1'],
    [1, '1:2:3:4:5:6:7:8:9', '10.0.0.1'],
    [1, '1::2::3', '10.0.0.1'],
    [1, '1:2:3:4:5:6:7:8::', '10.0.0.1'],
    [1, '1.2.3.4::', '10.0.0.1'],
    [1, '12345::', '10.0.0.1'],
    [1, '[2001:db8::7', '10.0.0.1'],
    [0, '198.51.100.1', '10.0.0.1'],
  ])('behind %i proxies and with X-Forwarded-For "%s" it is %s', (trustProxy, forwarded, client) => {
    expect(behind({ trustProxy }, '10.0.0.1', forwarded)).toBe(client);
  });

  it.each([
    ['10.0.0.1', '6.6.6.6, 198.51.100.1, 10.1.2.3', '198.51.100.1'],
    ['10.0.0.1', '10.9.9.9', '10.9.9.9'],
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['fd12::1', '2001:db8::7, fd00::2', '2001:db8::7'],
    ['fd12::1', 'nonsense, fd00::2', 'fd00::2'],
  ])('from socket %s with "%s" through listed networks it is %s', (socket, forwarded, client) => {
    expect(behind({ trustProxy: ['10.0.0.0/8', 'fd00::/8'] }, socket, forwarded)).toBe(client);
  });

  it('reads a named header only from a socket in the listed networks', () => {
    const of = clientAddress({ trustProxy: ['10.0.0.0/8'], header: 'CF-Connecting-IP' });
    const headers = { 'cf-connecting-ip': '198.51.100.1', 'x-forwarded-for': '6.6.6.6' };
    expect(of(request('10.0.0.1', headers))).toBe('198.51.100.1');
    expect(of(request('203.0.113.9', headers))).toBe('203.0.113.9');
    expect(of(request('10.0.0.1', { 'x-forwarded-for': '6.6.6.6' }))).toBe('10.0.0.1');
  });

  it('whatever a client writes to the left of what our proxy appended, it stays the same client', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.ipV6()), (junk, spoofed) => {
        const forwarded = [junk, ...spoofed, '198.51.100.1'].join(', ');
        expect(behind({ trustProxy: 1 }, '10.0.0.1', forwarded)).toBe('198.51.100.1');
        expect(behind({ trustProxy: ['10.0.0.0/8'] }, '10.0.0.1', forwarded)).toBe('198.51.100.1');
      }),
    );
  });

  it.each([
    [{ trustProxy: true }, TypeError, /trustProxy must be the number of proxies .* got true/],
    [{ trustProxy: -1 }, RangeError, /trustProxy must be an integer in 0\.\.32; got -1/],
    [{ trustProxy: ['10.0.0.0/33'] }, RangeError, /got 10\.0\.0\.0\/33/],
    [{ trustProxy: ['10.0.0.0/'] }, RangeError, /trustProxy must list networks/],
    [{ trustProxy: ['loopback'] }, RangeError, /got loopback/],
    [{ trustProxy: 1, header: 'x-real-ip' }, RangeError, /header needs trustProxy to be the list/],
  ])('refuses %o', (options, type, message) => {
    const make = (): unknown => clientAddress(options as ClientAddressOptions);
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});

describe('ipKey', () => {
  it.each([
    ['203.0.113.9', 64, '203.0.113.9'],
    ['::ffff:203.0.113.9', 64, '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::', 64, '2001:db8:1:2::/64'],
    ['2001:db8:1:2:3:4:5:6', 48, '2001:db8:1::/48'],
    ['2001:db8:1:2ff:3:4:5:6', 56, '2001:db8:1:200::/56'],
    ['2001:db8::7', 128, '2001:db8::7/128'],
    ['198.51.100.1:4711', 64, 'unknown'],
    ['anything else', 64, 'unknown'],
  ])('of %s by %i bits is %s', (address, prefix, key) => {
    expect(ipKey(address, prefix)).toBe(key);
  });

  it.each([31, 129, 64.5])('refuses a prefix of %s', (prefix) => {
    expect(() => ipKey('::1', prefix)).toThrow(/ipv6Prefix must be an integer in 32\.\.128/);
  });
});

describe('createVerdict', () => {
  const burst = gcra({ name: 'burst', rate: 10, perMs: 1000, burst: 20 });
  const daily = fixedWindow({ name: 'daily', limit: 50_000, windowMs: 86_400_000 });
  const bytes = slidingLog({ name: 'up', limit: 100, windowMs: 1, unit: 'content-bytes' });
  const policy = '"burst";q=20;w=2, "daily";q=50000;w=86400';

  it('tells the policies and what is left, in whole seconds rounded up', () => {
    const limiter = createLimiter({ limits: [burst, daily, blocklist()], clock: manualClock() });
    const verdict = createVerdict(limiter.limits);
    const decision = limiter.takeSync('k', 13);
    expect(verdict(decision)).toEqual({
      allowed: true,
      status: 200,
      headers: [
        ['RateLimit-Policy', policy],
        ['RateLimit', '"burst";r=7;t=1'],
      ],
      body: '',
      decision,
    });
  });

  it('tells a refused client which quota, and when to come back', () => {
    const limiter = createLimiter({ limits: [burst, daily], clock: manualClock() });
    limiter.takeSync('k', 20);
    const decision = limiter.takeSync('k', 15);
    const { status, headers, body } = createVerdict(limiter.limits, { retryJitter: 0 })(decision);
    expect(status).toBe(429);
    expect(headers).toEqual([
      ['RateLimit-Policy', policy],
      ['RateLimit', '"burst";r=0;t=2'],
      ['Retry-After', '2'],
      ['Content-Type', 'application/problem+json'],
    ]);
    expect(JSON.parse(body)).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      status: 429,
      'violated-policies': ['burst'],
    });
  });

  it('names no time for what can never be allowed', () => {
    const limiter = createLimiter({ limits: burst, clock: manualClock() });
    expect(createVerdict(limiter.limits)(limiter.takeSync('k', 21)).headers).toEqual([
      ['RateLimit-Policy', '"burst";q=20;w=2'],
      ['RateLimit', '"burst";r=20'],
      ['Content-Type', 'application/problem+json'],
    ]);
  });

  it('names the unit where it is not requests, and no window shorter than a second', () => {
    const limiter = createLimiter({ limits: bytes, clock: manualClock() });
    expect(createVerdict(limiter.limits)(limiter.takeSync('k')).headers).toEqual([
      ['RateLimit-Policy', '"up";q=100;w=1;qu="content-bytes"'],
      ['RateLimit', '"up";r=99;t=1'],
    ]);
  });

  it('calls a block by its name, without quota fields of its own', async () => {
    const limiter = createLimiter({ limits: [burst, blocklist()], clock: manualClock() });
    await limiter.block('k', 1500);
    const { status, headers, body } = createVerdict(limiter.limits, { retryJitter: 0 })(limiter.takeSync('k'));
    expect(status).toBe(429);
    expect(headers.map(([name]) => name)).toEqual(['RateLimit-Policy', 'Retry-After', 'Content-Type']);
    expect(headers[1]).toEqual(['Retry-After', '2']);
    expect(body).toContain('#abnormal-usage-detected');
  });

  it("a full store is our failure, not the client's: 503 without quota fields", () => {
    const store = new MapStore({ maxKeys: 1, whenFull: 'reject' });
    const limiter = createLimiter({ limits: burst, store, clock: manualClock() });
    limiter.takeSync('held', 20);
    const { allowed, status, headers, body } = createVerdict(limiter.limits, { retryJitter: 0 })(
      limiter.takeSync('new'),
    );
    expect({ allowed, status, headers }).toEqual({
      allowed: false,
      status: 503,
      headers: [
        ['Retry-After', '2'],
        ['Content-Type', 'application/problem+json'],
      ],
    });
    expect(body).toContain('#temporary-reduced-capacity');
  });

  it('jitter only adds to Retry-After, and at most its share', () => {
    const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 100_000 }), clock: manualClock() });
    limiter.takeSync('k');
    const refused = limiter.takeSync('k');
    const retryAfter = (random: number): string | undefined =>
      createVerdict(limiter.limits, { random: () => random })(refused).headers.find(
        ([name]) => name === 'Retry-After',
      )?.[1];
    expect([0, 0.5, 0.999].map(retryAfter)).toEqual(['100', '105', '109']);
    expect(() => createVerdict(limiter.limits, { retryJitter: 1.5 })).toThrow(
      /retryJitter must be in 0\.\.1; got 1\.5/,
    );
  });

  it('keeps to integers that a structured field can hold', () => {
    const limiter = createLimiter({ limits: gcra({ rate: 2 ** 50, perMs: 2 ** 50 }), clock: manualClock() });
    const text = createVerdict(limiter.limits)(limiter.takeSync('k')).headers.flat().join(' ');
    expect(text).toContain('q=999999999999999;');
    for (const [digits] of text.matchAll(/\d+/g)) expect(digits.length).toBeLessThanOrEqual(15);
  });

  it('a client that obeys, alone on its key, is never refused twice in a row, and its t never ends before its turn', () => {
    fc.assert(
      fc.property(
        composedLimits,
        fc.array(fc.record({ idleMs: fc.integer({ min: 0, max: 3000 }), cost: fc.integer({ min: 1, max: 3 }) }), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (limits, calls, drawn) => {
          const clock = manualClock();
          const limiter = createLimiter({ limits, clock });
          const verdict = createVerdict(limits, { random: () => drawn });
          for (const { idleMs, cost } of calls) {
            clock.advance(idleMs);
            const fields = new Map(verdict(limiter.takeSync('k', cost)).headers);
            const wait = fields.get('Retry-After');
            if (wait === undefined) continue;
            const t = /t=(\d+)/.exec(fields.get('RateLimit') ?? '')?.[1];
            expect(Number(wait)).toBeGreaterThanOrEqual(Number(t));
            clock.advance(1000 * Number(wait));
            expect(limiter.takeSync('k', cost).allowed).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
