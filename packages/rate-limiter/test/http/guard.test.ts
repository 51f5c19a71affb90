import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGuard, digestKey, type GuardOptions, type RequestInfo, type Verdict } from '../../src/http/index.ts';
import { createLimiter, gcra, type Decision, type SyncLimiter } from '../../src/index.ts';
import { manualClock } from '../../src/testing/index.ts';
import { CountingConcurrency, later } from './support.ts';

const request = (remoteAddress: string, headers: Record<string, string> = {}): RequestInfo => ({
  remoteAddress,
  method: 'GET',
  url: '/',
  header: (name) => headers[name],
});
const A = request('203.0.113.9');
const limiterOf = (burst: number): SyncLimiter =>
  createLimiter({ limits: gcra({ name: 'ip', rate: 1, perMs: 1000, burst }), clock: manualClock() });
const now = (verdict: Verdict | Promise<Verdict>): Verdict => {
  if (verdict instanceof Promise) throw new Error('the guard did not answer at once');
  return verdict;
};

describe('a guard', () => {
  it('counts by address, IPv6 by network, and answers at once if the limiter can', () => {
    const guard = createGuard({ limiter: limiterOf(1) });
    expect(now(guard.check(A)).allowed).toBe(true);
    expect(now(guard.check(A)).status).toBe(429);
    expect(now(guard.check(request('2001:db8::1'))).allowed).toBe(true);
    expect(now(guard.check(request('2001:db8::2'))).allowed).toBe(false);
    expect(now(guard.check(request('2001:db8:0:1::2'))).allowed).toBe(true);
    expect(guard.tracks).toBe(false);
  });

  it('takes the proxies, the field and the prefix for the address from its options', () => {
    const keys: string[] = [];
    const limiter = limiterOf(9);
    const takeSync = limiter.takeSync.bind(limiter);
    limiter.takeSync = (key, ...rest): Decision => {
      keys.push(key);
      return takeSync(key, ...rest);
    };
    const forwarded = request('10.0.0.1', { 'x-forwarded-for': '2001:db8:1:2::3', 'x-real-ip': '198.51.100.1' });
    void createGuard({ limiter }).check(forwarded);
    void createGuard({ limiter, trustProxy: 1 }).check(forwarded);
    void createGuard({ limiter, trustProxy: 1, ipv6Prefix: 48 }).check(forwarded);
    void createGuard({ limiter, trustProxy: ['10.0.0.0/8'], addressHeader: 'X-Real-IP' }).check(forwarded);
    expect(keys).toEqual(['10.0.0.1', '2001:db8:1:2::/64', '2001:db8:1::/48', '198.51.100.1']);
  });

  it('an exempt request reaches no limiter and says nothing of quotas', () => {
    const limiter = limiterOf(1);
    const guard = createGuard({ limiter, key: () => undefined });
    expect(now(guard.check(A))).toEqual({ allowed: true, status: 200, headers: [], body: '' });
    expect(limiter.stats()).toMatchObject({ allowed: 0, rejected: 0 });
  });

  it('the cost is what the options say', () => {
    const guard = createGuard({ limiter: limiterOf(5), cost: ({ url }) => url.length + 2 });
    expect(now(guard.check(A)).decision).toMatchObject({ cost: 3, remaining: 2 });
  });

  it.each(['', 'x'.repeat(1025), 'x'.repeat(100_000)])('a hostile key is a key, by its digest (%#)', (hostile) => {
    const guard = createGuard({ limiter: limiterOf(1), key: () => hostile });
    expect(now(guard.check(A)).decision?.key).toBe(digestKey(hostile));
    expect(now(guard.check(A)).allowed).toBe(false);
  });

  it('nothing of a key, whatever it holds, is in fields or body', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 2000, unit: 'binary' }), (key) => {
        const guard = createGuard({ limiter: limiterOf(1), key: () => `${key}\r\nSet-Cookie: a=b`, random: () => 0 });
        void guard.check(A);
        const { headers, body } = now(guard.check(A));
        expect(headers).toEqual([
          ['RateLimit-Policy', '"ip";q=1;w=1'],
          ['RateLimit', '"ip";r=0;t=1'],
          ['Retry-After', '1'],
          ['Content-Type', 'application/problem+json'],
        ]);
        expect(body).not.toContain('Set-Cookie');
      }),
    );
  });

  it.each([42, null, ['a'], Symbol('s'), {}])('refuses a key that is no string: %s', (key) => {
    const concurrency = new CountingConcurrency(1);
    const guard = createGuard({ limiter: limiterOf(1), concurrency, key: (() => key) as unknown as () => string });
    expect(() => guard.check(A)).toThrow(/key must be a string/);
    expect(concurrency).toMatchObject({ inFlight: 0, outcomes: ['ignored'] });
  });

  it.each([
    [{}, TypeError, /needs a limiter, a concurrency limiter, or both/],
    [{ limiter: limiterOf(1), trustProxy: true }, TypeError, /trustProxy must be the number .* got true/],
    [{ limiter: limiterOf(1), ipv6Prefix: 16 }, RangeError, /ipv6Prefix must be an integer in 32\.\.128; got 16/],
    [{ limiter: limiterOf(1), headers: 'legacy' }, TypeError, /headers must be one of .* got "legacy"/],
    [{ limiter: limiterOf(1), key: 'ip' }, TypeError, /key must be a function; got string/],
    [{ limiter: limiterOf(1), refundIf: 404 }, TypeError, /refundIf must be a function; got number/],
  ])('refuses options %#', (options, type, message) => {
    const make = (): unknown => createGuard(options as GuardOptions<RequestInfo>);
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });

  it('tells of refusals only, of both kinds', async () => {
    const seen: [number, RequestInfo][] = [];
    const onReject = (verdict: Verdict, refused: RequestInfo): void => void seen.push([verdict.status, refused]);
    const concurrency = new CountingConcurrency(1);
    const guard = createGuard({ limiter: limiterOf(1), concurrency, onReject });
    const first = now(guard.check(A));
    guard.settle(first, 200);
    void guard.check(A);
    concurrency.tryAcquire();
    await guard.check(A);
    expect(seen).toEqual([
      [429, A],
      [503, A],
    ]);
  });
});

