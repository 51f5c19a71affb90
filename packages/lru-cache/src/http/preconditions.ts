/**
 * Preconditions (RFC 9110, 13): the ones we send to validate, and the ones a client sends that the store can answer.
 *
 * `If-None-Match` compares weakly and, where it is there, silences `If-Modified-Since` (13.1.3). Preconditions about
 * changing or resuming (`If-Match`, `If-Unmodified-Since`, `If-Range`) are for the origin alone.
 */
import { dateField, dateOf } from './age.ts';
import { fieldValue } from './fields.ts';
import type { HeaderList, StoredResponse } from './types.ts';

/** The fields that ask the origin whether this response still stands. */
export function conditionalHeaders(stored: StoredResponse): HeaderList {
  const fields: [string, string][] = [];
  const tag = fieldValue(stored.headers, 'etag');
  const modified = fieldValue(stored.headers, 'last-modified');
  if (tag !== undefined) fields.push(['if-none-match', tag]);
  if (modified !== undefined) fields.push(['if-modified-since', modified]);
  return fields;
}

/** The fields by which a client validates a copy of its own. */
export const CLIENT_VALIDATORS: readonly string[] = ['if-none-match', 'if-modified-since'];

/** The opaque part of an entity tag, which is all that a weak comparison looks at. */
const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');

/** Whether the client's own copy is still this response, so that a 304 is the answer (RFC 9111, 4.3.2). */
export function isNotModified(requestHeaders: HeaderList, stored: StoredResponse): boolean {
  if (stored.status !== 200) return false;
  const tags = fieldValue(requestHeaders, 'if-none-match');
  if (tags !== undefined) {
    const tag = fieldValue(stored.headers, 'etag');
    if (tags.trim() === '*') return true;
    // Commas may stand inside a tag, so tags are matched and not split.
    return tag !== undefined && (tags.match(/(?:W\/)?"[^"]*"/g) ?? []).some((other) => opaque(other) === opaque(tag));
  }
  const since = dateField(requestHeaders, 'if-modified-since', stored.responseTime);
  return (
    since !== undefined && (dateField(stored.headers, 'last-modified', stored.responseTime) ?? dateOf(stored)) <= since
  );
}

/** Whether a 304 speaks of this stored response, or of one that we do not have (RFC 9111, 4.3.4). */
export function validates(stored: StoredResponse, headers: HeaderList): boolean {
  const tag = fieldValue(headers, 'etag');
  if (tag !== undefined) return opaque(tag) === opaque(fieldValue(stored.headers, 'etag') ?? tag);
  const modified = fieldValue(headers, 'last-modified');
  return modified === undefined || modified === (fieldValue(stored.headers, 'last-modified') ?? modified);
}

/** A 304 leaves out what describes the body that it does not have (RFC 9110, 15.4.5). */
export const isBodyField = (name: string): boolean => /^content-(?:encoding|language|length|range|type)$/i.test(name);
