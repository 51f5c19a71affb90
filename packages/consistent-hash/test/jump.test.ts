/** Jump hashing against the values of Guava and of the paper's code, and against both written out in BigInt. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jumpHash, jumpHash64 } from '../src/jump.ts';
import vectors from './vectors/static.json' with { type: 'json' };

const MULTIPLIER = 2862933555777941757n;
const next = (state: bigint): bigint => BigInt.asUintN(64, state * MULTIPLIER + 1n);
const words = (key: bigint): [number, number] => [
  Number(BigInt.asUintN(64, key) >> 32n),
  Number(BigInt.asUintN(32, key)),
];

/** `Hashing.consistentHash` as its Java reads: `int` wraps, a cast from `double` to `int` saturates. */
function guava(key: bigint, buckets: number): number {
  let state = BigInt.asUintN(64, key);
  let candidate = 0;
  for (;;) {
    state = next(state);
    const draw = Number(BigInt.asIntN(32, (state >> 33n) + 1n)) / 2 ** 31;
    const target = Math.min(Math.trunc((candidate + 1) / draw), 2 ** 31 - 1);
    if (target < 0 || target >= buckets) return candidate;
    candidate = target;
  }
}

/** The code in the paper: two roundings, and 2^31 is a draw like any other. */
function paper(key: bigint, buckets: number): number {
  let state = BigInt.asUintN(64, key);
  let bucket = -1;
  let target = 0;
  while (target < buckets) {
    bucket = target;
    state = next(state);
    target = Math.trunc((bucket + 1) * (2 ** 31 / Number((state >> 33n) + 1n)));
  }
  return bucket;
}

/** The state that came before: the multiplier is odd, so it has an inverse, which Newton's iteration finds. */
function before(state: bigint): bigint {
  let inverse = 1n;
  for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(64, inverse * (2n - MULTIPLIER * inverse));
  return BigInt.asUintN(64, (state - 1n) * inverse);
}

/** The keys whose second draw is `draw` of 2^31, one for each value of the lower bits. */
const keyOfSecondDraw = (draw: number, lower: bigint): bigint => before(before(((BigInt(draw) - 1n) << 33n) | lower));

const key64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 1000n }));
const counts = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }));
const RUNS = process.env['NIGHTLY'] === '1' ? 200_000 : 3000;

