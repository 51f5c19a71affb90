/**
 * Cache-Control (RFC 9111, 5.2), leniently: what is malformed costs its own directive and never the next one.
 *
 * Of duplicates the first counts (4.2.1). Arguments may be tokens or quoted strings (5.2); seconds above 2^31 become
 * 2^31 (1.2.2). An argument that should be seconds and is not stays text, and whoever reads it sees that it is no
 * number: a malformed `max-age` must mean stale and not absent, or a longer lifetime from elsewhere would take over.
 * A quote that is never closed ends at the next comma, so that it cannot swallow a `no-store` behind it.
 *
 * A shared cache reads `CDN-Cache-Control` instead, if there is a valid one (RFC 9213): then neither `Cache-Control`
 * nor `Expires` has a say.
 */
import { fieldValue } from './fields.ts';
import { dictionary, parseDictionary } from './structured-fields.ts';
import type { CacheControl, CacheRole, HeaderList } from './types.ts';

const SECONDS_MAX = 2 ** 31;

/** Any blanks, then: a name, perhaps with "=" and an argument, and what else stands before the comma; or rubbish. */
const DIRECTIVE = /[\s,]*(?:([\w!#$%&'*+.^`|~-]+)(?:(\s*=\s*)(?:"((?:[^"\\]|\\[^])*)"|([^\s,]*)))?([^,]*)|[^,]+)/gy;

function argument(
  equals: string | undefined,
  quoted: string | undefined,
  token: string,
  rest: string,
): number | string | true {
  if (equals === undefined && rest.trim() === '') return true;
  const text = quoted === undefined ? token : quoted.replace(/\\([^])/g, '$1');
  const wellFormed = equals === '=' && rest.trim() === '';
  return wellFormed && /^\d+$/.test(text) ? Math.min(SECONDS_MAX, Number(text)) : wellFormed ? text : `${text} ?`;
}

/** The directives of a `Cache-Control` value. O(length), never throws. */
export function parseCacheControl(value: string): CacheControl {
  const directives = new Map<string, number | string | true>();
  for (const [, name, equals, quoted, token = '', rest = ''] of value.matchAll(DIRECTIVE)) {
    const key = name?.toLowerCase();
    if (key !== undefined && !directives.has(key)) directives.set(key, argument(equals, quoted, token, rest));
  }
  return dictionary(directives);
}

/** What a response allows its caches. */
export interface ResponseDirectives {
  readonly directives: CacheControl;
  /** They come from a targeted field, so `Expires` is not read. */
  readonly targeted: boolean;
}

export function responseDirectives(headers: HeaderList, { shared }: CacheRole): ResponseDirectives {
  const targeted = shared ? parseDictionary(fieldValue(headers, 'cdn-cache-control') ?? '') : undefined;
  return {
    directives: targeted ?? parseCacheControl(fieldValue(headers, 'cache-control') ?? ''),
    targeted: targeted !== undefined,
  };
}

/** What a request asks of its caches; `Pragma: no-cache` speaks where there is no `Cache-Control` (5.4). */
export function requestDirectives(headers: HeaderList): CacheControl {
  return parseCacheControl(fieldValue(headers, 'cache-control') ?? fieldValue(headers, 'pragma') ?? '');
}

/** The fields that `no-cache="..."` or `private="..."` names; undefined when the directive covers the response. */
export function qualifiedBy(value: number | string | true | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A directive in seconds, as milliseconds; 0 when it is there but malformed, undefined when it is not. */
export function secondsAsMs(value: number | string | true | undefined): number | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'number' && value >= 0 ? Math.min(SECONDS_MAX, value) * 1000 : 0;
}

/** Whether stale use is forbidden, on errors too (RFC 9111, 4.2.4; `s-maxage` implies it by 5.2.2.10). */
export function forbidsStale(directives: CacheControl, { shared }: CacheRole): boolean {
  const has = (name: string): boolean => directives[name] !== undefined;
  return (
    has('must-revalidate') || mustAlwaysValidate(directives) || (shared && (has('proxy-revalidate') || has('s-maxage')))
  );
}

/** Whether every use needs the origin's word. */
export function mustAlwaysValidate(directives: CacheControl): boolean {
  const value = directives['no-cache'];
  return value !== undefined && qualifiedBy(value) === undefined;
}
