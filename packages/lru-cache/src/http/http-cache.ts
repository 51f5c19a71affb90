/**
 * httpCache: a cache in front of a fetch, with the same signature as the fetch.
 *
 * The life of a request: an unsafe one passes and invalidates; one that is about a part or has a condition for the
 * origin alone passes. For GET and HEAD `decide` says what becomes of it. One that must go to the origin waits first if
 * another is on its way for the same thing (`trips.ts`), then decides anew; at most three times, so that nobody waits
 * for a crowd. On its way back a response is captured as it streams to the client (`capture.ts`), a 304 freshens what
 * is stored, and a failure may be answered stale.
 *
 * As with any fetch, coded bodies arrive decoded while their header still tells the coding; they are stored as they
 * arrive. A response that followed redirects is not stored: its freshness is that of the last hop and says nothing
 * about the first. Fetch with `redirect: 'manual'` to cache redirects themselves.
 */
import { refuse, requireFunction } from '../check.ts';
import { arrive, failed, type Arrived } from './arrival.ts';
import { captureStream } from './capture.ts';
import { depart, passesBy, type Errand, type Member, type Read } from './departure.ts';
import { fieldValue, without } from './fields.ts';
import { HttpStore } from './http-store.ts';
import { invalidatedBy, uriKey } from './invalidation.ts';
import type { HttpStoreOptions } from './options.ts';
import { CLIENT_VALIDATORS } from './preconditions.ts';
import type { Trip, TripOutcome } from './trips.ts';
import type { HeaderList, StoredResponse } from './types.ts';

export interface HttpCacheOptions extends HttpStoreOptions {
  /** Goes to the origin. Its responses may be as immutable as those of the global fetch. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** true: one cache for many users. false: for one user, as in a browser. */
  readonly shared: boolean;
  /** Is handed each revalidation that runs after its response was given, as a worker's `waitUntil`. It never rejects. */
  readonly onBackground?: (work: Promise<void>) => void;
}

/** A fetch with a cache before it. */
export interface HttpCache {
  (request: Request): Promise<Response>;
  /** Forgets what is stored for a URI, and what is on its way. False when nothing was stored. */
  purge(uri: string): boolean;
}

/**
 * Puts an HTTP cache (RFC 9111) before `fetch`.
 *
 * @throws TypeError or RangeError when an option is of the wrong type or out of range.
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { httpCache } from '@loadbearing/lru-cache/http';
 * let trips = 0;
 * const origin = async () => new Response(`page ${++trips}`, { headers: { 'cache-control': 'max-age=60' } });
 * const cached = httpCache({ fetch: origin, shared: true, name: 'edge', maxBytes: 1e8 });
 * await (await cached(new Request('http://example.com/'))).text();
 * const again = await cached(new Request('http://example.com/'));
 * assert.equal(await again.text(), 'page 1');
 * assert.match(again.headers.get('cache-status') ?? '', /^edge; hit; ttl=/);
 * ```
 */
export function httpCache(options: HttpCacheOptions): HttpCache {
  const cache = new FetchCache(options);
  return Object.assign((request: Request) => cache.handle(request), { purge: (uri: string) => cache.purge(uri) });
}

class FetchCache {
  declare private readonly store: HttpStore;
  declare private readonly fetch: (request: Request) => Promise<Response>;
  declare private readonly onBackground: ((work: Promise<void>) => void) | undefined;

  constructor(options: HttpCacheOptions) {
    const { shared, fetch } = options as { shared: unknown; fetch: unknown };
    if (typeof shared !== 'boolean') refuse('shared', 'true or false', typeof shared);
    if (typeof fetch !== 'function') refuse('fetch', 'a function', typeof fetch);
    this.fetch = options.fetch;
    this.onBackground = requireFunction('onBackground', options.onBackground);
    this.store = new HttpStore(options, { shared });
  }

  purge(uri: string): boolean {
    return this.store.invalidate(uriKey(new URL(uri).href));
  }

  async handle(request: Request): Promise<Response> {
    const read: Read = { method: request.method, key: uriKey(request.url), headers: [...request.headers] };
    const passes = passesBy(read.method, read.headers);
    if (passes !== undefined) return this.pass(request, passes);
    let outcome: TripOutcome | undefined;
    for (let waits = 0; ; waits++) {
      const next = depart(this.store, read, waits, outcome);
      switch (next.kind) {
        case 'answer':
          if (next.refresh !== undefined) this.refreshBehind(request, next.refresh());
          return this.serve(request, read, next.stored, next.member);
        case 'only-if-cached':
          return respond(
            request.url,
            { status: 504 },
            this.store.label([], { fwd: 'miss', detail: 'only-if-cached' }),
            null,
          );
        case 'fail':
          throw next.error;
        case 'forward':
          return this.forward(request, next.errand);
        case 'wait':
          outcome = await this.wait(next.trip, request.signal);
      }
    }
  }

