/**
 * Vary (RFC 9111, 4.1): which of a URI's stored responses answers this request.
 *
 * A response is selected when every field that its `Vary` names is the same in the request that fetched it and in the
 * one at hand, absent being equal to absent only. Blanks around commas and the number of lines do not matter; what is
 * in quotes is left alone. `*` never matches. Of several the most recent by `Date` is used.
 */
import { dateOf } from './age.ts';
import { fieldValue, nameList } from './fields.ts';
import type { HeaderList, StoredResponse } from './types.ts';

/** The names in `Vary`, in lower case. */
export function varyNames(headers: HeaderList): string[] {
  return nameList(fieldValue(headers, 'vary'));
}

function normalized(value: string | undefined): string | undefined {
  if (value === undefined || value.includes('"')) return value?.trim();
  const members = value.split(',').map((member) => member.trim());
  return members.filter((member) => member !== '').join(',');
}

/** The fields of the request on which the choice of this response depends, normalised. */
export function selectingFields(requestHeaders: HeaderList, headers: HeaderList): HeaderList {
  const fields: [string, string][] = [];
  for (const name of varyNames(headers)) {
    const value = normalized(fieldValue(requestHeaders, name));
    if (value !== undefined) fields.push([name, value]);
  }
  return fields;
}

export function matchesVary(stored: StoredResponse, requestHeaders: HeaderList): boolean {
  return varyNames(stored.headers).every(
    (name) =>
      name !== '*' &&
      normalized(fieldValue(requestHeaders, name)) === normalized(fieldValue(stored.requestHeaders, name)),
  );
}

/** The stored response to use, or undefined. O(variants × fields). */
export function selectVariant(
  variants: readonly StoredResponse[],
  requestHeaders: HeaderList,
): StoredResponse | undefined {
  let best: StoredResponse | undefined;
  for (const stored of variants) {
    if (matchesVary(stored, requestHeaders) && (best === undefined || dateOf(stored) >= dateOf(best))) best = stored;
  }
  return best;
}
