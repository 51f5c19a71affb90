/**
 * The bytes of a key, one after the other into a state: what CRCs and FNV and Jenkins' hash have in common.
 *
 * As in xxh32.ts a string is read by its characters, which are its bytes as long as all are ASCII; when one was not,
 * the result is thrown away and the UTF-8 bytes are folded instead. So a step must bear any number below 65,536 as
 * `byte`.
 */
import { requireKey, utf8 } from '../key-bytes.ts';
import type { Key } from '../types.ts';

/**
 * The state after the bytes of a key, or of a part of it: `start` and `end` count what `key.length` counts, characters
 * or bytes. O(end - start); allocates nothing for ASCII.
 *
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 */
export function foldBytes(
  key: Key,
  state: number,
  step: (state: number, byte: number) => number,
  start = 0,
  end?: number,
): number {
  if (typeof key !== 'string') requireKey(key);
  const to = end ?? key.length;
  let next = state;
  if (typeof key === 'string') {
    let any = 0;
    for (let i = start; i < to; i++) {
      const c = key.charCodeAt(i);
      any |= c;
      next = step(next, c);
    }
    if (any < 128) return next;
    const { bytes, length } = utf8(key.slice(start, to));
    next = state;
    for (let i = 0; i < length; i++) next = step(next, bytes[i] as number);
    return next;
  }
  for (let i = start; i < to; i++) next = step(next, key[i] as number);
  return next;
}
