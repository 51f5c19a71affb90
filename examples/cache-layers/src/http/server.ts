/**
 * HTTP: the page, its buttons, and the way of a real browser through the layers: `/shop/...` goes to the edge.
 *
 * A browser has a cache of its own and, on this page, a service worker that is one (public/sw.js). So what comes from
 * the edge is passed on as it is, `Cache-Control` and `Age` included; only the page's own files are never kept.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fieldsOf, servePage, type PageServer } from '@loadbearing-examples/page-kit/page-server.ts';
import { Refusal } from '@loadbearing-examples/page-kit/refusal.ts';
import type { FastifyInstance } from 'fastify';
import { origin } from '../load/traffic.ts';
import type { Fetch } from '../layers/http-layer.ts';
import type { Stage } from '../stage.ts';
import type { Switches } from '../world.ts';

const feedEveryMs = 200;
const publicDir = fileURLToPath(new URL('../../public/', import.meta.url));
const switchNames = ['browser', 'edge', 'l1', 'l2'] as const;
/**
 * Of a reader's request, what a cache may look at. Not its Cache-Control: a fetch that goes past the browser's own cache
 * says `no-cache`, and the edge would obey.
 */
const passedOn = ['accept-language', 'if-none-match', 'if-modified-since', 'user-agent'];
/** What belongs to one connection and not to the answer (RFC 9110 7.6.1). */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** Rejects with EADDRINUSE when the port is taken. */
export function serve(stage: Stage, edge: Fetch, port: number): Promise<PageServer> {
  return servePage({
    name: 'shop of cache layers',
    port,
    publicDir,
    folders: { '/vendor/lru-cache/': path.dirname(fileURLToPath(import.meta.resolve('@loadbearing/lru-cache'))) },
    state: () => stage.feed(),
    everyMs: feedEveryMs,
    routes: (app) => {
      shop(app, edge);
      buttons(app, stage);
    },
  });
}

function shop(app: FastifyInstance, edge: Fetch): void {
  app.route<{ Params: { '*': string } }>({
    method: ['GET', 'PUT'],
    url: '/shop/*',
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const headers = new Headers();
      for (const name of passedOn) {
        const value = request.headers[name];
        if (typeof value === 'string') headers.set(name, value);
      }
      const address = new URL(`/${request.params['*']}`, origin);
      const answer = await edge(new Request(address, { method: request.method, headers })).catch(() => undefined);
      if (answer === undefined) throw new Refusal(502, 'No app answers.');
      reply.code(answer.status).removeHeader('cache-control');
      for (const [name, value] of answer.headers) if (!hopByHop.has(name)) reply.header(name, value);
      return reply.send(answer.status === 304 ? undefined : Buffer.from(await answer.arrayBuffer()));
    },
  });
}

function buttons(app: FastifyInstance, stage: Stage): void {
  app.post('/api/switches', async ({ body }, reply) => {
    const given = fieldsOf(body);
    const changes: Partial<Record<keyof Switches, boolean>> = {};
    for (const [name, value] of Object.entries(given)) {
      const known = switchNames.find((one) => one === name);
      if (known === undefined || typeof value !== 'boolean') {
        throw new Refusal(400, `A switch is one of ${switchNames.join(', ')}, and true or false.`);
      }
      changes[known] = value;
    }
    await stage.switchTo(changes);
    return reply.code(204).send();
  });
  app.post('/api/pace', async ({ body }, reply) => {
    stage.setPace(Number(fieldsOf(body)['perSecond']));
    return reply.code(204).send();
  });
  app.post('/api/write', async ({ body }, reply) => {
    const { id } = fieldsOf(body);
    if (typeof id !== 'number' || !Number.isInteger(id)) throw new Refusal(400, 'id must be a whole number.');
    if (!(await stage.write(id))) throw new Refusal(404, `There is no item ${id}.`);
    return reply.code(204).send();
  });
  app.post('/api/trouble', async ({ body }, reply) => {
    const { kind, on } = fieldsOf(body);
    if (typeof on !== 'boolean') throw new Refusal(400, 'on must be true or false.');
    if (kind === 'flush') await stage.flush();
    else if (kind === 'bus') await stage.cutBus(on);
    else if (kind === 'slow') await stage.setDatabase({ delayMs: on ? 100 : 5 });
    else if (kind === 'failing') await stage.setDatabase({ failing: on });
    else throw new Refusal(400, 'kind must be flush, bus, slow or failing.');
    return reply.code(204).send();
  });
}
