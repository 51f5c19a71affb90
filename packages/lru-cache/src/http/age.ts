/**
 * Age and freshness lifetime (RFC 9111, 4.2): a response is fresh as long as its lifetime is above its age.
 *
 *     age = max(responseTime - Date, Age + (responseTime - requestTime)) + (now - responseTime)
 *
 * The first estimate trusts the clocks, the second the caches on the way; the older one counts. The delay is added
 * because upstream's `Age` was true when it answered, not when we heard of it. A clock that stepped back since then
 * makes nothing younger than it was on arrival.
 *
 * Lifetime: `s-maxage` (shared caches), else `max-age`, else `Expires` - `Date`, else a tenth of the time since
 * `Last-Modified`, at most a day, and only for statuses that may be stored without being told so. What is malformed
 * means stale: an `Expires: 0` is a wish to be, and a `max-age` that we misread would be a lifetime of our own making.
 */
import { responseDirectives, secondsAsMs } from './cache-control.ts';
import { fieldValue } from './fields.ts';
import { parseHttpDate } from './http-date.ts';
import type { CacheRole, HeaderList, StoredResponse } from './types.ts';

const HEURISTIC_SHARE = 0.1;
const HEURISTIC_MAX_MS = 86_400_000;
const HEURISTIC_STATUSES = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501];

/** Whether a response of this status may be stored, and given a lifetime, without a word about it (RFC 9110, 15.1). */
export const isHeuristicallyCacheable = (status: number): boolean => HEURISTIC_STATUSES.includes(status);

/** When the response was generated; when it arrived, if it does not say so in a way that can be read. */
export function dateOf({ headers, responseTime }: Pick<StoredResponse, 'headers' | 'responseTime'>): number {
  return dateField(headers, 'date', responseTime) ?? responseTime;
}

/** A field that holds one date; undefined when it is absent or malformed. */
export function dateField(headers: HeaderList, name: string, wallNow: number): number | undefined {
  const text = fieldValue(headers, name);
  return text === undefined ? undefined : parseHttpDate(text, wallNow);
}

/** Milliseconds for which the response is fresh, counted from its birth; 0 = never. O(header). */
export function freshnessLifetimeMs(
  stored: Pick<StoredResponse, 'status' | 'headers' | 'responseTime'>,
  role: CacheRole,
): number {
  const { headers, status, responseTime } = stored;
  const { directives, targeted } = responseDirectives(headers, role);
  const explicit =
    (role.shared ? secondsAsMs(directives['s-maxage']) : undefined) ?? secondsAsMs(directives['max-age']);
  if (explicit !== undefined) return explicit;
  const date = dateOf(stored);
  if (!targeted && fieldValue(headers, 'expires') !== undefined) {
    return Math.max(0, (dateField(headers, 'expires', responseTime) ?? 0) - date);
  }
  const modified = dateField(headers, 'last-modified', responseTime);
  if (modified === undefined || !isHeuristicallyCacheable(status)) return 0;
  return Math.min(HEURISTIC_MAX_MS, Math.max(0, date - modified) * HEURISTIC_SHARE);
}

/** Milliseconds since the response was generated or last validated by its origin. O(header). */
export function currentAgeMs(
  stored: Pick<StoredResponse, 'headers' | 'requestTime' | 'responseTime'>,
  wallNow: number,
): number {
  const { headers, requestTime, responseTime } = stored;
  // Of a list the first counts, and what is no number of seconds is ignored (5.1).
  const told = /^\s*(\d+)\s*(?:,|$)/.exec(fieldValue(headers, 'age') ?? '')?.[1] ?? '0';
  const delayed = Math.min(2 ** 31, Number(told)) * 1000 + Math.max(0, responseTime - requestTime);
  return Math.max(0, responseTime - dateOf(stored), delayed) + Math.max(0, wallNow - responseTime);
}
