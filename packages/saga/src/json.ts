/**
 * JSON at the border: what user code returns becomes what JSON gives back, at once and in every process alike.
 *
 * Without the round trip the first process would see a Date or an undefined member and the one that takes over would
 * not. Sizes are bytes of UTF-8, checked before anything is written.
 */
import type { Json } from './types.ts';

export type JsonText =
  | { readonly ok: true; readonly text: string | undefined; readonly value: Json | undefined }
  | { readonly ok: false; readonly why: string };

// The library's type forgets that functions, symbols and undefined have no text.
const stringify = JSON.stringify as (value: unknown) => string | undefined;

/** `undefined` stays undefined: a step without result. */
export function toJson(value: unknown, bytesMax: number): JsonText {
  if (value === undefined) return { ok: true, text: undefined, value: undefined };
  let text: string | undefined;
  try {
    text = stringify(value);
  } catch (error) {
    return { ok: false, why: `not JSON: ${error instanceof Error ? error.message : 'it cannot be read'}` };
  }
  if (text === undefined) return { ok: false, why: `not JSON: a ${typeof value}` };
  if (!fits(text, bytesMax)) return { ok: false, why: `larger than ${bytesMax} bytes of JSON` };
  return { ok: true, text, value: JSON.parse(text) as Json };
}

// A UTF-16 code unit is at most 3 bytes of UTF-8, so most texts need no counting.
function fits(text: string, bytesMax: number): boolean {
  if (text.length * 3 <= bytesMax) return true;
  return text.length <= bytesMax && new TextEncoder().encode(text).length <= bytesMax;
}
