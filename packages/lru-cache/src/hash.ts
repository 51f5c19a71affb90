/**
 * Hashes: 32 bits for a number or a string, seeded. Pure functions; which is used when is `key-index.ts`'s business.
 *
 * A string's hash is cached by the engine but not shown to us, so hashing every character loses to `Map` on long
 * keys. `hashSampled` looks at 8 UTF-16 units at most: all of a short key, else the last six, the one before the middle
 * and the one before the first quarter, where counters, UUIDs and digests differ. `hashAt` looks where it is told
 * (entropy-learned hashing, Hentschel et al., SIGMOD 2022). `hashFull` looks everywhere.
 *
 * The sampled units go two by two into a sum of products (multilinear hashing, as in Lemire & Kaser 2014): its terms
 * wait for each other nowhere, which a chain of rounds would. `mix` then carries every bit to both ends, because the
 * index takes its cell from the low bits and its tag from the high ones. None of this is cryptographic: who knows the
 * seed can make collisions, and the index defends itself by counting its probes.
 */
const K1 = 0x9e3779b1;
const K2 = 0x85ebca77;
const K3 = 0xc2b2ae3d;
const K4 = 0x27d4eb2f;

/** The finalizer of MurmurHash3 (Appleby, public domain), whose every input bit moves every output bit. */
export function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** For integers of 32 bits; a permutation of them. */
export function hashInt(key: number, seed: number): number {
  return mix(key ^ seed);
}

/** For other numbers: all 64 bits. `bits` is room for one number, so that hashing allocates nothing. */
export function hashDouble(key: number, seed: number, bits: DoubleBits): number {
  bits.number[0] = key;
  return mix((Math.imul(bits.halves[0] as number, K1) + Math.imul(bits.halves[1] as number, K2) + seed) | 0);
}

/** One number seen as two integers. */
export interface DoubleBits {
  readonly number: Float64Array;
  readonly halves: Int32Array;
}

export function doubleBits(): DoubleBits {
  const number = new Float64Array(1);
  return { number, halves: new Int32Array(number.buffer) };
}

/** At most 8 units of a string. */
export function hashSampled(key: string, seed: number): number {
  const n = key.length;
  if (n < 8) return hashFull(key, seed);
  const far = n - 8;
  const a = key.charCodeAt(n - 1) | (key.charCodeAt(n - 2) << 16);
  const b = key.charCodeAt(n - 3) | (key.charCodeAt(n - 4) << 16);
  const c = key.charCodeAt(n - 5) | (key.charCodeAt(n - 6) << 16);
  const d = key.charCodeAt((far >> 1) + 1) | (key.charCodeAt(far >> 2) << 16);
  return mix((Math.imul(a, K1) + Math.imul(b, K2) + Math.imul(c, K3) + Math.imul(d, K4) + (seed ^ n)) | 0);
}

/** The units at an even number of offsets, from the start or, if negative, from the end; those that a string lacks count as 0. */
export function hashAt(key: string, positions: Int8Array, seed: number): number {
  const n = key.length;
  let h = seed ^ n;
  // Two at a time, as above: the multiplications of a pair do not wait for each other.
  for (let i = 0; i < positions.length; i += 2) {
    const p = positions[i] as number;
    const q = positions[i + 1] as number;
    const at = p < 0 ? n + p : p;
    const to = q < 0 ? n + q : q;
    const a = at >= 0 && at < n ? key.charCodeAt(at) : 0;
    const b = to >= 0 && to < n ? key.charCodeAt(to) : 0;
    h = Math.imul(h ^ (a | (b << 16)), K1);
    h ^= h >>> 15;
  }
  return mix(h);
}

/** Every unit of a string. O(length). */
export function hashFull(key: string, seed: number): number {
  const n = key.length;
  let h = seed ^ n;
  for (let i = 0; i < n; i++) {
    h = Math.imul(h ^ key.charCodeAt(i), K1);
    h ^= h >>> 15;
  }
  return mix(h);
}