describe('a jump', () => {
  it('gives the values of Guava and of the reference code', () => {
    const { golden100, cases, sequences } = vectors.jump;
    expect(golden100.map((_, i) => jumpHash64(BigInt(i), 100))).toEqual(golden100);
    for (const [key, buckets, bucket] of cases) {
      expect(jumpHash64(BigInt(key!), Number(buckets))).toBe(bucket);
    }
    for (const [key, buckets] of sequences as [string, number[]][]) {
      expect(buckets.map((_, i) => jumpHash64(BigInt(key), i + 1))).toEqual(buckets);
    }
  });

  it('equals the 64-bit arithmetic for every key and count', () => {
    fc.assert(
      fc.property(key64, counts, (key, buckets) => {
        const [hi, lo] = words(key);
        expect(jumpHash(hi, lo, buckets)).toBe(guava(key, buckets));
      }),
      {
        numRuns: RUNS,
        // Every carry between the limbs, and none.
        examples: [0n, 1n, 2n ** 64n - 1n, 0xffffffffn, 0xffff0000n, 0x0000ffff0000ffffn].map((key) => [
          key,
          2 ** 31 - 1,
        ]),
      },
    );
  });

  it('carries the 1 that it adds through all of the lower word', () => {
    for (let i = 0n; i < 100n; i++) {
      // The lower word of the first state is 0, so before the 1 came it was all ones.
      const key = before((i * 0x9e3779b1n) << 32n);
      expect(jumpHash64(key, 2 ** 31 - 1)).toBe(guava(key, 2 ** 31 - 1));
    }
  });

  it('takes a key as two words or as one integer, of which a negative one is its two’s complement', () => {
    fc.assert(
      fc.property(key64, counts, (key, buckets) => {
        const bucket = jumpHash(...words(key), buckets);
        expect(jumpHash64(key, buckets)).toBe(bucket);
        expect(jumpHash64(BigInt.asIntN(64, key), buckets)).toBe(bucket);
        expect(jumpHash64(key + 2n ** 64n, buckets)).toBe(bucket);
      }),
    );
  });

  it('rounds once, as Guava does, where the code in the paper rounds twice', () => {
    // After bucket 48 the draw is 49 * 2^25 of 2^31, so the next jump is to 64 exactly; 49 * (1 / 49) is less than 1.
    let found = 0;
    for (let lower = 0n; found < 3; lower += 0x12345677n) {
      const key = keyOfSecondDraw(49 * 2 ** 25, BigInt.asUintN(33, lower));
      if (Math.trunc(2 ** 31 / (Number(next(key) >> 33n) + 1)) !== 48) continue;
      found++;
      expect(paper(key, 64)).toBe(63);
      expect(jumpHash64(key, 64)).toBe(48);
      expect(jumpHash64(key, 65)).toBe(64);
    }
  });

  it('ends at a draw of 2^31, as Guava does, where the code in the paper goes on to the next bucket', () => {
    const key = keyOfSecondDraw(2 ** 31, 5n);
    const first = jumpHash64(key, 2 ** 31 - 1);
    expect(jumpHash64(key, first + 1)).toBe(first);
    expect(jumpHash64(key, first + 2)).toBe(first);
    expect(guava(key, first + 2)).toBe(first);
    expect(paper(key, first + 2)).toBe(first + 1);
  });

  it('moves a key only to the new bucket when there is one more', () => {
    fc.assert(
      fc.property(key64, fc.integer({ min: 1, max: 5000 }), (key, buckets) => {
        const [before, after] = [jumpHash64(key, buckets), jumpHash64(key, buckets + 1)];
        if (after !== before) expect(after).toBe(buckets);
      }),
      { numRuns: 1000 },
    );
  });

  it('fills all buckets alike', () => {
    const found = new Float64Array(20);
    for (let i = 0; i < 100_000; i++) found[jumpHash(Math.imul(i, 0x9e3779b1) >>> 0, i, 20)]!++;
    const chi2 = found.reduce((sum, count) => sum + (count - 5000) ** 2 / 5000, 0);
    expect(chi2).toBeLessThan(19 + 4 * Math.sqrt(2 * 19));
  });

  it('gives bucket 0 of one', () => {
    expect([0n, 1n, -1n, 2n ** 63n].map((key) => jumpHash64(key, 1))).toEqual([0, 0, 0, 0]);
  });
});

describe('a jump refuses', () => {
  const error = (message: RegExp): unknown =>
    expect.objectContaining({ name: 'PlacementError', code: 'BAD_OPTION', message: expect.stringMatching(message) });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 31, '7', null, undefined])('%o buckets', (buckets) => {
    const message = /buckets must be an integer in 1\.\.2147483647; got/;
    expect(() => jumpHash(1, 2, buckets as number)).toThrow(error(message));
    expect(() => jumpHash64(1n, buckets as number)).toThrow(error(message));
  });

  it.each([-1, 2 ** 32, 0.5, NaN, '1', undefined])('%o as a word of the key', (word) => {
    expect(() => jumpHash(word as number, 0, 10)).toThrow(error(/a hash must be an integer in 0\.\.4294967295/));
    expect(() => jumpHash(0, word as number, 10)).toThrow(error(/a hash must be an integer in 0\.\.4294967295/));
  });

  it.each([1, '1', true, null, undefined, [1]])('%o as a 64-bit key', (key) => {
    expect(() => jumpHash64(key as unknown as bigint, 10)).toThrow(TypeError);
    expect(() => jumpHash64(key as unknown as bigint, 10)).toThrow(/must be a bigint; got/);
  });
});
