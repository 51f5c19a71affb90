/**
 * Fingerprints: 32 bits for any key, for the policies that remember keys after they left.
 *
 * Objects and functions have nothing to hash and get a number each, which a `WeakMap` remembers as long as they live.
 * All else is hashed as text. Keys that are one key to `Map` have one fingerprint (`-0` and `0`, `NaN`s); a few that are
 * two to `Map` share theirs (`1` and `'1'`), as keys may that merely collide: a ghost may err, since no more than a
 * queue depends on it.
 */
import { hashFull, hashInt } from './hash.ts';

export class Fingerprints {
  declare private readonly seed: number;
  private readonly numbers = new WeakMap<WeakKey, number>();
  private next = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  of(key: unknown): number {
    if (key === null || (typeof key !== 'object' && typeof key !== 'function')) return hashFull(String(key), this.seed);
    const number = this.numbers.get(key) ?? ++this.next;
    this.numbers.set(key, number);
    return hashInt(number, ~this.seed);
  }
}