  private wait(trip: Trip, signal: AbortSignal): Promise<TripOutcome> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        stop();
        reject(signal.reason as Error);
      };
      const stop = this.store.trips.wait(trip, (outcome) => {
        signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      });
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  private serve(request: Request, read: Read, stored: StoredResponse, member: Member): Response {
    const answer = this.store.answer(read.method, read.headers, stored, member);
    return respond(request.url, answer, answer.headers, answer.body ?? null);
  }

  /** Not for this cache to answer; but what it changes is. */
  private async pass(request: Request, fwd: 'bypass' | 'method'): Promise<Response> {
    const response = await this.fetch(request);
    const headers: HeaderList = [...response.headers];
    for (const key of invalidatedBy(request.method, request.url, response.status, headers)) this.store.invalidate(key);
    return this.relay(response, headers, { fwd, fwdStatus: response.status });
  }

  /** The origin's response as it came, with our member of Cache-Status. */
  private relay(response: Response, headers: HeaderList, member: Member, body = response.body): Response {
    // An opaque response or an error has a status that no constructor takes, and nothing to read.
    if (response.status < 200) return response;
    return respond(response.url, response, this.store.label(headers, member), body);
  }

  private refreshBehind(request: Request, errand: Errand): void {
    const headers = without(errand.headers, CLIENT_VALIDATORS);
    // Without the client's signal: its answer is given, and its leaving no reason to stop.
    const behind = new Request(request, { headers: toHeaders(headers), signal: null });
    const work = this.forward(behind, { ...errand, headers })
      .then(async (response) => {
        await response.body?.cancel();
        await new Promise<void>((resolve) => errand.trip.onEnd(resolve));
      })
      // The entry stays as it is, and the next request tries again. (A body that broke off refuses to be cancelled.)
      .catch(() => undefined);
    this.onBackground?.(work);
  }

  private async forward(request: Request, errand: Errand): Promise<Response> {
    const { headers, validators } = errand;
    const asked =
      validators.length === 0 ? request : withFields(request, [...without(headers, CLIENT_VALIDATORS), ...validators]);
    const requestTime = this.store.now();
    let response: Response;
    try {
      response = await this.fetch(asked);
    } catch (error) {
      const stale = failed(this.store, errand, error, request.signal.aborted);
      if (stale?.kind !== 'answer') throw error;
      return this.serve(request, errand, stale.stored, stale.member);
    }
    const fields: HeaderList = [...response.headers];
    const { status, redirected } = response;
    const arrived: Arrived = {
      status,
      headers: fields,
      requestTime,
      responseTime: this.store.now(),
      length: lengthOf(fields),
    };
    const next = arrive(this.store, errand, arrived, !redirected);
    switch (next.kind) {
      case 'answer':
        response.body?.cancel().catch(() => undefined);
        return this.serve(request, errand, next.stored, next.member);
      case 'foreign': {
        // Ask again, this time for all of it.
        const own = without(headers, CLIENT_VALIDATORS);
        return this.forward(withFields(request, own), { ...errand, headers: own, stored: undefined, validators: [] });
      }
      case 'relay': {
        const { capture, onEnd, member } = next;
        if (capture === undefined || onEnd === undefined) return this.relay(response, fields, member);
        if (response.body !== null)
          return this.relay(response, fields, member, captureStream(response.body, capture, onEnd));
        onEnd(capture.finish() ?? 'broken');
        return this.relay(response, fields, member);
      }
    }
  }
}

/** The length that the body will have as we see it: fetch decodes a coded body and leaves the length of the coded one. */
function lengthOf(headers: HeaderList): number | undefined {
  const text = fieldValue(headers, 'content-length') ?? '';
  return /^\d+$/.test(text) && fieldValue(headers, 'content-encoding') === undefined ? Number(text) : undefined;
}

const toHeaders = (headers: HeaderList): Headers => new Headers(headers as [string, string][]);

const withFields = (request: Request, headers: HeaderList): Request =>
  new Request(request, { headers: toHeaders(headers) });

/** Statuses whose responses have no body, and whose constructor takes none. */
const BODILESS = [204, 205, 304];

function respond(
  url: string,
  { status, statusText = '' }: { readonly status: number; readonly statusText?: string },
  headers: HeaderList,
  body: ReadableStream | Uint8Array | null,
): Response {
  const init = { status, statusText, headers: toHeaders(headers) };
  const response = new Response(
    BODILESS.includes(status) ? null : (body as ConstructorParameters<typeof Response>[0]),
    init,
  );
  // A constructed response has no URL, and callers resolve links against it.
  Object.defineProperty(response, 'url', { value: url });
  return response;
}
