/**
 * What a limiter adds to the server's CPU time of a small request, in percent of the bare server of the same framework.
 * Nothing is ever refused, and all requests are of one client. Ours sends RateLimit-Policy and RateLimit; the others
 * send what they send by default, rate-limiter-flexible what its documentation shows for express.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { defineBench, type CountedContender } from '@loadbearing/bench-kit';
import type { SyncLimiter } from '@loadbearing/rate-limiter';
import { measureCpu, type Listen } from './http-load.ts';

const QUOTA = 1_000_000_000;
const WINDOW_MS = 60_000;

async function limiter(): Promise<SyncLimiter> {
  const { createLimiter, gcra } = await import('@loadbearing/rate-limiter');
  return createLimiter({ limits: gcra({ rate: QUOTA, perMs: WINDOW_MS }) });
}

async function percentAdded(bare: Listen, limited: Listen): Promise<CountedContender> {
  const cpu = await measureCpu(bare, limited);
  // For absolute figures: they are a property of the machine, so they are not kept.
  if (process.env['BENCH_CPU'] !== undefined) console.error(JSON.stringify(cpu));
  return { value: (100 * (cpu.limited - cpu.bare)) / cpu.bare };
}

const HELLO = JSON.stringify({ hello: 'world' });
const hello = (_request: IncomingMessage, response: ServerResponse): void => {
  response.setHeader('Content-Type', 'application/json');
  response.end(HELLO);
};

function listen(listener: (request: IncomingMessage, response: ServerResponse) => void): ReturnType<Listen> {
  const server = createServer(listener);
  const close = (): Promise<unknown> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ server, close })));
}

const node = {
  bare: () => listen(hello),
  ours: async () => {
    const { rateLimit } = await import('@loadbearing/rate-limiter/node');
    const admit = rateLimit({ limiter: await limiter() });
    return listen((request, response) => {
      void admit(request, response).then((allowed) => allowed && hello(request, response));
    });
  },
  usual: async () => {
    const { RateLimiterMemory } = await import('rate-limiter-flexible');
    const flexible = new RateLimiterMemory({ points: QUOTA, duration: WINDOW_MS / 1000 });
    return listen((request, response) => {
      void flexible.consume(request.socket.remoteAddress ?? '').then((result) => {
        response.setHeader('X-RateLimit-Limit', QUOTA);
        response.setHeader('X-RateLimit-Remaining', result.remainingPoints);
        response.setHeader('X-RateLimit-Reset', Math.ceil((Date.now() + result.msBeforeNext) / 1000));
        hello(request, response);
      });
    });
  },
};

async function expressWith(middleware?: unknown): ReturnType<Listen> {
  const { default: express } = (await import('express')) as unknown as {
    default: () => ((request: IncomingMessage, response: ServerResponse) => void) & {
      use(handler: unknown): void;
      get(path: string, handler: unknown): void;
    };
  };
  const app = express();
  if (middleware !== undefined) app.use(middleware);
  app.get('/', hello);
  return listen(app);
}

const express = {
  bare: () => expressWith(),
  ours: async () => {
    const { rateLimit } = await import('@loadbearing/rate-limiter/express');
    return expressWith(rateLimit({ limiter: await limiter() }));
  },
  usual: async () => {
    const { rateLimit } = await import('express-rate-limit');
    return expressWith(rateLimit({ windowMs: WINDOW_MS, limit: QUOTA }));
  },
};

async function fastifyWith(plugin?: unknown, options?: object): ReturnType<Listen> {
  const { default: make } = await import('fastify');
  const app = make();
  if (plugin !== undefined) await app.register(plugin as Parameters<typeof app.register>[0], options ?? {});
  app.get('/', (_request, reply) => {
    void reply.header('Content-Type', 'application/json').send(HELLO);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { server: app.server, close: () => (app.server.closeAllConnections(), app.close()) };
}

const fastify = {
  bare: () => fastifyWith(),
  ours: async () => {
    const { rateLimit } = await import('@loadbearing/rate-limiter/fastify');
    return fastifyWith(rateLimit({ limiter: await limiter() }));
  },
  usual: async () => {
    const { default: plugin } = await import('@fastify/rate-limit');
    return fastifyWith(plugin, { max: QUOTA, timeWindow: WINDOW_MS });
  },
};

export default defineBench({
  topic: 'http',
  title: 'CPU added to a bare request, in %',
  rival: 'the usual one',
  kind: 'value',
  cases: [
    { name: 'node:http, against rate-limiter-flexible', servers: node },
    { name: 'express 5, against express-rate-limit', servers: express },
    { name: 'fastify 5, against @fastify/rate-limit', servers: fastify },
  ],
  contenders: {
    ours: ({ servers }) => percentAdded(servers.bare, servers.ours),
    'the usual one': ({ servers }) => percentAdded(servers.bare, servers.usual),
  },
});
