/**
 * Freshening a stored response (RFC 9111, 3.2, 4.3.4, 4.3.5): a 304 replaces its fields, the body stays.
 *
 * `Content-Length`, `-Encoding` and `-Range` describe the body that we have, so a 304 has no say in them (some servers
 * send `Content-Length: 0`). The stored `Age`, `Date` and `Cache-Status` tell of a journey that this validation has
 * made anew: kept, they would make the response as old as before and stale at once.
 */
import { dateField } from './age.ts';
import { endToEnd, fieldValue, without } from './fields.ts';
import type { HeaderList, StoredResponse } from './types.ts';

const OF_THE_BODY = ['content-length', 'content-encoding', 'content-range'];

/** The field `Date` as it must be when a response is stored or passed on (RFC 9110, 6.6.1): the clock's, if it has none. */
export function withDate(headers: HeaderList, responseTime: number): HeaderList {
  if (dateField(headers, 'date', responseTime) !== undefined) return headers;
  return [...without(headers, ['date']), ['date', new Date(responseTime).toUTCString()]];
}

/** The stored response with the fields of a 304. Changes nothing in place. O(fields²). */
export function mergeNotModified(
  stored: StoredResponse,
  headers: HeaderList,
  requestTime: number,
  responseTime: number,
): StoredResponse {
  const updates = withDate(without(endToEnd(headers), OF_THE_BODY), responseTime);
  const replaced = new Set(updates.map(([name]) => name.toLowerCase()));
  const kept = stored.headers.filter(([name]) => !replaced.has(name.toLowerCase()));
  return {
    ...stored,
    headers: [...without(kept, ['age', 'date', 'cache-status']), ...updates],
    requestTime,
    responseTime,
  };
}

/** Whether the header of a HEAD's 200 is that of the stored response; undefined when it does not tell. */
export function sameRepresentation(stored: StoredResponse, headers: HeaderList): boolean | undefined {
  let same: boolean | undefined;
  for (const name of ['etag', 'last-modified', 'content-length']) {
    const value = fieldValue(headers, name);
    if (value === undefined) continue;
    if (value !== fieldValue(stored.headers, name)) return false;
    same = true;
  }
  return same;
}
