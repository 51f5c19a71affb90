/** Ways to answer and to leave that only some servers of Node have. */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { connect, constants, createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { rateLimit as fastifyLimit } from '../../src/fastify/index.ts';
import { createLimiter, gcra } from '../../src/index.ts';
import { rateLimit, withRateLimit } from '../../src/node/index.ts';
import { manualClock } from '../../src/testing/index.ts';
import { CountingConcurrency, until } from '../http/support.ts';
import { call } from './client.ts';

const limiterOf = (burst: number): ReturnType<typeof createLimiter> =>
  createLimiter({ limits: gcra({ name: 'ip', rate: 1, perMs: 1000, burst }), clock: manualClock() });

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('node:http', () => {
  it.each([0, 1])('refuses a client that left before the guard was asked, with %i under way', async (under) => {
    const concurrency = new CountingConcurrency(1, 1);
    if (under === 1) concurrency.tryAcquire();
    const admit = rateLimit({ concurrency });
    let allowed: boolean | undefined;
    let arrived = false;
    const server = createHttpServer((request, response) => {
      arrived = true;
      response.once('close', () => {
        setImmediate(() => void admit(request, response).then((answer) => (allowed = answer)));
      });
    });
    const leaving = call(await portOf(server), '/');
    await until(() => arrived);
    leaving.leave();
    await until(() => allowed !== undefined);
    expect(allowed).toBe(false);
    expect(concurrency).toMatchObject({ inFlight: under, queued: 0 });
    server.close();
  });

  it('makes room when the handler throws, though nobody answers', async () => {
    const concurrency = new CountingConcurrency(1);
    const fail = (): never => {
      throw new Error('boom');
    };
    const listener = withRateLimit(fail, { concurrency });
    let thrown: unknown;
    const server = createHttpServer((request, response) => {
      listener(request, response).catch((error: unknown) => (thrown = error));
    });
    const waiting = call(await portOf(server), '/');
    await until(() => thrown !== undefined);
    expect(thrown).toEqual(new Error('boom'));
    expect(concurrency).toMatchObject({ inFlight: 0, outcomes: ['ignored'] });
    waiting.leave();
    server.close();
  });
});

describe('node:http2', () => {
  it('is guarded like node:http, and a stream that the client resets makes room', async () => {
    const concurrency = new CountingConcurrency(9);
    const listener = withRateLimit(
      (request: Http2ServerRequest, response: Http2ServerResponse) => {
        if (request.url === '/') response.end('done');
      },
      { limiter: limiterOf(2), concurrency },
    );
    const server = createServer((request, response) => void listener(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const get = async (): Promise<unknown> => {
      const stream = client.request({ ':path': '/' });
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      stream.resume();
      return [headers[':status'], headers['ratelimit']];
    };
    expect(await get()).toEqual([200, '"ip";r=1;t=1']);
    const slow = client.request({ ':path': '/slow' });
    await until(() => concurrency.inFlight === 1);
    slow.close(constants.NGHTTP2_CANCEL);
    await until(() => concurrency.inFlight === 0);
    expect(await get()).toEqual([429, '"ip";r=0;t=1']);
    expect(concurrency).toMatchObject({ inFlight: 0, outcomes: ['ok', 'ok', 'ignored'] });
    client.destroy();
    server.close();
  });
});

describe('fastify', () => {
  it('guards injected requests, which have no connection', async () => {
    const concurrency = new CountingConcurrency(1);
    const app = fastify();
    await app.register(fastifyLimit({ limiter: limiterOf(1), concurrency }));
    app.get('/', () => 'done');
    expect((await app.inject('/')).statusCode).toBe(200);
    await until(() => concurrency.inFlight === 0);
    expect((await app.inject('/')).statusCode).toBe(429);
    await app.close();
  });

  it('guards the routes of the scope it is registered in, and no others', async () => {
    const app = fastify();
    await app.register(async (scope) => {
      await scope.register(fastifyLimit({ limiter: limiterOf(1) }));
      scope.get('/limited', () => 'done');
    });
    app.get('/free', () => 'done');
    const statuses = [];
    for (const url of ['/limited', '/limited', '/free']) statuses.push((await app.inject(url)).statusCode);
    expect(statuses).toEqual([200, 429, 200]);
    await app.close();
  });
});
