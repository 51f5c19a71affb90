/**
 * Real servers, one per framework and major version, all doing the same: guard by the options given, then do what the
 * behaviour says of the path. They listen on loopback, at a port the system picks.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import express from 'express';
import express4 from 'express4';
import fastify from 'fastify';
import fastify4 from 'fastify4';
import { Hono } from 'hono';
import { Hono as Hono3 } from 'hono3';
import Koa from 'koa';
import Koa2 from 'koa2';
import { rateLimit as expressLimit } from '../../src/express/index.ts';
import { rateLimit as fastifyLimit } from '../../src/fastify/index.ts';
import { withRateLimit as withFetchLimit } from '../../src/fetch/index.ts';
import { rateLimit as honoLimit } from '../../src/hono/index.ts';
import type { GuardOptions } from '../../src/http/index.ts';
import { rateLimit as koaLimit } from '../../src/koa/index.ts';
import { rateLimit as nodeLimit, withRateLimit as withNodeLimit } from '../../src/node/index.ts';

/** Options that do not look at the request, so that they fit every framework. */
export type CommonOptions = Omit<GuardOptions<never>, 'key' | 'cost' | 'priority' | 'onReject'> & {
  readonly key?: () => string | undefined;
};

/** What the handler does: resolves to a status, or throws. */
export type Behaviour = (path: string) => Promise<number>;

export interface Running {
  readonly port: number;
  close(): Promise<void>;
}

type Start = (options: CommonOptions, behave: Behaviour) => Promise<Running>;

const BODY = 'done';

async function listening(server: Server): Promise<Running> {
  if (!server.listening) {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, behave: Behaviour): Promise<void> {
  response.statusCode = await behave(request.url ?? '/');
  response.end(BODY);
}

function fail(response: ServerResponse): void {
  response.statusCode = 500;
  response.end();
}

const node: Start = (options, behave) => {
  const admit = nodeLimit(options);
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await admit(request, response)) await answer(request, response, behave);
  };
  return listening(createServer((request, response) => void handle(request, response).catch(() => fail(response))));
};

const nodeWrapped: Start = (options, behave) => {
  const listener = withNodeLimit(
    (request: IncomingMessage, response: ServerResponse) => answer(request, response, behave),
    options,
  );
  return listening(createServer((request, response) => void listener(request, response).catch(() => fail(response))));
};

const expressOf =
  (make: typeof express): Start =>
  (options, behave) => {
    const app = make();
    app.set('env', 'test');
    app.use(expressLimit(options));
    app.use((request, response, next) => {
      behave(request.url).then((status) => void response.status(status).send(BODY), next);
    });
    return listening(createServer(app));
  };

const koaOf =
  (Make: typeof Koa): Start =>
  (options, behave) => {
    const app = new Make();
    app.silent = true;
    app.use(koaLimit(options));
    app.use(async (context) => {
      context.status = await behave(context.url);
      context.body = BODY;
    });
    return listening(createServer((request, response) => void app.callback()(request, response)));
  };

const fastifyOf =
  (make: typeof fastify): Start =>
  async (options, behave) => {
    const app = make();
    await app.register(fastifyLimit(options));
    app.all('*', async (request, reply) => {
      void reply.code(await behave(request.url));
      return BODY;
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const running = await listening(app.server);
    return {
      port: running.port,
      close: async () => {
        app.server.closeAllConnections();
        await app.close();
      },
    };
  };

const honoOf =
  (Make: typeof Hono): Start =>
  (options, behave) => {
    const app = new Make();
    app.use('*', honoLimit({ ...options, address: (c) => getConnInfo(c as never).remote.address }));
    app.all('*', async (c) => new Response(BODY, { status: await behave(new URL(c.req.url).pathname) }));
    app.onError(() => new Response('', { status: 500 }));
    return ofServe((fetch) => fetch(app.fetch as never));
  };

const fetched: Start = (options, behave) =>
  ofServe((listen) =>
    listen(
      withFetchLimit(
        async (request: Request, _env: { incoming: IncomingMessage }) =>
          new Response(BODY, { status: await behave(new URL(request.url).pathname) }),
        { ...options, address: ([, env]) => env.incoming.socket.remoteAddress },
      ) as never,
    ),
  );

async function ofServe(start: (listen: (fetch: never) => void) => void): Promise<Running> {
  const server = await new Promise<Server>((resolve) => {
    start((fetch) => {
      const created = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(created as Server));
    });
  });
  return listening(server);
}

export const frameworks: Readonly<Record<string, Start>> = {
  'node:http': node,
  'node:http, wrapped': nodeWrapped,
  'express 5': expressOf(express),
  'express 4': expressOf(express4),
  'koa 3': koaOf(Koa),
  'koa 2': koaOf(Koa2),
  'fastify 5': fastifyOf(fastify),
  'fastify 4': fastifyOf(fastify4 as unknown as typeof fastify),
  'hono 4': honoOf(Hono),
  'hono 3': honoOf(Hono3 as unknown as typeof Hono),
  fetch: fetched,
};
