/**
 * What may be stored (RFC 9111, 3), and which of its fields.
 *
 * The rules that protect users come first: `no-store` on either side, `private` and `Authorization` in a shared cache.
 * Stricter than the RFC in one point: a shared cache stores no `Set-Cookie` unless the response says `public`. The RFC
 * permits it; but one session cookie handed to everybody is the worst thing a cache can do, and most programs that set
 * cookies do not think of caches. Looser in none: we have no methods but GET, and no partial content.
 *
 * `private="a"` and `no-cache="b"` cover those fields alone: the response is stored without them.
 */
import {
  forbidsStale,
  mustAlwaysValidate,
  qualifiedBy,
  responseDirectives,
  requestDirectives,
} from './cache-control.ts';
import { freshnessLifetimeMs, isHeuristicallyCacheable } from './age.ts';
import { endToEnd, fieldValue, nameList, without } from './fields.ts';
import type { CacheRole, HeaderList } from './types.ts';
import { varyNames } from './vary.ts';

/** Statuses whose meaning for caches we know, for `must-understand` (5.2.2.3). */
const isUnderstood = (status: number): boolean =>
  isHeuristicallyCacheable(status) || [302, 303, 307, 400, 403, 500, 502, 503, 504].includes(status);

/** The fields to store: not those of the connection, and none that the response keeps from this cache. */
export function storedFields(headers: HeaderList, role: CacheRole): HeaderList {
  const { directives } = responseDirectives(headers, role);
  const kept = [qualifiedBy(directives['no-cache']), role.shared ? qualifiedBy(directives['private']) : undefined];
  return without(endToEnd(headers), kept.flatMap(nameList));
}

/** Whether a cache of this role may store the response to this request. O(header), never throws. */
export function isStorable(
  method: string,
  requestHeaders: HeaderList,
  status: number,
  headers: HeaderList,
  role: CacheRole,
): boolean {
  const { directives, targeted } = responseDirectives(headers, role);
  const has = (name: string): boolean => directives[name] !== undefined;
  if (method !== 'GET' || status < 200 || status === 206 || status === 304) return false;
  if (requestDirectives(requestHeaders)['no-store'] !== undefined || varyNames(headers).includes('*')) return false;
  if (has('must-understand') ? !isUnderstood(status) : has('no-store')) return false;
  if (role.shared) {
    if (has('private') && qualifiedBy(directives['private']) === undefined) return false;
    const authorized = fieldValue(requestHeaders, 'authorization') !== undefined;
    if (authorized && !has('public') && !has('must-revalidate') && !has('s-maxage')) return false;
    if (!has('public') && fieldValue(storedFields(headers, role), 'set-cookie') !== undefined) return false;
  }
  return (
    has('public') ||
    has('max-age') ||
    has(role.shared ? 's-maxage' : 'private') ||
    (!targeted && fieldValue(headers, 'expires') !== undefined) ||
    isHeuristicallyCacheable(status)
  );
}

/**
 * Whether a storable response could ever answer a second request: it is fresh for a while, may be used stale, or can
 * be validated. The others would only take room.
 */
export function isReusable(status: number, headers: HeaderList, responseTime: number, role: CacheRole): boolean {
  const { directives } = responseDirectives(headers, role);
  if (fieldValue(headers, 'etag') !== undefined || fieldValue(headers, 'last-modified') !== undefined) return true;
  if (mustAlwaysValidate(directives)) return false;
  if (freshnessLifetimeMs({ status, headers, responseTime }, role) > 0) return true;
  const mayStale = directives['stale-while-revalidate'] ?? directives['stale-if-error'];
  return mayStale !== undefined && !forbidsStale(directives, role);
}
