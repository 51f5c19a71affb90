import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fnv1a_32, md5_32, murmur3_32 } from '../src/hashes/index.ts';
import { fmix32 } from '../src/hashes/murmur3.ts';
import { ring } from '../src/ring.ts';
import vectors from './vectors/static.json' with { type: 'json' };

/** Of one to four bytes, and at the limits between them. */
const unit = fc.constantFrom('a', 'Z', '\0', '\u007f', '\u0080', 'é', '\u0100', '日', '😀', '\uFFFD');
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The 32-bit product of two words, with no Math.imul. */
const times = (a: number, b: number): number => Number((BigInt(a >>> 0) * BigInt(b >>> 0)) & 0xffffffffn);

/** The definition, in the order of the bytes, with numbers too large for 32 bits to hide in. */
function naiveFnv1a(bytes: Uint8Array): number {
  return bytes.reduce((state, byte) => times((state ^ byte) >>> 0, 0x01000193), 0x811c9dc5);
}

/** The inverse of the finaliser, step by step from its end; the multipliers are the inverses modulo 2^32. */
function unfmix32(h: number): number {
  h ^= h >>> 16;
  h = times(h, 0x7ed1b41d);
  h ^= (h >>> 13) ^ (h >>> 26);
  h = times(h, 0xa5cb9243);
  h ^= h >>> 16;
  return h >>> 0;
}

describe('murmur3_32', () => {
  it('gives the published values', () => {
    for (const [key, seed, hash] of vectors.murmur3_32.cases as [string, number, number][]) {
      expect(murmur3_32.hash(key, seed)).toBe(hash >>> 0);
    }
  });
});

describe('fnv1a_32', () => {
  it('is FNV-1a under a bijection', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(unfmix32(fnv1a_32.hash(bytes, 0))).toBe(naiveFnv1a(bytes));
      }),
      { examples: [[new Uint8Array(0)], [encode('foobar')], [Uint8Array.of(0xff, 0x80)]] },
    );
    expect(naiveFnv1a(encode('foobar'))).toBe(0xbf9cf968);
    expect(unfmix32(fmix32(0xdeadbeef))).toBe(0xdeadbeef);
  });
});

describe.each([murmur3_32, fnv1a_32, md5_32])('$name', (hash) => {
  it('hashes a string like its UTF-8 bytes, of any length', () => {
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), fc.constantFrom(0, 1, 0xffffffff), (text, seed) => {
        expect(hash.hash(text, seed)).toBe(hash.hash(encode(text), seed));
      }),
    );
    const long = 'é'.repeat(30_000);
    expect(hash.hash(long, 7)).toBe(hash.hash(encode(long), 7));
    expect(hash.hash('\uD800', 0)).toBe(hash.hash('\uFFFD', 0));
  });

  it('gives unsigned 32-bit integers that change with the seed', () => {
    const seeds = [0, 1, 2, 0x80000000, 0xffffffff];
    const hashes = seeds.flatMap((seed) => ['', 'a', 'abc', 'abcd', 'abcde'].map((key) => hash.hash(key, seed)));
    for (const value of hashes) expect(value >>> 0).toBe(value);
    expect(new Set(hashes.slice(20)).size).toBe(5);
    expect(new Set(seeds.map((seed) => hash.hash('abc', seed))).size).toBe(seeds.length);
  });

  it('spreads sequential keys evenly over its top bits', () => {
    const keys = 2 ** 16;
    for (const prefix of ['', 'user:']) {
      const counts = new Float64Array(1024);
      for (let i = 0; i < keys; i++) counts[hash.hash(prefix + String(i), 0) >>> 22]!++;
      const mean = keys / counts.length;
      const chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
      expect(chiSquare / (counts.length - 1)).toBeLessThan(1.3);
    }
  });

  it('places the keys of a ring, which is another ring by its fingerprint', () => {
    const [own, plain] = [ring(['a', 'b', 'c'], { hash }), ring(['a', 'b', 'c'])];
    expect(own.fingerprint).not.toBe(plain.fingerprint);
    expect(own.hashOf('k')).toBe(hash.hash('k', 0));
  });

  it.each([1, null, undefined, {}, ['k']])('refuses %o as a key', (key) => {
    expect(() => hash.hash(key as string, 0)).toThrow(TypeError);
  });
});
