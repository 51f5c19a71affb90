/** What is special where requests are web-standard ones. */
import type { Context } from 'hono';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { withRateLimit } from '../../src/fetch/index.ts';
import { rateLimit } from '../../src/hono/index.ts';
import { createLimiter, gcra, type SyncLimiter } from '../../src/index.ts';
import { manualClock } from '../../src/testing/index.ts';
import { CountingConcurrency } from '../http/support.ts';

const limiterOf = (burst: number): SyncLimiter =>
  createLimiter({ limits: gcra({ name: 'ip', rate: 1, perMs: 1000, burst }), clock: manualClock() });
const request = (signal?: AbortSignal): Request => new Request('http://a/', signal === undefined ? {} : { signal });

describe('withRateLimit of /fetch', () => {
  it('adds fields to a response whose fields cannot be changed', async () => {
    const redirect = withRateLimit((_request: Request) => Response.redirect('http://b/', 303), {
      limiter: limiterOf(1),
      key: () => 'k',
    });
    const response = await redirect(request());
    expect(response.status).toBe(303);
    expect(Object.fromEntries(response.headers)).toEqual({
      location: 'http://b/',
      ratelimit: '"ip";r=0;t=1',
      'ratelimit-policy': '"ip";q=1;w=1',
    });
  });

  it('passes on what the runtime adds, to the handler and to the options', async () => {
    const handler = withRateLimit(
      (_request: Request, env: { ip: string }, n: number) => new Response(env.ip + String(n)),
      {
        limiter: limiterOf(1),
        address: ([, { ip }]) => ip,
        cost: ([, , n]) => n,
      },
    );
    expect(await (await handler(request(), { ip: '203.0.113.9' }, 1)).text()).toBe('203.0.113.91');
    expect((await handler(request(), { ip: '203.0.113.9' }, 1)).status).toBe(429);
    expect((await handler(request(), { ip: '203.0.113.8' }, 1)).status).toBe(200);
    expect((await handler(request(), { ip: '203.0.113.7' }, 2)).status).toBe(429);
  });

  it('gives room back when the client leaves, though the handler goes on', async () => {
    const concurrency = new CountingConcurrency(1);
    let finish = (): void => undefined;
    const slow = (_request: Request): Promise<Response> =>
      new Promise((resolve) => (finish = () => resolve(new Response('late'))));
    const handler = withRateLimit(slow, { concurrency });
    const leaving = new AbortController();
    const answer = handler(request(leaving.signal));
    await new Promise((resolve) => setImmediate(resolve));
    expect(concurrency.inFlight).toBe(1);
    leaving.abort();
    expect(concurrency.inFlight).toBe(0);
    finish();
    expect(await (await answer).text()).toBe('late');
    expect(concurrency.outcomes).toEqual(['ok']);
  });

  it('throws what the handler throws, with its room given back', async () => {
    const concurrency = new CountingConcurrency(1);
    const fail = (_request: Request): Response => {
      throw new Error('boom');
    };
    await expect(withRateLimit(fail, { concurrency })(request())).rejects.toThrow('boom');
    expect(concurrency.outcomes).toEqual(['ignored']);
  });
});

describe('address', () => {
  it.each([
    ['fetch', (options: object) => withRateLimit((_request: Request) => new Response(''), options)],
    ['hono', (options: object) => rateLimit(options)],
  ])('or a key must be given to %s, for the platform has none', (_, make) => {
    expect(() => make({ limiter: limiterOf(1) })).toThrow(TypeError);
    expect(() => make({ limiter: limiterOf(1) })).toThrow(/address or key must be given/);
    expect(() => make({ limiter: limiterOf(1), address: '::1' })).toThrow(/address must be a function/);
    expect(() => make({ limiter: limiterOf(1), key: () => 'k' })).not.toThrow();
    expect(() => make({ concurrency: new CountingConcurrency(1) })).not.toThrow();
  });

  it('unknown to the runtime makes all such clients one', async () => {
    const app = new Hono();
    app.use(rateLimit<Context>({ limiter: limiterOf(1), address: (c) => c.req.header('none') }));
    app.get('/', (c) => c.text('ok'));
    expect((await app.request('/')).status).toBe(200);
    expect((await app.request('/')).status).toBe(429);
  });
});

describe('hono', () => {
  it('learns of a handler that failed, and of an error handler that answered', async () => {
    const concurrency = new CountingConcurrency(1);
    const app = new Hono();
    app.use(rateLimit<Context>({ concurrency }));
    app.get('/', () => {
      throw new Error('boom');
    });
    app.onError((_error, c) => c.text('busy', 503));
    expect((await app.request('/')).status).toBe(503);
    expect(concurrency.outcomes).toEqual(['dropped']);
  });
});