describe('room for requests', () => {
  it('is asked for first: what is shed costs no quota, and is told to come back in 1 or 2 seconds', async () => {
    const limiter = limiterOf(5);
    for (const [drawn, seconds] of [
      [0, '1'],
      [0.999, '2'],
    ] as const) {
      const guard = createGuard({ limiter, concurrency: new CountingConcurrency(0), random: () => drawn });
      const { status, headers, body, decision } = await guard.check(A);
      expect({ status, decision }).toEqual({ status: 503, decision: undefined });
      expect(headers).toEqual([
        ['Retry-After', seconds],
        ['Content-Type', 'application/problem+json'],
      ]);
      expect(JSON.parse(body)).toMatchObject({ status: 503, 'violated-policies': [] });
    }
    expect(limiter.stats()).toMatchObject({ allowed: 0, rejected: 0 });
  });

  it('a request refused by its limit gives its room back, as one that says nothing of load', () => {
    const concurrency = new CountingConcurrency(1);
    const guard = createGuard({ limiter: limiterOf(1), concurrency });
    guard.settle(now(guard.check(A)), 200);
    expect(now(guard.check(A)).status).toBe(429);
    expect(concurrency).toMatchObject({ inFlight: 0, outcomes: ['ok', 'ignored'] });
  });

  it.each([
    [200, 'ok'],
    [404, 'ok'],
    [500, 'ignored'],
    [502, 'ignored'],
    [503, 'dropped'],
    [504, 'dropped'],
    [undefined, 'ok'],
  ])('a request that ended with %s is "%s"', (status, outcome) => {
    const concurrency = new CountingConcurrency(1);
    const guard = createGuard({ concurrency });
    guard.settle(now(guard.check(A)), status);
    expect(concurrency.outcomes).toEqual([outcome]);
  });

  it('the class of a request is asked for once and passed on', async () => {
    const classes: (number | undefined)[] = [];
    const guard = createGuard({
      concurrency: {
        limit: 0,
        inFlight: 0,
        queued: 0,
        tryAcquire: (level) => void classes.push(level),
        acquire: async (options) => void classes.push(options?.priority),
      },
      priority: ({ url }) => url.length,
    });
    await guard.check(A);
    expect(classes).toEqual([1, 1]);
  });

  it('is waited for, and a client that leaves meanwhile leaves the queue', async () => {
    const concurrency = new CountingConcurrency(1, 2);
    const guard = createGuard({ concurrency });
    const first = now(guard.check(A));
    const second = guard.check(A);
    const leaving = new AbortController();
    const third = guard.check(A, () => leaving.signal);
    expect(concurrency.queued).toBe(2);
    leaving.abort();
    expect((await third).status).toBe(503);
    guard.settle(first, 200);
    guard.settle(await second, 200);
    expect(concurrency).toMatchObject({ inFlight: 0, queued: 0, outcomes: ['ok', 'ok'] });
  });

  it('a queue that fails by itself is an error, not a refusal', async () => {
    const failing = new CountingConcurrency(0);
    failing.acquire = () => Promise.reject(new Error('broken'));
    await expect(createGuard({ concurrency: failing }).check(A)).rejects.toThrow('broken');
  });

  it('comes back whatever fails in between, for limiters of both kinds', async () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    const broken = { ...later(limiterOf(1)), take: () => Promise.reject(new Error('boom')) };
    const refused: GuardOptions<RequestInfo>[] = [
      { limiter: limiterOf(1), key: boom },
      { limiter: limiterOf(1), cost: boom },
      { limiter: limiterOf(1), cost: () => 0 },
      { limiter: later(limiterOf(1)), cost: () => 1.5 },
      { limiter: limiterOf(1), cost: () => 2, onReject: boom },
      { limiter: later(limiterOf(1)), cost: () => 2, onReject: boom },
      { limiter: broken },
    ];
    for (const options of refused) {
      const concurrency = new CountingConcurrency(1);
      const guard = createGuard({ ...options, concurrency });
      await expect((async () => guard.check(A))()).rejects.toThrow(/boom|cost/);
      expect(concurrency).toMatchObject({ inFlight: 0, outcomes: ['ignored'] });
    }
  });
});

