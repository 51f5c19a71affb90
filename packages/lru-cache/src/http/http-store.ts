/**
 * HttpStore: what both HTTP caches hold, an LruCache from URI to the responses stored for it, and the trips under way.
 *
 * An entry weighs what it occupies: body, header text and key, and 512 bytes per response for objects. The bound on
 * variants keeps a `Vary: User-Agent` from filling the cache with one page; the bound on header text keeps a hostile
 * origin from storing megabytes where nobody counts them.
 *
 * A response that was asked for earlier never replaces one that was asked for later: an answer that dawdled on the way
 * is old, whatever time it comes in.
 */
import { currentAgeMs, freshnessLifetimeMs } from './age.ts';
import { LruCache } from '../lru-cache.ts';
import { Capture, type CaptureBudget } from './capture.ts';
import type { CacheStatusMember } from './cache-status.ts';
import { withCacheStatus } from './cache-status.ts';
import { decide } from './decide.ts';
import { without } from './fields.ts';
import { withDate } from './merge.ts';
import { requireStoreOptions, type CheckedStoreOptions, type HttpStoreOptions } from './options.ts';
import { isBodyField, isNotModified } from './preconditions.ts';
import { isReusable, isStorable, storedFields } from './storable.ts';
import { Trips, type Trip } from './trips.ts';
import type { CacheRole, HeaderList, HttpDecision, StoredResponse } from './types.ts';
import { matchesVary, selectingFields, varyNames } from './vary.ts';

const OVERHEAD_BYTES = 512;
const HEADER_CHARS_MAX = 65_536;

const textOf = (headers: HeaderList): number =>
  headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);

/** An answer from store, for a shell to send. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderList;
  /** Undefined: none, as for a HEAD or a 304. */
  readonly body: Uint8Array | undefined;
}

export class HttpStore {
  declare readonly options: CheckedStoreOptions;
  declare readonly role: CacheRole;
  declare readonly trips: Trips;
  declare private readonly budget: CaptureBudget;
  declare private readonly entries: LruCache<string, readonly StoredResponse[]>;

  constructor(options: HttpStoreOptions, role: CacheRole) {
    this.options = requireStoreOptions(options);
    this.role = role;
    this.trips = new Trips(this.options.timers, this.options.collapseMs);
    this.budget = { used: 0, max: this.options.maxBytes };
    this.entries = new LruCache({
      maxWeight: this.options.maxBytes,
      weigh: (variants, key) => this.weigh(key, variants),
    });
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.options.wallClock.now();
  }

  decide(method: string, key: string, requestHeaders: HeaderList): HttpDecision {
    return decide(method, requestHeaders, this.entries.get(key) ?? [], this.now(), this.role);
  }

  /** What requests must have in common to wait for one another: the URI, and the fields its last answer varied on. */
  joint(key: string, requestHeaders: HeaderList): string {
    const last = this.entries.peek(key)?.at(-1);
    return last === undefined ? key : JSON.stringify([key, selectingFields(requestHeaders, last.headers)]);
  }

  /** The response as it would be stored, without its body; undefined when it must not be, or would never be used. */
  candidate(
    request: { readonly method: string; readonly headers: HeaderList },
    response: Pick<StoredResponse, 'status' | 'headers' | 'requestTime' | 'responseTime'>,
  ): StoredResponse | undefined {
    const { status, headers, requestTime, responseTime } = response;
    if (!isStorable(request.method, request.headers, status, headers, this.role)) return undefined;
    if (!isReusable(status, headers, responseTime, this.role)) return undefined;
    return {
      status,
      headers: withDate(storedFields(headers, this.role), responseTime),
      body: new Uint8Array(0),
      requestHeaders: selectingFields(request.headers, headers),
      requestTime,
      responseTime,
    };
  }

  /** Whether requests other than its own may be answered with it, as things stand. */
  isShareable(stored: StoredResponse): boolean {
    return decide('GET', stored.requestHeaders, [stored], this.now(), this.role).kind !== 'revalidate';
  }

