/**
 * The decision: given what is stored for a URI, what becomes of this request? (RFC 9111, 4)
 *
 * Reading order of the rules. (1) `no-store` asks us to keep out of it. (2) Nothing selected by `Vary`: a miss.
 * (3) `no-cache` on either side wants the origin's word. (4) The request's own bounds, `max-age` and `min-fresh`, may
 * refuse what is fresh; an `immutable` response (RFC 8246) need not fear `max-age`, which is what a reload sends.
 * (5) Stale may be used when nobody forbids it (`forbidsStale`) and either the request says `max-stale` or the
 * response `stale-while-revalidate` (RFC 5861). (6) All else is validated, or 504 for `only-if-cached`.
 *
 * Invariant: 'fresh' means lifetime > age, or a `max-stale` that covers the difference.
 */
import { currentAgeMs, freshnessLifetimeMs } from './age.ts';
import {
  forbidsStale,
  mustAlwaysValidate,
  requestDirectives,
  responseDirectives,
  secondsAsMs,
} from './cache-control.ts';
import { conditionalHeaders } from './preconditions.ts';
import type { CacheRole, HeaderList, HttpDecision, StoredResponse } from './types.ts';
import { selectVariant } from './vary.ts';

/** For how long stale may be used by this directive: -1 is not at all, which is also what a malformed one says. */
function windowMs(value: number | string | true | undefined): number {
  return typeof value === 'number' && value >= 0 ? value * 1000 : -1;
}

/** What to do with a GET or HEAD. O(variants × fields), never throws. */
export function decide(
  method: string,
  requestHeaders: HeaderList,
  variants: readonly StoredResponse[],
  wallNow: number,
  role: CacheRole,
): HttpDecision {
  const request = requestDirectives(requestHeaders);
  const asks = (name: string): boolean => request[name] !== undefined;
  const stored = method === 'GET' || method === 'HEAD' ? selectVariant(variants, requestHeaders) : undefined;
  if (stored === undefined || asks('no-store')) {
    if (asks('only-if-cached')) return { kind: 'only-if-cached' };
    const fwd = stored !== undefined ? 'request' : variants.length > 0 ? 'vary-miss' : 'uri-miss';
    return { kind: 'miss', fwd };
  }
  const { directives } = responseDirectives(stored.headers, role);
  const lifetime = freshnessLifetimeMs(stored, role);
  const age = currentAgeMs(stored, wallNow);
  const isFresh = lifetime > age && !mustAlwaysValidate(directives);
  const immutable = isFresh && directives['immutable'] !== undefined;
  const refused =
    asks('no-cache') ||
    (!immutable && age > (secondsAsMs(request['max-age']) ?? Infinity)) ||
    lifetime - age < (secondsAsMs(request['min-fresh']) ?? -Infinity);
  const staleFor = age - lifetime;
  // Without an argument any staleness will do.
  const maxStale = request['max-stale'] === true ? Infinity : windowMs(request['max-stale']);
  const mayStale = !refused && !isFresh && !forbidsStale(directives, role);
  const found = { stored, conditionalHeaders: conditionalHeaders(stored), fwd: isFresh ? 'request' : 'stale' } as const;
  if ((isFresh && !refused) || (mayStale && staleFor <= maxStale)) return { kind: 'fresh', ...found };
  if (mayStale && staleFor <= windowMs(directives['stale-while-revalidate'])) {
    return { kind: 'stale-while-revalidate', ...found };
  }
  return asks('only-if-cached') ? { kind: 'only-if-cached' } : { kind: 'revalidate', ...found };
}

/** The statuses that `stale-if-error` covers (RFC 5861, 4), as it does a connection that fails. */
export const isServerError = (status: number): boolean => [500, 502, 503, 504].includes(status);

/** Whether the origin's failure may be answered with this stale response: `stale-if-error` on either side allows it. */
export function mayServeOnError(
  stored: StoredResponse,
  requestHeaders: HeaderList,
  wallNow: number,
  role: CacheRole,
): boolean {
  const { directives } = responseDirectives(stored.headers, role);
  const request = requestDirectives(requestHeaders);
  if (request['no-cache'] !== undefined || forbidsStale(directives, role)) return false;
  const staleFor = currentAgeMs(stored, wallNow) - freshnessLifetimeMs(stored, role);
  return staleFor <= Math.max(windowMs(directives['stale-if-error']), windowMs(request['stale-if-error']));
}
