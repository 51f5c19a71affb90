/**
 * Invalidation (RFC 9111, 4.4): an unsafe request that did not fail makes what is stored about its target untrue.
 *
 * The target's own URI goes, and with it those named in `Location` and `Content-Location` if they are of the same
 * origin: another origin's responses are not its to throw out. A method that we do not know is unsafe.
 */
import { fieldValue } from './fields.ts';
import type { HeaderList } from './types.ts';

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

const isSafe = (method: string): boolean => SAFE.includes(method);

/** The key of a URI: the URI without its fragment, which is never sent. */
export function uriKey(uri: string): string {
  const at = uri.indexOf('#');
  return at < 0 ? uri : uri.slice(0, at);
}

/** The keys that this response throws out. Never throws, whatever the header says. */
export function invalidatedBy(method: string, uri: string, status: number, headers: HeaderList): string[] {
  if (isSafe(method) || status < 200 || status > 399) return [];
  const keys = [uriKey(uri)];
  for (const name of ['location', 'content-location']) {
    const named = fieldValue(headers, name);
    if (named === undefined || !URL.canParse(named, uri)) continue;
    const target = new URL(named, uri);
    if (target.origin === new URL(uri).origin) keys.push(uriKey(target.href));
  }
  return keys;
}
