/**
 * Cache-Status (RFC 9211): what this cache did, as one member of a list that every cache on the way appends to.
 *
 *     Cache-Status: origin; hit; ttl=1100, edge; fwd=stale; fwd-status=304; stored
 *
 * The last member is that of the cache nearest to the user. `hit` and `fwd` exclude each other.
 */
import { fieldValue, without } from './fields.ts';
import { serializeString, serializeTokenOrString } from './structured-fields.ts';
import type { HeaderList } from './types.ts';

export interface CacheStatusMember {
  readonly name: string;
  /** Answered without going forward. */
  readonly hit?: boolean;
  /** Why the request went forward. */
  readonly fwd?: 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial';
  readonly fwdStatus?: number;
  /** Seconds of freshness left; negative when stale. */
  readonly ttl?: number;
  readonly stored?: boolean;
  /** Answered by another request's trip to the origin. */
  readonly collapsed?: boolean;
  readonly key?: string;
  readonly detail?: string;
}

/** The member as text. O(length). */
export function cacheStatus(member: CacheStatusMember): string {
  const { name, hit, fwd, fwdStatus, ttl, stored, collapsed, key, detail } = member;
  let text = serializeTokenOrString(name);
  if (hit === true) text += '; hit';
  else if (fwd !== undefined) text += `; fwd=${fwd}`;
  if (fwdStatus !== undefined) text += `; fwd-status=${fwdStatus}`;
  if (ttl !== undefined) text += `; ttl=${Math.floor(ttl)}`;
  if (stored === true) text += '; stored';
  if (collapsed === true) text += '; collapsed';
  if (key !== undefined) text += `; key=${serializeString(key)}`;
  if (detail !== undefined) text += `; detail=${serializeTokenOrString(detail)}`;
  return text;
}

/** The fields with this member behind those of the caches before us. */
export function withCacheStatus(headers: HeaderList, member: CacheStatusMember): HeaderList {
  const before = fieldValue(headers, 'cache-status');
  const own = cacheStatus(member);
  return [...without(headers, ['cache-status']), ['cache-status', before === undefined ? own : `${before}, ${own}`]];
}
