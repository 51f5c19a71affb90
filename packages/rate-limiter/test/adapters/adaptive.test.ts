/** Guards with the real concurrency limiter: everything comes back, and the higher class is served first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aimd, createConcurrencyLimiter, fixedLimit } from '../../src/adaptive/index.ts';
import { createGuard, type RequestInfo, type Verdict } from '../../src/http/index.ts';
import { createLimiter, gcra } from '../../src/index.ts';
import { manualClock } from '../../src/testing/index.ts';
import { until } from '../http/support.ts';
import { call, type Call } from './client.ts';
import { frameworks } from './servers.ts';

const behave = async (path: string): Promise<number> => {
  if (path === '/throw') throw new Error('the handler failed');
  if (path === '/slow') await new Promise((resolve) => setTimeout(resolve, 8));
  return path === '/busy' ? 503 : 200;
};

describe.each(Object.entries(frameworks))('%s with AIMD and a queue', (_name, start) => {
  it('has nothing under way and nothing waiting after any mix', async () => {
    const step = fc.record({
      path: fc.constantFrom('/', '/throw', '/slow', '/busy'),
      leaves: fc.boolean(),
      afterMs: fc.integer({ min: 0, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        const concurrency = createConcurrencyLimiter({
          limit: aimd({ targetMs: 5, initial: 2, min: 1, max: 4 }),
          queue: { maxLength: 3, maxAgeMs: 20 },
        });
        const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 1000, burst: 10 }), clock: manualClock() });
        const server = await start({ limiter, concurrency }, behave);
        const made: Call[] = [];
        for (const { path, leaves, afterMs } of steps) {
          const one = call(server.port, path);
          made.push(one);
          await new Promise((resolve) => setTimeout(resolve, afterMs));
          if (leaves) one.leave();
        }
        await Promise.allSettled(made.map(({ answer }) => answer));
        await until(() => concurrency.inFlight === 0 && concurrency.queued === 0);
        await server.close();
      }),
      { numRuns: process.env['NIGHTLY'] === undefined ? 4 : 200 },
    );
  });
});

describe('a guard with classes', () => {
  it('lets the higher class in first when there is room again', async () => {
    const concurrency = createConcurrencyLimiter({
      limit: fixedLimit(1),
      shares: [1, 1],
      queue: { maxLength: 2, maxAgeMs: 60_000 },
    });
    const guard = createGuard({ concurrency, priority: ({ url }) => (url === '/pay' ? 0 : 1) });
    const to = (url: string): RequestInfo => ({ remoteAddress: '::1', method: 'GET', url, header: () => undefined });
    const first = guard.check(to('/list')) as Verdict;
    const served: string[] = [];
    const waits = ['/list', '/pay'].map(async (url) => {
      const verdict = await guard.check(to(url));
      served.push(url);
      guard.settle(verdict, 200);
    });
    guard.settle(first, 200);
    await Promise.all(waits);
    expect(served).toEqual(['/pay', '/list']);
    expect(concurrency).toMatchObject({ inFlight: 0, queued: 0 });
  });
});
