/**
 * nodeHttpCache: a shared HTTP cache inside a node:http server, before its handlers.
 *
 * The same rules, store and collapsing as `httpCache`; the origin is the application's own handler. A hit never reaches
 * it. On a miss it writes to the client as ever, and a copy is kept (`node-tap.ts`). To validate, it is given
 * `If-None-Match` and `If-Modified-Since` for the stored response; if it answers 304, as frameworks do by themselves
 * for an equal `ETag`, the client gets the stored one. A 500 within `stale-if-error` is replaced by the stale response.
 *
 * One thing is different: a handler needs a response to write to, so nothing can be revalidated behind an answer.
 * Within `stale-while-revalidate` one request goes to the handler and waits for it; all others get the stale response
 * at once.
 *
 * The key is what the client asked for, to the byte, and the host; a URI that is only equivalent is another one, as it
 * may be to the handler.
 */
import { arrive, type Arrival } from './arrival.ts';
import type { Capture, Captured } from './capture.ts';
import { depart, passesBy, type Errand, type Member, type Read } from './departure.ts';
import { fieldValue } from './fields.ts';
import { HttpStore, type Answer } from './http-store.ts';
import { invalidatedBy } from './invalidation.ts';
import { tapResponse, type NodeRequest, type NodeResponse } from './node-tap.ts';
import type { HttpStoreOptions } from './options.ts';
import { CLIENT_VALIDATORS } from './preconditions.ts';
import type { TripOutcome } from './trips.ts';
import type { HeaderList, StoredResponse } from './types.ts';

export type { NodeRequest, NodeResponse } from './node-tap.ts';
export type { HttpStoreOptions } from './options.ts';

/** Middleware for connect and express; with a plain server, `next` is the call of the handler. */
export interface NodeHttpCache {
  (req: NodeRequest, res: NodeResponse, next: () => void): void;
  /** Forgets what is stored for a URI such as 'http://example.com/a', and what is on its way. */
  purge(uri: string): boolean;
}

interface Exchange {
  readonly req: NodeRequest;
  readonly res: NodeResponse;
  readonly next: () => void;
}

/**
 * Puts a shared HTTP cache (RFC 9111) before the handlers of a node:http server.
 *
 * @throws TypeError or RangeError when an option is of the wrong type or out of range.
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { nodeHttpCache } from '@loadbearing/lru-cache/http/node';
 * const cached = nodeHttpCache({ name: 'app', maxBytes: 64e6 });
 * const server = createServer((req, res) => {
 *   cached(req, res, () => {
 *     res.setHeader('cache-control', 'max-age=60').end('slow to make');
 *   });
 * });
 * ```
 */
export function nodeHttpCache(options: HttpStoreOptions): NodeHttpCache {
  const cache = new NodeCache(options);
  return Object.assign(
    (req: NodeRequest, res: NodeResponse, next: () => void) => {
      cache.handle({ req, res, next });
    },
    { purge: (uri: string) => cache.purge(uri) },
  );
}

class NodeCache {
  declare private readonly store: HttpStore;

  constructor(options: HttpStoreOptions) {
    this.store = new HttpStore(options, { shared: true });
  }

  purge(uri: string): boolean {
    return this.store.invalidate(uri);
  }

  handle(exchange: Exchange): void {
    const { req } = exchange;
    const read: Read = { method: req.method ?? 'GET', key: uriOf(req), headers: listOf(req.headers) };
    const passes = passesBy(read.method, read.headers);
    if (passes === undefined) this.route(exchange, read, 0, undefined);
    else this.pass(exchange, read, passes);
  }

  private route(exchange: Exchange, read: Read, waits: number, outcome: TripOutcome | undefined): void {
    const { res } = exchange;
    const next = depart(this.store, read, waits, outcome);
    switch (next.kind) {
      case 'answer':
        if (next.refresh !== undefined) this.forward(exchange, next.refresh());
        else send(res, this.answer(read, next.stored, next.member));
        return;
      case 'only-if-cached': {
        const headers = this.store.label([], { fwd: 'miss', detail: 'only-if-cached' });
        send(res, { status: 504, headers, body: undefined });
        return;
      }
      case 'forward':
        this.forward(exchange, next.errand);
        return;
      case 'wait': {
        const stop = this.store.trips.wait(next.trip, (news) => {
          res.removeListener('close', stop);
          // In a turn of its own: what a handler throws must not come out of the other request's `end`.
          queueMicrotask(() => this.route(exchange, read, waits + 1, news));
        });
        res.once('close', stop);
        return;
      }
      case 'fail':
        // A handler answers or throws on its own stack; there is no failure that two requests could share.
        throw next.error;
    }
  }

  private answer(read: Read, stored: StoredResponse, member: Member): Answer {
    const answer = this.store.answer(read.method, read.headers, stored, member);
    const { status, headers } = answer;
    if (status === 304 || status === 204 || fieldValue(headers, 'content-length') !== undefined) return answer;
    return { ...answer, headers: [...headers, ['content-length', String(stored.body.byteLength)]] };
  }