  capture(announced: number | undefined): Capture {
    return new Capture(this.budget, this.options.maxEntryBytes, announced);
  }

  /** Stores what a trip brought, unless it was detached meanwhile. False when it was not stored. O(variants). */
  put(trip: Trip, stored: StoredResponse): boolean {
    const { maxBytes, maxVariants } = this.options;
    if (!trip.attached || textOf(stored.headers) + textOf(stored.requestHeaders) > HEADER_CHARS_MAX) return false;
    const others: StoredResponse[] = [];
    for (const other of this.entries.peek(trip.key) ?? []) {
      if (!this.rivals(other, stored)) others.push(other);
      else if (other.requestTime > stored.requestTime) return false;
    }
    others.push(stored);
    while (others.length > 1 && (others.length > maxVariants || this.weigh(trip.key, others) > maxBytes))
      others.shift();
    this.entries.set(trip.key, others);
    return this.entries.peek(trip.key) === others;
  }

  /**
   * Puts a freshened response in the place of the one it came from, or takes that out if its new header forbids to
   * store it. Tells those who wait for the trip. False when it was not stored.
   */
  freshen(trip: Trip, requestHeaders: HeaderList, stored: StoredResponse, merged: StoredResponse): boolean {
    const { status, headers, responseTime } = merged;
    this.drop(trip.key, stored);
    const kept =
      isStorable('GET', requestHeaders, status, headers, this.role) &&
      isReusable(status, headers, responseTime, this.role) &&
      this.put(trip, merged);
    this.trips.release(trip, kept && this.isShareable(merged) ? 'shared' : 'unshared');
    return kept;
  }

  /** Takes one response out, if it is still there. */
  drop(key: string, stored: StoredResponse): void {
    const variants = this.entries.peek(key) ?? [];
    const others = variants.filter((other) => other !== stored);
    if (others.length === 0) this.entries.delete(key);
    else if (others.length < variants.length) this.entries.set(key, others);
  }

  /** Forgets a URI, and what is under way for it. False when nothing was stored. */
  invalidate(key: string): boolean {
    this.trips.detach(key);
    return this.entries.delete(key);
  }

  /** The answer to a request with this stored response: 304 if the client has it already. */
  answer(
    method: string,
    requestHeaders: HeaderList,
    stored: StoredResponse,
    member: Omit<CacheStatusMember, 'name'>,
  ): Answer {
    const now = this.now();
    const age = currentAgeMs(stored, now);
    const ttl = Math.floor((freshnessLifetimeMs(stored, this.role) - age) / 1000);
    const aged: HeaderList = [...without(stored.headers, ['age']), ['age', String(Math.floor(age / 1000))]];
    const headers = this.label(aged, { ...member, ttl });
    if (!isNotModified(requestHeaders, stored)) {
      return { status: stored.status, headers, body: method === 'HEAD' ? undefined : stored.body };
    }
    return { status: 304, headers: headers.filter(([name]) => !isBodyField(name)), body: undefined };
  }

  /** The headers with our member of `Cache-Status`. */
  label(headers: HeaderList, member: Omit<CacheStatusMember, 'name'>): HeaderList {
    return withCacheStatus(headers, { name: this.options.name, ...member });
  }

  /** Whether the two answer the same requests, so that only one can stay. */
  private rivals(other: StoredResponse, stored: StoredResponse): boolean {
    const names = (response: StoredResponse): string => varyNames(response.headers).sort().join();
    return names(other) === names(stored) && matchesVary(other, stored.requestHeaders);
  }

  private weigh(key: string, variants: readonly StoredResponse[]): number {
    return variants.reduce(
      (sum, { body, headers, requestHeaders }) =>
        sum + body.byteLength + textOf(headers) + textOf(requestHeaders) + OVERHEAD_BYTES,
      key.length,
    );
  }
}
