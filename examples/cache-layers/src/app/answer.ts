/**
 * What an app answers over HTTP: an item with the headers by which every cache in front of it works.
 *
 * `Cache-Status` (RFC 9211) names the caches that the answer came through, the one nearest to the database first; each
 * level inside the app adds its member as the edge and the browser do later. `Server-Timing` says what each took.
 *
 *   /items/<id>              an item; 304 when If-None-Match names its version
 *   /assets/<id>.<version>   the same under an address that names the version: immutable
 *   /greetings/<vary>/<id>   in the reader's language; <vary> says which Vary it claims: right, wide or missing
 */
import { cacheStatus } from '@loadbearing/lru-cache/http';
import type { Item } from '../database/items.ts';
import type { Trace } from './levels.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Asked {
  readonly path: string;
  readonly ifNoneMatch: string | undefined;
  readonly acceptLanguage: string | undefined;
}

export type Route =
  | { readonly kind: 'item' | 'asset'; readonly id: number }
  | { readonly kind: 'greeting'; readonly id: number; readonly vary: Vary };
export type Vary = 'right' | 'wide' | 'missing';

const varyOf: Readonly<Record<Vary, string | undefined>> = {
  right: 'Accept-Language',
  wide: 'User-Agent',
  missing: undefined,
};

/** undefined = there is no such address. Pure. */
export function routeOf(path: string): Route | undefined {
  const [, item] = /^\/items\/(\d{1,9})$/.exec(path) ?? [];
  if (item !== undefined) return { kind: 'item', id: Number(item) };
  const [, asset] = /^\/assets\/(\d{1,9})\.\d{1,9}$/.exec(path) ?? [];
  if (asset !== undefined) return { kind: 'asset', id: Number(asset) };
  const [, vary, greeting] = /^\/greetings\/(right|wide|missing)\/(\d{1,9})$/.exec(path) ?? [];
  if (greeting !== undefined) return { kind: 'greeting', id: Number(greeting), vary: vary as Vary };
  return undefined;
}

/** Of the levels that were asked. Pure. */
export function statusOf(name: string, { l1, l2, isLoaded }: Trace): string | undefined {
  const members: string[] = [];
  if (l2 === 'hit') members.push(cacheStatus({ name: 'l2', hit: true }));
  else if (l2 === 'miss') members.push(cacheStatus({ name: 'l2', fwd: 'uri-miss', stored: isLoaded }));
  else if (l2 === 'error') members.push(cacheStatus({ name: 'l2', fwd: 'bypass', detail: 'unreachable' }));
  if (l1 === 'hit') members.push(cacheStatus({ name, hit: true }));
  else if (l1 === 'miss') members.push(cacheStatus({ name, fwd: 'uri-miss', stored: true }));
  else if (l1 === 'joined') members.push(cacheStatus({ name, fwd: 'uri-miss', collapsed: true }));
  return members.length === 0 ? undefined : members.join(', ');
}

/** Pure. */
export function timingOf(name: string, { l2, l2Ms, isLoaded, dbMs }: Trace, allMs: number): string {
  const entries = [`${name};dur=${allMs.toFixed(2)}`];
  if (l2 !== 'not asked') entries.push(`l2;dur=${l2Ms.toFixed(2)}`);
  if (isLoaded) entries.push(`db;dur=${dbMs.toFixed(2)}`);
  return entries.join(', ');
}

/** Pure: what is said about an item, given how it was found. */
export function answerOf(
  route: Route,
  asked: Asked,
  item: Item | undefined,
  cacheControl: string,
  trailers: { readonly status: string | undefined; readonly timing: string },
): Answer {
  const common = {
    'server-timing': trailers.timing,
    ...(trailers.status === undefined ? {} : { 'cache-status': trailers.status }),
  };
  if (item === undefined) {
    return { status: 404, headers: { ...common, 'cache-control': 'public, max-age=1' }, body: '' };
  }
  const etag = `"${item.id}.${item.version}"`;
  const headers: Record<string, string> = {
    ...common,
    'content-type': 'application/json',
    'cache-control': route.kind === 'asset' ? 'public, max-age=31536000, immutable' : cacheControl,
    etag,
  };
  if (route.kind === 'greeting') {
    const language = asked.acceptLanguage?.startsWith('de') === true ? 'de' : 'en';
    const vary = varyOf[route.vary];
    if (vary !== undefined) headers['vary'] = vary;
    headers['etag'] = `"${item.id}.${item.version}.${language}"`;
    headers['content-language'] = language;
    return { status: 200, headers, body: JSON.stringify({ language, text: language === 'de' ? 'Hallo' : 'Hello' }) };
  }
  // RFC 9110 13.1.2 compares weakly; our tags have no comma, so the list can be split at them.
  const tags = asked.ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (tags?.includes(etag) === true) return { status: 304, headers, body: '' };
  return { status: 200, headers, body: JSON.stringify(item) };
}
