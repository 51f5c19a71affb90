/**
 * Header lists: reading a field, and keeping what a cache may keep.
 *
 * Several lines of one name are one list, joined by commas (RFC 9110, 5.3). Fields that speak about a connection
 * rather than about the response are never stored (RFC 9111, 3.1): the fixed ones below, and what `Connection` names.
 */
import type { HeaderList } from './types.ts';

/** The value of a field, its lines joined by ", "; undefined when there is none. O(fields). */
export function fieldValue(headers: HeaderList, name: string): string | undefined {
  let value: string | undefined;
  for (const [key, text] of headers) {
    // Lengths differ for nearly all of them, and cost nothing to compare.
    if (key.length === name.length && key.toLowerCase() === name)
      value = value === undefined ? text : `${value}, ${text}`;
  }
  return value;
}

/** The members of a list of names, in lower case. */
export function nameList(value: string | undefined): string[] {
  return value === undefined
    ? []
    : value
        .toLowerCase()
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '');
}

export function without(headers: HeaderList, names: readonly string[]): HeaderList {
  return headers.filter(([name]) => !names.includes(name.toLowerCase()));
}

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** The fields without those of the connection. */
export function endToEnd(headers: HeaderList): HeaderList {
  return without(headers, [...HOP_BY_HOP, ...nameList(fieldValue(headers, 'connection'))]);
}
