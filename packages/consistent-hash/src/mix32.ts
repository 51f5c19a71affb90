/**
 * mix32: one well-mixed word out of a counter or a hash and a 64-bit identity.
 *
 * Source: triple32 of Christopher Wellons' hash-prospector (https://github.com/skeeto/hash-prospector), three
 * multiplications and four xorshifts with a bias near the theoretical limit. We depart in one way: it takes two keys,
 * `a` on entry and `b` in the middle. For fixed keys every step is a bijection, so different `x` never collide.
 *
 * Two words and not one, because identities collide as birthdays do: among 10,000 nodes about one pair in a hundred
 * rings would share a 32-bit identity, with it every point, and one of the two would own nothing.
 */

/** mix32 as a signed word: one above 2^31 would be allocated wherever this call is not inlined. */
export function mix(x: number, a: number, b: number): number {
  x ^= a;
  x ^= x >>> 17;
  x = Math.imul(x, 0xed5ad4bb);
  x ^= x >>> 11;
  x = Math.imul((x + b) | 0, 0xac4c1b51);
  x ^= x >>> 15;
  x = Math.imul(x, 0x31848bab);
  return x ^ (x >>> 14);
}

/**
 * A second, independent choice from a hash: `mix32(hash, salt, 0)` spreads keys of one node evenly, which the hash
 * itself, having chosen the node, cannot. In 0..2^32 - 1. O(1).
 */
export function mix32(x: number, a: number, b: number): number {
  return mix(x, a, b) >>> 0;
}
