/**
 * Jump consistent hash: the bucket of a key among n numbered buckets, without any table.
 *
 * Source: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (arXiv 1406.2294). As the number of
 * buckets grows from 1, a key moves to bucket n - 1 with probability 1/n, and always to the new one. The key seeds a
 * generator, and each of its draws says directly at which n the next move happens: about ln(n) draws for n buckets.
 *
 * We depart in two ways. The 64-bit generator runs on two 32-bit words, its product made of 16-bit limbs, because
 * BigInt is several times slower. And the arithmetic is that of Guava's `Hashing.consistentHash`, which rounds once
 * where the code in the paper rounds twice, and which stops at a draw of 1: together they show for fewer
 * than one key in a million, but a bucket is only useful if everybody computes the same one.
 *
 * Only the last bucket can go without renumbering others, so this is a function and no placement; memento.ts makes one.
 */
import { requireHash, requireInteger, shown } from './errors.ts';

const BUCKETS_MAX = 2 ** 31 - 1;

/** `jumpHash` of what is known to be in range: any 32-bit words, `buckets` in 1..2^31 - 1. O(log buckets). */
export function jump(hi: number, lo: number, buckets: number): number {
  let bucket = 0;
  for (;;) {
    // The state times 2862933555777941757, which is 0x27bb2ee687b0b0fd, plus 1. Every sum of limbs stays below 2^32, so
    // no carry is lost. Written as literals: bundlers turn constants of a module into variables, which V8 reads each time.
    const lo0 = lo & 0xffff;
    const lo1 = lo >>> 16;
    const middle = Math.imul(lo1, 0xb0fd) + ((Math.imul(lo0, 0xb0fd) + 1) >>> 16);
    const carried = Math.imul(lo0, 0x87b0) + (middle & 0xffff);
    const carry = Math.imul(lo1, 0x87b0) + (middle >>> 16) + (carried >>> 16);
    hi = (Math.imul(hi, 0x87b0b0fd) + Math.imul(lo, 0x27bb2ee6) + carry) | 0;
    lo = (Math.imul(lo, 0x87b0b0fd) + 1) | 0;
    // In (0, 1), by 31 bits. What would be 1 wraps to -1, as it does in Guava's int, and ends the walk.
    const draw = (((hi >>> 1) + 1) | 0) * 2 ** -31;
    const next = (bucket + 1) / draw;
    if (next < 0 || next >= buckets) return bucket;
    bucket = next | 0;
  }
}

/**
 * The bucket in 0..buckets - 1 of a 64-bit key given as two words, the upper one first. From n to n + 1 buckets a key
 * stays or moves to bucket n, which about 1/(n + 1) of the keys do. O(log buckets); allocates nothing.
 *
 * Of a 32-bit hash, `jumpHash(hash, mix32(hash, 1, 2), buckets)` uses every bit.
 *
 * @throws {PlacementError} BAD_OPTION unless both words are integers in 0..2^32 - 1 and buckets in 1..2^31 - 1
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { jumpHash, jumpHash64 } from '@loadbearing/consistent-hash';
 * assert.equal(jumpHash(0, 2201, 100_001), 22_152);
 * assert.equal(jumpHash64(2201n, 100_001), 22_152);
 * ```
 */
export function jumpHash(hi: number, lo: number, buckets: number): number {
  // First the cheap test: asking `requireInteger` each time would cost a third of the jump.
  if ((buckets | 0) !== buckets || buckets < 1) requireInteger('buckets', buckets, 1, BUCKETS_MAX);
  requireHash(hi);
  requireHash(lo);
  return jump(hi, lo, buckets);
}

/**
 * `jumpHash` of a 64-bit integer: Guava's `Hashing.consistentHash(long, int)`. A negative key means its two's
 * complement, as a `long` does; only the lower 64 bits count. O(log buckets).
 *
 * @throws {TypeError} for a key that is no bigint
 * @throws {PlacementError} BAD_OPTION unless buckets is an integer in 1..2^31 - 1
 */
export function jumpHash64(key: bigint, buckets: number): number {
  // BigInt.asUintN would turn '7' and true into numbers.
  if (typeof key !== 'bigint') throw new TypeError(`a key of 64 bits must be a bigint; got ${shown(key)}`);
  return jumpHash(Number(BigInt.asUintN(32, key >> 32n)), Number(BigInt.asUintN(32, key)), buckets);
}
