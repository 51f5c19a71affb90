/**
 * Hashes: 32 bits for a key, seeded. Pure functions; which of them is used when is `key-index.ts`'s business.
 *
 * A string's hash is cached by the engine but not shown to us, so hashing every character loses to `Map` on long
 * keys. `hashSampled` looks at 8 UTF-16 units at most: all of a short key, else the last six and those at a half and a
 * quarter, where counters, UUIDs and digests differ. `hashAt` looks where it is told (entropy-learned hashing,
 * Hentschel et al., SIGMOD 2022). `hashFull` looks everywhere.
 *
 * Two units go into one multiply-xorshift round; the multiplier and the finalizer are those of MurmurHash3 (Appleby),
 * which is public domain. All start from `seed ^ length`. Not cryptographic: who knows the seed can make collisions,
 * and the index defends itself by watching its probes.
 */
const ROUND = 0xcc9e2d51;

/** Full avalanche: every bit of the input moves every bit of the output. */
export function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** One round over two units. */
function round(h: number, first: number, second: number): number {
  h = Math.imul(h ^ (first | (second << 16)), ROUND);
  return h ^ (h >>> 15);
}

/** For integers of 32 bits. */
export function hashInt(key: number, seed: number): number {
  return mix(key ^ seed);
}

/** For other numbers: all 64 bits. `bits` is room for one number, so that hashing allocates nothing. */
export function hashDouble(key: number, seed: number, bits: Float64Array): number {
  bits[0] = key;
  const halves = new Int32Array(bits.buffer);
  return mix(Math.imul(mix((halves[0] as number) ^ seed), ROUND) ^ (halves[1] as number));
}

/** At most 8 units of a string. */
export function hashSampled(key: string, seed: number): number {
  const n = key.length;
  let h = seed ^ n;
  if (n >= 8) {
    h = round(h, key.charCodeAt(n - 1), key.charCodeAt(n - 2));
    h = round(h, key.charCodeAt(n - 3), key.charCodeAt(n - 4));
    h = round(h, key.charCodeAt(n - 5), key.charCodeAt(n - 6));
    h = round(h, key.charCodeAt(n >> 1), key.charCodeAt(n >> 2));
    return mix(h);
  }
  return hashFull(key, seed);
}

/** Every unit of a string. O(length). */
export function hashFull(key: string, seed: number): number {
  const n = key.length;
  let h = seed ^ n;
  let at = 0;
  for (; at + 1 < n; at += 2) h = round(h, key.charCodeAt(at), key.charCodeAt(at + 1));
  if (at < n) h = round(h, key.charCodeAt(at), 0);
  return mix(h);
}
