/**
 * FNV-1a of 32 bits with a finaliser, so that it may place keys.
 *
 * Source: Fowler, Noll and Vo: each byte is XORed into the state, which is then multiplied by a prime. We depart in one
 * way. A byte moves upwards by multiplications only, so the top bits of raw FNV-1a hardly know the end of a short key,
 * and the top bits decide the owner; the finaliser of MurmurHash3 spreads them. It is a bijection: two keys collide here
 * where they collide in FNV-1a.
 */
import { foldBytes } from '../compat/fold-bytes.ts';
import type { Key, KeyHash } from '../types.ts';
import { fmix32 } from './murmur3.ts';

const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

const step = (state: number, byte: number): number => Math.imul(state ^ byte, PRIME);

/**
 * FNV-1a of the UTF-8 bytes of a string, or of bytes, finalised; in 0..2^32 - 1. O(length). The seed is XORed into the
 * basis, so that 0 is FNV-1a. For the raw hash of other programs see the flavours of `ketama`.
 *
 * `hash` throws TypeError for a key that is neither string nor Uint8Array.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { ring } from '@loadbearing/consistent-hash';
 * import { fnv1a_32 } from '@loadbearing/consistent-hash/hashes';
 * const caches = ring(['cache-a', 'cache-b'], { hash: fnv1a_32 });
 * assert.equal(caches.hashOf('é'), caches.hashOf(new TextEncoder().encode('é')));
 * ```
 */
export const fnv1a_32: KeyHash = /* @__PURE__ */ Object.freeze({
  name: 'fnv1a_32',
  hash: (key: Key, seed: number): number => fmix32(foldBytes(key, BASIS ^ seed, step)),
});
