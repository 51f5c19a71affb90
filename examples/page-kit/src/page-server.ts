/**
 * The server of an example's page: its files, the kit's, the packages it runs in the browser, a live stream, routes.
 *
 * It listens on loopback, yet any web page in the same browser can send requests there: so a request must name this
 * machine as its host (DNS rebinding), a request from a page must come from ours (Origin), and a body must be JSON,
 * which a foreign page cannot send without asking first (CORS). The page itself runs scripts from here only.
 *
 * Every refusal is `{ error }` with a message for a person.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { LiveStream } from './live-stream.ts';
import { Refusal } from './refusal.ts';

export interface PageServerOptions {
  /** What the example calls itself in a refusal: "The ring lab answers to localhost". */
  readonly name: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The page's own files, served at `/`. */
  readonly publicDir: string;
  /** Further folders by the prefix they are served under, `/vendor/<name>/`. */
  readonly folders?: Readonly<Record<string, string>>;
  /** What the live stream at `/live` shows, and how often. */
  readonly state: () => unknown;
  readonly everyMs: number;
  readonly routes: (app: FastifyInstance) => void;
}

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

const bodyBytesMax = 16 * 1024;
const kitDir = fileURLToPath(new URL('../public/', import.meta.url));
const localHosts = new Set(['localhost', '127.0.0.1', '[::1]']);
const lockedDown = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // After a rebuild of a package the page must not run yesterday's.
  'cache-control': 'no-store',
};

/** Listens on 127.0.0.1. Rejects with EADDRINUSE when the port is taken. */
export async function servePage(options: PageServerOptions): Promise<PageServer> {
  const { name, port, publicDir, folders = {}, state, everyMs, routes } = options;
  const app = Fastify({ bodyLimit: bodyBytesMax, forceCloseConnections: true });
  app.removeContentTypeParser('text/plain');
  const live = new LiveStream(state, everyMs);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(lockedDown);
    refuseStrangers(request, name);
  });
  app.setErrorHandler((error: unknown, _request, reply) => answerError(error, reply));
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `There is no ${request.method} ${shown(request.url)}.` }),
  );
  await app.register(fastifyStatic, { root: publicDir, cacheControl: false });
  for (const [prefix, root] of Object.entries({ '/kit/': kitDir, ...folders })) {
    await app.register(fastifyStatic, { root, prefix, decorateReply: false, cacheControl: false });
  }
  routes(app);
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

/** The fields of a JSON body. Throws Refusal when it is no object. */
export function fieldsOf(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw new Refusal(400, 'The body must be a JSON object.');
}

function refuseStrangers(request: FastifyRequest, name: string): void {
  if (!localHosts.has(request.hostname.toLowerCase())) {
    throw new Refusal(403, `The ${name} answers to localhost, not to ${shown(request.hostname)}.`);
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