describe('refundIf', () => {
  it.each([
    ['at once', (limiter: SyncLimiter) => limiter],
    ['later', (limiter: SyncLimiter) => later(limiter)],
  ])('gives back what ended so, once, and nothing of a client that left (limiter answers %s)', async (_, wrap) => {
    const limiter = limiterOf(3);
    const guard = createGuard({ limiter: wrap(limiter), refundIf: (status) => status < 400 });
    expect(guard.tracks).toBe(true);
    const left = async (): Promise<number> => (await limiter.peek('203.0.113.9')).remaining;
    const [good, bad, gone] = [await guard.check(A), await guard.check(A), await guard.check(A)];
    expect(await left()).toBe(0);
    guard.settle(good, 200);
    guard.settle(good, 200);
    expect(await left()).toBe(1);
    guard.settle(bad, 401);
    guard.settle(gone, undefined);
    guard.settle(gone, 200);
    expect(await left()).toBe(1);
  });

  it('asks nothing of a request that has no status, nor of a refusal or an exempt request', () => {
    const limiter = limiterOf(1);
    const asked: number[] = [];
    const refundIf = (status: number): boolean => asked.push(status) > 0;
    const guard = createGuard({ limiter, refundIf, key: ({ url }) => (url === '/' ? 'k' : undefined) });
    guard.settle(now(guard.check(A)), undefined);
    const refused = now(guard.check(A));
    guard.settle(refused, 429);
    guard.settle(now(guard.check({ ...A, url: '/health' })), 200);
    expect(limiter.tryTakeSync('k')).toBe(false);
    expect(asked).not.toContain(undefined);
  });
});
