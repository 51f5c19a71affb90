/**
 * HTTP: the shop's routes, and what keeps a server on loopback from being somebody else's tool.
 *
 * Public routes pass the front door; the page, the live stream and the demo's buttons do not. The server listens on
 * loopback, yet any web page in the same browser can send requests there: so a request must name this machine as its
 * host (DNS rebinding), a request from a page must come from ours (Origin), and what has a body must be JSON, which a
 * foreign page cannot send without asking first (CORS).
 *
 * Every refusal is `{ error: { code, message } }` with a message for a person. What Fastify refuses by itself
 * (malformed JSON, a body over the limit, a wrong method) is put into the same form.
 */
import type { Socket } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ErrorBody } from '../live-state.ts';
import type { Shop } from '../shop.ts';
import { adminRoutes } from './admin.ts';
import { LiveStream } from './live-stream.ts';
import { shopRoutes } from './shop-routes.ts';

const bodyBytesMax = 16 * 1024;
const publicDir = fileURLToPath(new URL('../../public/', import.meta.url));
const localHosts = new Set(['localhost', '127.0.0.1', '[::1]']);

/** A second lock behind the renderer: whatever a README brings, the page runs only our scripts and asks only us. */
const lockedDown = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** Thrown in a route: the answer is this refusal. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const errorBody = (code: string, message: string): ErrorBody => ({ error: { code, message } });

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1; port 0 takes a free one. Rejects with EADDRINUSE when the port is taken. */
export async function serve(shop: Shop, port: number): Promise<Server> {
  const app = Fastify({
    bodyLimit: bodyBytesMax,
    forceCloseConnections: true,
    // An address that cannot be decoded: no route, no hook and no error handler sees it.
    frameworkErrors: (error, _request, reply) => {
      void answerError(error, reply);
    },
    clientErrorHandler: refuseNoise,
  });
  app.removeContentTypeParser('text/plain');
  const live = new LiveStream(() => shop.state());
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(lockedDown);
    refuseStrangers(request);
  });
  app.setErrorHandler((error: unknown, _request, reply) => answerError(error, reply));
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send(errorBody('NOT_FOUND', `There is no ${request.method} ${shown(request.url)}.`)),
  );
  await app.register(fastifyStatic, { root: publicDir });
  await app.register(fastifyStatic, { root: uplotDir(), prefix: '/vendor/uplot/', decorateReply: false });
  shopRoutes(app, shop);
  adminRoutes(app, shop, () => (app.server.address() as { port: number }).port);
  // No HEAD: it would wait for the end of a stream that has none.
  app.get('/api/live', { exposeHeadRoute: false }, (request, reply) => live.attach(request, reply));
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

function uplotDir(): string {
  return path.dirname(fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css')));
}

function refuseStrangers(request: FastifyRequest): void {
  if (!localHosts.has(request.hostname.toLowerCase())) {
    throw new Refusal(403, 'WRONG_HOST', `This shop answers to localhost, not to ${shown(request.hostname)}.`);
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${request.host}`) {
    throw new Refusal(403, 'WRONG_ORIGIN', `Requests from the page ${shown(origin)} are not taken.`);
  }
}

function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof Refusal) return reply.code(error.status).send(errorBody(error.code, error.message));
  const { statusCode = 500, code, message } = error as { statusCode?: number; code?: string; message: string };
  if (statusCode >= 500) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return reply.code(500).send(errorBody('INTERNAL', 'Something went wrong here; the terminal says what.'));
  }
  const known = code === undefined ? undefined : refusedByFastify[code];
  return reply.code(statusCode).send(errorBody(...(known ?? (['BAD_REQUEST', message] as const))));
}

/** What is no HTTP request at all, or has headers without end. */
function refuseNoise(error: Error & { readonly code?: string }, socket: Socket): void {
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const [status, body] = isTooLarge
    ? [
        '431 Request Header Fields Too Large',
        errorBody('HEADERS_TOO_LARGE', 'The address or the headers are too large.'),
      ]
    : ['400 Bad Request', errorBody('BAD_REQUEST', 'This is not an HTTP request.')];
  const text = JSON.stringify(body);
  if (!socket.writable) return;
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

/** What Fastify refuses before a route sees it, in our words. */
const refusedByFastify: Readonly<Record<string, readonly [code: string, message: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', `The body is larger than ${bodyBytesMax} bytes.`],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['NOT_JSON', 'The body must be sent as application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['EMPTY_BODY', 'The body is empty; it must be JSON.'],
  FST_ERR_BAD_URL: ['BAD_ADDRESS', 'The address cannot be decoded: a percent sign begins no character.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['BAD_JSON', 'The body is not valid JSON.'],
};

/** Of something a stranger sent, at most this much goes into a message. */
export const shown = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}...` : text);

export type App = FastifyInstance;
