/**
 * HTTP: the page, the package for the browser, the live stream and two buttons.
 *
 * The server listens on loopback, yet any web page in the same browser can send requests there: so a request must name
 * this machine as its host (DNS rebinding), a request from a page must come from ours (Origin), and a body must be
 * JSON, which a foreign page cannot send without asking first (CORS). The page itself runs scripts from here only.
 *
 * Every refusal is `{ error }` with a message for a person.
 */
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ChangeShards, Feed, Kill } from '../feed.ts';
import { LiveStream } from './live-stream.ts';

/** What the buttons do, and what there is to see. */
export interface Stage {
  feed(): Feed;
  /** Begins a migration; the epoch of the map that has the new goal. Throws Refusal. */
  changeShards(change: ChangeShards): Promise<number>;
  /** SIGKILL; the pid that it hit. Throws Refusal. */
  kill(process: Kill['process']): number;
}

/** Thrown by a route or the stage: the answer is this refusal. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

const bodyBytesMax = 4 * 1024;
const publicDir = fileURLToPath(new URL('../../public/', import.meta.url));
const localHosts = new Set(['localhost', '127.0.0.1', '[::1]']);
const lockedDown = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // After a rebuild of the package the page must not run yesterday's.
  'cache-control': 'no-store',
};

/** Listens on 127.0.0.1; port 0 takes a free one. Rejects with EADDRINUSE when the port is taken. */
export async function serve(stage: Stage, port: number): Promise<Server> {
  const app = Fastify({ bodyLimit: bodyBytesMax, forceCloseConnections: true });
  app.removeContentTypeParser('text/plain');
  const live = new LiveStream(() => stage.feed());
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(lockedDown);
    refuseStrangers(request);
  });
  app.setErrorHandler((error: unknown, _request, reply) => answerError(error, reply));
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `There is no ${request.method} ${shown(request.url)}.` }),
  );
  await app.register(fastifyStatic, { root: publicDir, cacheControl: false });
  await app.register(fastifyStatic, {
    root: distDir(),
    prefix: '/vendor/consistent-hash/',
    decorateReply: false,
    cacheControl: false,
  });
  buttons(app, stage);
  // No HEAD: it would wait for the end of a stream that has none.
  app.get('/live', { exposeHeadRoute: false }, (request, reply) => live.attach(request, reply));
  try {
    await app.listen({ host: '127.0.0.1', port });
  } catch (error) {
    await app.close();
    throw error;
  }
  live.start();
  return {
    url: `http://localhost:${(app.server.address() as { port: number }).port}`,
    close: async () => {
      live.close();
      await app.close();
    },
  };
}

function buttons(app: FastifyInstance, stage: Stage): void {
  app.post('/api/shards', async ({ body }, reply) => {
    const { action, id } = fields(body);
    if (action !== 'add' && action !== 'remove') throw new Refusal(400, 'action must be add or remove.');
    if (id !== undefined && typeof id !== 'string') throw new Refusal(400, 'id must be a string.');
    if (action === 'add' && id !== undefined)
      throw new Refusal(400, 'id is for remove: a new shard gets the next name.');
    const epoch = await stage.changeShards(id === undefined ? { action } : { action, id });
    return reply.code(202).send({ epoch });
  });
  app.post('/api/kill', async ({ body }, reply) => {
    const { process: target } = fields(body);
    if (target !== 'router' && target !== 'mover') throw new Refusal(400, 'process must be router or mover.');
    return reply.code(202).send({ pid: stage.kill(target) });
  });
}

function fields(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw new Refusal(400, 'The body must be a JSON object.');
}

function distDir(): string {
  return path.dirname(fileURLToPath(import.meta.resolve('@loadbearing/consistent-hash')));
}

function refuseStrangers(request: FastifyRequest): void {
  if (!localHosts.has(request.hostname.toLowerCase())) {
    throw new Refusal(403, `The ring lab answers to localhost, not to ${shown(request.hostname)}.`);
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${request.host}`) {
    throw new Refusal(403, `Requests from the page ${shown(origin)} are not taken.`);
  }
}

function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof Refusal) return reply.code(error.status).send({ error: error.message });
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  if (statusCode < 500) return reply.code(statusCode).send({ error: message });
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return reply.code(500).send({ error: 'Something went wrong here; the terminal says what.' });
}

/** Of something a stranger sent, at most this much goes into a message. */
const shown = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}...` : text);