  /** Not for this cache to answer; but what it changes is, before its client hears of the change. */
  private pass({ req, res, next }: Exchange, read: Read, fwd: 'bypass' | 'method'): void {
    tapResponse(res, {
      onHead: (status) => {
        const headers = listOf(res.getHeaders());
        for (const key of invalidatedBy(read.method, uriOf(req), status, headers)) this.store.invalidate(key);
        this.label(res, headers, { fwd, fwdStatus: status });
        return false;
      },
      onChunk: () => undefined,
      onEnd: () => undefined,
    });
    next();
  }

  private label(res: NodeResponse, headers: HeaderList, member: Member): void {
    res.setHeader('cache-status', fieldValue(this.store.label(headers, member), 'cache-status') as string);
  }

  private forward({ req, res, next }: Exchange, errand: Errand): void {
    const { trips } = this.store;
    const requestTime = this.store.now();
    const restore = ask(req, errand.validators);
    // What others set before us is theirs; what the handler sets goes with its response.
    const before = res.getHeaders();
    let capture: Capture | undefined;
    let onEnd: ((captured: Captured) => void) | undefined;
    tapResponse(res, {
      onHead: (status, end) => {
        restore();
        const headers = listOf(res.getHeaders());
        const length = Number(fieldValue(headers, 'content-length') ?? NaN);
        const arrived = {
          status,
          headers,
          requestTime,
          responseTime: this.store.now(),
          length: Number.isInteger(length) ? length : undefined,
        };
        const arrival: Arrival = arrive(this.store, errand, arrived, true);
        if (arrival.kind === 'relay') {
          ({ capture, onEnd } = arrival);
          this.label(res, headers, arrival.member);
          return false;
        }
        // A handler runs once. If its 304 was about another response, it still said that ours has not changed.
        const stored = arrival.kind === 'answer' ? arrival.stored : (errand.stored as StoredResponse);
        const member = arrival.kind === 'answer' ? arrival.member : { ...errand.member, fwdStatus: status };
        if (arrival.kind === 'foreign') trips.end(errand.trip);
        for (const name of Object.keys(res.getHeaders())) {
          const value = before[name];
          if (value === undefined) res.removeHeader(name);
          else res.setHeader(name, typeof value === 'number' ? String(value) : value);
        }
        send(res, this.answer(errand, stored, member), end);
        return true;
      },
      onChunk: (chunk) => {
        capture?.push(chunk);
        if (capture?.open === false) {
          onEnd?.('too-large');
          capture = onEnd = undefined;
        }
      },
      onEnd: (complete) => {
        restore();
        const body = complete ? capture?.finish() : undefined;
        if (body === undefined) capture?.drop();
        if (onEnd !== undefined) onEnd(body ?? 'broken');
        else trips.end(errand.trip);
      },
    });
    try {
      next();
    } catch (error) {
      restore();
      trips.end(errand.trip);
      throw error;
    }
  }
}

/** Lets the handler see these validators and not the client's; the function returned undoes it. */
function ask({ headers }: NodeRequest, validators: HeaderList): () => void {
  if (validators.length === 0) return () => undefined;
  const own = CLIENT_VALIDATORS.map((name) => [name, headers[name]] as const);
  for (const name of CLIENT_VALIDATORS) headers[name] = fieldValue(validators, name);
  return () => {
    for (const [name, value] of own) {
      if (value === undefined) Reflect.deleteProperty(headers, name);
      else headers[name] = value;
    }
  };
}

/** The headers of node:http as a list; those of http2 without its pseudo fields. */
function listOf(headers: Readonly<Record<string, number | string | string[] | undefined>>): HeaderList {
  const list: [string, string][] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || name.startsWith(':')) continue;
    if (Array.isArray(value)) for (const line of value) list.push([name, line]);
    else list.push([name, String(value)]);
  }
  return list;
}

function uriOf({ url, originalUrl, headers, socket }: NodeRequest): string {
  const target = originalUrl ?? url ?? '/';
  // A proxy is asked for the whole URI.
  if (!target.startsWith('/')) return target;
  const host = headers[':authority'] ?? headers['host'] ?? '';
  const isTls = (socket as { readonly encrypted?: boolean } | null | undefined)?.encrypted === true;
  return `${isTls ? 'https' : 'http'}://${String(host).toLowerCase()}${target}`;
}

function send(
  res: NodeResponse,
  { status, headers, body }: Answer,
  end: (body: Uint8Array | undefined) => void = (whole) => (whole === undefined ? res.end() : res.end(whole)),
): void {
  const lines = new Map<string, string | string[]>();
  for (const [name, value] of headers) {
    const known = lines.get(name);
    lines.set(name, known === undefined ? value : [...[known].flat(), value]);
  }
  for (const [name, value] of lines) res.setHeader(name, value);
  res.statusCode = status;
  end(body);
}
