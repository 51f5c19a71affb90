/**
 * Hashes of keys as C programs compute them over `char`: one-at-a-time and FNV-1a, the words that libmemcached and
 * twemproxy know in their configuration.
 *
 * Sources: Jenkins, "Hash functions" (Dr. Dobb's Journal, 1997) for one-at-a-time; Fowler, Noll and Vo for FNV-1a.
 * Those programs depart from them, and so do we. `char` has a sign on x86, so a byte of 0x80 and above is added as a
 * negative number, with 24 more bits set. And their 64-bit FNV keeps only 32 bits of its state, start and prime.
 *
 * They are here to agree with those programs. As hashes of keys elsewhere they are unfit: the top bits of raw FNV are
 * hardly mixed for short keys.
 */
import type { Key, KeyHash } from '../types.ts';
import { foldBytes } from './fold-bytes.ts';

const signed = (byte: number): number => (byte << 24) >> 24;

function charHash(
  name: string,
  start: number,
  step: (state: number, byte: number) => number,
  finish: (state: number) => number,
): KeyHash {
  return Object.freeze({
    name,
    hash: (key: Key, seed: number): number => finish(foldBytes(key, start ^ seed, step)) >>> 0,
  });
}

function fnv1a(name: string, start: number, prime: number): KeyHash {
  return charHash(
    name,
    start,
    (state, byte) => Math.imul(state ^ signed(byte), prime),
    (state) => state,
  );
}

/** Jenkins' one-at-a-time over signed bytes: `default` in libmemcached, `one_at_a_time` in twemproxy. */
export const one_at_a_time: KeyHash = charHash(
  'one_at_a_time',
  0,
  (state, byte) => {
    const sum = Math.imul(state + signed(byte), 1025);
    return sum ^ (sum >>> 6);
  },
  (state) => {
    const sum = Math.imul(state, 9);
    return Math.imul(sum ^ (sum >>> 11), 32_769);
  },
);

/** FNV-1a of 32 bits over signed bytes, not finalised: `fnv1a_32` in twemproxy and libmemcached. */
export const fnv1a_32_char: KeyHash = fnv1a('fnv1a_32_char', 0x811c9dc5, 0x01000193);

/** FNV-1a of 64 bits over signed bytes, cut to 32 bits: `fnv1a_64`, the default of twemproxy. */
export const fnv1a_64_char: KeyHash = fnv1a('fnv1a_64_char', 0x84222325, 0x1b3);
