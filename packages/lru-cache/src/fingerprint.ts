/**
 * Fingerprints: 32 bits for any key, for the policies that remember keys after they left.
 *
 * Numbers and strings are hashed; objects, functions and symbols have nothing to hash and get a number each, which a
 * `WeakMap` remembers as long as they live. Keys that are one key to `Map` have one fingerprint: `-0` and `0`, `NaN`s.
 */
import { type DoubleBits, doubleBits, hashDouble, hashFull, hashInt, mix } from './hash.ts';

export class Fingerprints {
  private readonly seed: number;
  private readonly bits: DoubleBits = doubleBits();
  private numbers: WeakMap<WeakKey, number> | undefined;
  private next = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  of(key: unknown): number {
    switch (typeof key) {
      case 'string':
        return hashFull(key, this.seed);
      case 'number':
        return (key | 0) === key ? hashInt(key, this.seed) : hashDouble(key, this.seed, this.bits);
      case 'bigint':
        return mix(Number(BigInt.asIntN(32, key ^ (key >> 32n))) ^ this.seed);
      case 'boolean':
        return hashInt(key ? 1 : 2, ~this.seed);
      case 'undefined':
        return hashInt(3, ~this.seed);
      case 'symbol':
        // A registered symbol cannot be held weakly; its text tells it from others well enough.
        return hashFull(String(key), ~this.seed);
      default:
        return key === null ? hashInt(4, ~this.seed) : hashInt(this.numberOf(key as WeakKey), ~this.seed);
    }
  }

  private numberOf(key: WeakKey): number {
    this.numbers ??= new WeakMap();
    let number = this.numbers.get(key);
    if (number === undefined) this.numbers.set(key, (number = 5 + this.next++));
    return number;
  }
}
