/** The types of the real frameworks fit, in both directions: what is guarded, and what the options are given. */
import express, { type Request as ExpressRequest } from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import { Hono, type Context } from 'hono';
import Koa from 'koa';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { rateLimit as expressLimit } from '../../src/express/index.ts';
import { rateLimit as fastifyLimit } from '../../src/fastify/index.ts';
import { rateLimit as honoLimit } from '../../src/hono/index.ts';
import { createLimiter, gcra } from '../../src/index.ts';
import { rateLimit as koaLimit } from '../../src/koa/index.ts';
import { rateLimit as nodeLimit } from '../../src/node/index.ts';

const limiter = createLimiter({ limits: gcra({ rate: 1, perMs: 1000 }) });

describe('options that look at the request of the framework', () => {
  it('are accepted with its own type, and so is what is made of them', async () => {
    expect(nodeLimit<IncomingMessage>({ limiter, key: (request) => request.headers.authorization })).toBeTypeOf(
      'function',
    );
    const app = express();
    app.use(expressLimit<ExpressRequest>({ limiter, cost: ({ query }) => Object.keys(query).length + 1 }));
    app.post('/login', expressLimit<ExpressRequest>({ limiter, key: ({ path }) => path }), (_, response) => {
      response.end();
    });
    new Koa().use(koaLimit<Koa.Context>({ limiter, key: ({ path }) => path }));
    const server = fastify();
    await server.register(fastifyLimit<FastifyRequest>({ limiter, key: ({ id }) => id }));
    await server.register(async (scope) => {
      await scope.register(fastifyLimit({ limiter }));
    });
    await server.close();
    new Hono().use('/api/*', honoLimit<Context>({ limiter, key: (c) => c.req.path }));
  });
});
