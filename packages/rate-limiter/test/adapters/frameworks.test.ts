/** What holds in front of every framework, over real sockets. */
import fc from 'fast-check';
import { parseList } from 'structured-headers';
import { afterEach, describe, expect, it } from 'vitest';
import { blocklist, createLimiter, gcra, type SyncLimiter } from '../../src/index.ts';
import { manualClock } from '../../src/testing/index.ts';
import { CountingConcurrency, later, until } from '../http/support.ts';
import { call, get, raw, type Call } from './client.ts';
import { frameworks, type Behaviour, type CommonOptions, type Running } from './servers.ts';

const limiterOf = (burst: number): SyncLimiter =>
  createLimiter({
    limits: [gcra({ name: 'ip', rate: 1, perMs: 10_000, burst }), blocklist()],
    clock: manualClock(),
  });

describe.each(Object.entries(frameworks))('%s', (name, start) => {
  const running: Running[] = [];
  const gates: (() => void)[] = [];
  const calls: string[] = [];
  const behave: Behaviour = async (path) => {
    calls.push(path);
    if (path === '/throw') throw new Error('the handler failed');
    if (path === '/slow') await new Promise<void>((resolve) => gates.push(resolve));
    return path === '/denied' ? 401 : path === '/busy' ? 503 : 200;
  };
  const open = (): void => gates.splice(0).forEach((gate) => gate());

  async function serve(options: CommonOptions): Promise<number> {
    const server = await start(options, behave);
    running.push(server);
    return server.port;
  }

  afterEach(async () => {
    open();
    await Promise.all(running.splice(0).map((server) => server.close()));
    calls.length = 0;
  });

  it.each([
    ['at once', (limiter: SyncLimiter) => limiter],
    ['later', (limiter: SyncLimiter) => later(limiter)],
  ])('lets through what fits and tells the rest when to come back (limiter answers %s)', async (_, wrap) => {
    const port = await serve({ limiter: wrap(limiterOf(2)), retryJitter: 0 });
    const first = await get(port);
    expect(first).toMatchObject({ status: 200, body: 'done' });
    expect(parseList(first.headers['ratelimit-policy']!)).toEqual([['ip', new Map([['q', 2], ['w', 20]])]]); // prettier-ignore
    expect(parseList(first.headers['ratelimit']!)).toEqual([['ip', new Map([['r', 1], ['t', 10]])]]); // prettier-ignore
    expect(first.headers['retry-after']).toBeUndefined();
    await get(port);
    const refused = await get(port);
    expect(refused.status).toBe(429);
    expect(parseList(refused.headers['ratelimit']!)).toEqual([['ip', new Map([['r', 0], ['t', 10]])]]); // prettier-ignore
    expect(refused.headers['retry-after']).toBe('10');
    expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(refused.body)).toMatchObject({ status: 429, 'violated-policies': ['ip'] });
    expect(calls).toEqual(['/', '/']);
  });

  it('refuses before the body is read', async () => {
    const port = await serve({ limiter: limiterOf(1) });
    await get(port);
    const { socket, received } = raw(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
    await until(() => received().includes('quota-exceeded'));
    expect(received()).toMatch(/^HTTP\/1\.1 429 /);
    socket.destroy();
  });

  it('is the same client whatever it claims, and its proxy is believed if it is ours', async () => {
    const port = await serve({ limiter: limiterOf(1) });
    await get(port, '/', { 'x-forwarded-for': '198.51.100.1' });
    expect((await get(port, '/', { 'x-forwarded-for': '198.51.100.2' })).status).toBe(429);
    const behind = await serve({ limiter: limiterOf(1), trustProxy: ['127.0.0.0/8'] });
    expect((await get(behind, '/', { 'x-forwarded-for': '6.6.6.6, 198.51.100.1' })).status).toBe(200);
    expect((await get(behind, '/', { 'x-forwarded-for': '7.7.7.7, 198.51.100.2' })).status).toBe(200);
    expect((await get(behind, '/', { 'x-forwarded-for': '8.8.8.8, 198.51.100.1:99' })).status).toBe(429);
  });

  it('leaves exempt requests alone', async () => {
    const port = await serve({ limiter: limiterOf(1), key: () => undefined });
    for (let i = 0; i < 3; i++) {
      const { status, headers } = await get(port);
      expect(status).toBe(200);
      expect(headers['ratelimit']).toBeUndefined();
    }
  });

  it('sheds what finds no room, and makes room when the handler is done', async () => {
    const concurrency = new CountingConcurrency(1);
    const port = await serve({ limiter: limiterOf(9), concurrency, random: () => 0 });
    const slow = call(port, '/slow');
    await until(() => gates.length === 1);
    const shed = await get(port);
    expect(shed).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(shed.headers['ratelimit']).toBeUndefined();
    expect(JSON.parse(shed.body)).toMatchObject({ status: 503 });
    open();
    expect((await slow.answer).status).toBe(200);
    await until(() => concurrency.inFlight === 0);
    expect((await get(port)).status).toBe(200);
    await until(() => concurrency.inFlight === 0);
    expect(concurrency.outcomes).toEqual(['ok', 'ok']);
  });

  it('what became of a request tells the concurrency limiter how it went', async () => {
    const concurrency = new CountingConcurrency(1);
    const port = await serve({ limiter: limiterOf(3), concurrency });
    for (const path of ['/throw', '/busy', '/denied', '/refused-by-now']) {
      await get(port, path);
      await until(() => concurrency.inFlight === 0);
    }
    expect(concurrency.outcomes).toEqual(['ignored', 'dropped', 'ok', 'ignored']);
  });

  it('makes room when the client leaves, under way or waiting', async () => {
    const concurrency = new CountingConcurrency(1, 1);
    const port = await serve({ concurrency });
    const slow = call(port, '/slow');
    await until(() => gates.length === 1);
    const waiting = call(port, '/waited');
    await until(() => concurrency.queued === 1);
    waiting.leave();
    await until(() => concurrency.queued === 0);
    slow.leave();
    await until(() => concurrency.inFlight === 0);
    expect(concurrency.outcomes).toEqual(['ok']);
    expect(calls).toEqual(['/slow']);
    expect((await get(port)).status).toBe(200);
  });

  it('makes room when the client leaves while a store elsewhere decides', async () => {
    const concurrency = new CountingConcurrency(1);
    const asked: (() => void)[] = [];
    const limiter = later(limiterOf(1), () => new Promise<void>((resolve) => asked.push(resolve)));
    const port = await serve({ limiter, concurrency });
    const leaving = call(port, '/');
    await until(() => asked.length === 1);
    leaving.leave();
    await new Promise((resolve) => setTimeout(resolve, 20));
    asked.forEach((resolve) => resolve());
    await until(() => concurrency.inFlight === 0);
    if (!/hono|fetch/.test(name)) expect(calls).toEqual([]);
  });

  it('makes room for pipelined requests that never got to the socket', async () => {
    const concurrency = new CountingConcurrency(9);
    const port = await serve({ concurrency });
    const { socket } = raw(port, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3));
    await until(() => gates.length === 3);
    expect(concurrency.inFlight).toBe(3);
    socket.destroy();
    // Behind web-standard requests nothing tells of this, so the room comes back with the handler.
    if (/hono|fetch/.test(name)) open();
    await until(() => concurrency.inFlight === 0);
  });

  it('gives back what ended as told, and nothing of a client that left', async () => {
    const limiter = limiterOf(3);
    const port = await serve({ limiter, refundIf: (status) => status < 400 });
    for (let i = 0; i < 4; i++) expect((await get(port)).status).toBe(200);
    const leaving = call(port, '/slow');
    await until(() => gates.length === 1);
    leaving.leave();
    for (let i = 0; i < 2; i++) expect((await get(port, '/denied')).status).toBe(401);
    open();
    expect((await get(port)).status).toBe(429);
  });

  it.each([
    ['throws at once', (limiter: SyncLimiter) => limiter],
    ['makes a store elsewhere refuse to be asked', (limiter: SyncLimiter) => later(limiter)],
  ])('a function of the options that %s fails its request alone', async (how, wrap) => {
    const concurrency = new CountingConcurrency(1);
    let broken = true;
    const key = (): string => {
      if (broken && how === 'throws at once') throw new Error('no key');
      return broken ? (42 as unknown as string) : 'k';
    };
    const port = await serve({ limiter: wrap(limiterOf(1)), concurrency, key });
    expect((await get(port)).status).toBe(500);
    broken = false;
    expect((await get(port)).status).toBe(200);
    await until(() => concurrency.inFlight === 0);
    expect(calls).toEqual(['/']);
  });

  it('has nothing under way after any mix of answers, failures, refusals and clients that leave', async () => {
    const step = fc.record({
      path: fc.constantFrom('/', '/throw', '/slow', '/denied', '/busy'),
      leaves: fc.boolean(),
      afterMs: fc.integer({ min: 0, max: 4 }),
      opens: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.boolean(), async (steps, answersLater) => {
        const concurrency = new CountingConcurrency(3, 2);
        const limiter = limiterOf(6);
        const port = await serve({ limiter: answersLater ? later(limiter) : limiter, concurrency });
        const made: Call[] = [];
        for (const { path, leaves, afterMs, opens } of steps) {
          const made1 = call(port, path);
          made.push(made1);
          await new Promise((resolve) => setTimeout(resolve, afterMs));
          if (leaves) made1.leave();
          if (opens) open();
        }
        const opening = setInterval(open, 2);
        await Promise.allSettled(made.map(({ answer }) => answer));
        await until(() => concurrency.inFlight === 0 && concurrency.queued === 0);
        clearInterval(opening);
        await Promise.all(running.splice(0).map((server) => server.close()));
      }),
      { numRuns: process.env['NIGHTLY'] === undefined ? 8 : 300 },
    );
  });
});
