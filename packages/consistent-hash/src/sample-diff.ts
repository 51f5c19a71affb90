/**
 * `sampleDiff`: about how many keys change their owner, for placements that have no ranges to compare.
 *
 * It asks both sides about the same hashes, `i * 2654435761 mod 2^32` for i = 0, 1, 2, ...: multiples of the golden
 * section of the hash space, which fill it more evenly than random numbers would, and without randomness. Where both
 * sides have ranges, `diff` is exact and cheaper.
 */
import { requireInteger } from './errors.ts';
import { requireSameHash } from './same-hash.ts';
import type { Placement } from './types.ts';

export interface SampledDiff {
  /** Fraction of the samples whose owner changes. */
  readonly moved: number;
  /** The same by old and new owner, the largest share first. */
  readonly pairs: readonly { readonly from: string; readonly to: string; readonly share: number }[];
}

const SAMPLES_DEFAULT = 65_536;

/**
 * An estimate of what moves from `before` to `after`: a share s is off by about sqrt(s / samples), mostly by less. A pair
 * with a share near 1 / samples may be missing. O(samples).
 *
 * @param samples an integer in 1..2^32. Default 65536
 * @throws {PlacementError} HASH_MISMATCH when the two differ in hash or seed; BAD_OPTION for a bad number of samples
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { rendezvous, sampleDiff } from '@loadbearing/consistent-hash';
 * const before = rendezvous(['a', 'b', 'c']);
 * const { moved, pairs } = sampleDiff(before, before.with('d'));
 * assert.ok(Math.abs(moved - 1 / 4) < 0.01);
 * assert.ok(pairs.every(({ to }) => to === 'd'));
 * ```
 */
export function sampleDiff<A, B>(
  before: Placement<A>,
  after: Placement<B>,
  samples: number = SAMPLES_DEFAULT,
): SampledDiff {
  requireInteger('samples', samples, 1, 2 ** 32);
  requireSameHash(before, after);
  const pairs = new Map<string, { from: string; to: string; share: number }>();
  let moved = 0;
  for (let i = 0; i < samples; i++) {
    const hash = Math.imul(i, 2_654_435_761) >>> 0;
    const from = before.locateHash(hash).id;
    const to = after.locateHash(hash).id;
    if (from === to) continue;
    moved++;
    // The length keeps 'ab' + 'c' and 'a' + 'bc' apart.
    const name = `${from.length} ${from}${to}`;
    const pair = pairs.get(name);
    if (pair === undefined) pairs.set(name, { from, to, share: 1 });
    else pair.share++;
  }
  return {
    moved: moved / samples,
    pairs: [...pairs.values()]
      .sort((a, b) => b.share - a.share)
      .map(({ from, to, share }) => ({ from, to, share: share / samples })),
  };
}
