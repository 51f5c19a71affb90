import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mix32, xxh32 } from '../src/index.ts';
import vectors from './vectors/xxh32.json' with { type: 'json' };

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** XXH32 as the specification tells it, in BigInt, one step a line. */
function reference(bytes: Uint8Array, seed: number): number {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  const rotl = (x: bigint, n: bigint): bigint => word((x << n) | (x >> (32n - n)));
  const [p1, p2, p3, p4, p5] = [2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n];
  const read = (at: number): bigint => [3, 2, 1, 0].reduce((sum, k) => (sum << 8n) | BigInt(bytes[at + k]!), 0n);
  const s = BigInt(seed);
  let at = 0;
  let h = word(s + p5);
  if (bytes.length >= 16) {
    const acc = [s + p1 + p2, s + p2, s, s - p1].map(word);
    for (; at + 16 <= bytes.length; at += 16) {
      for (const k of [0, 1, 2, 3]) acc[k] = word(rotl(word(acc[k]! + read(at + 4 * k) * p2), 13n) * p1);
    }
    h = word(rotl(acc[0]!, 1n) + rotl(acc[1]!, 7n) + rotl(acc[2]!, 12n) + rotl(acc[3]!, 18n));
  }
  h = word(h + BigInt(bytes.length));
  for (; at + 4 <= bytes.length; at += 4) h = word(rotl(word(h + read(at) * p3), 17n) * p4);
  for (; at < bytes.length; at++) h = word(rotl(word(h + BigInt(bytes[at]!) * p5), 11n) * p1);
  h = word((h ^ (h >> 15n)) * p2);
  h = word((h ^ (h >> 13n)) * p3);
  return Number(h ^ (h >> 16n));
}

describe('xxh32', () => {
  it.each(vectors.cases as [string, number][])('of %j is the published value', (text, value) => {
    expect(xxh32.hash(text, 0)).toBe(value);
    expect(xxh32.hash(encode(text), 0)).toBe(value);
  });

  it('is the specification, for every length to 70, every seed, strings and bytes', () => {
    const alphabets = ['abcdefghij', 'aé', 'żółć', '日本語', 'a😀', 'ab\uD800', '\u007f\u0080', '\u0100a'];
    for (const alphabet of alphabets) {
      for (let length = 0; length <= 70; length++) {
        const text = Array.from({ length }, (_, i) => alphabet[(i * 7) % alphabet.length]!).join('');
        for (const seed of [0, 1, 0x9e3779b9, 0xffffffff]) {
          const expected = reference(encode(text), seed);
          expect(xxh32.hash(text, seed)).toBe(expected);
          expect(xxh32.hash(encode(text), seed)).toBe(expected);
        }
      }
    }
  });

  it('finds one character beyond ASCII wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        fc.string(),
        (before, after, odd) => {
          const text = `${'a'.repeat(before)}${odd}é${'b'.repeat(after)}`;
          expect(xxh32.hash(text, 3)).toBe(reference(encode(text), 3));
        },
      ),
    );
  });

  it('hashes keys longer than its scratch buffer', () => {
    for (const length of [21_844, 21_845, 21_846, 100_000]) {
      for (const unit of ['a', 'é', '語']) {
        const text = unit.repeat(length);
        expect(xxh32.hash(text, 0)).toBe(xxh32.hash(encode(text), 0));
      }
    }
  });

  it('reads Buffers, views with an offset and arrays of another realm as bytes', async () => {
    const { runInNewContext } = await import('node:vm');
    const view = new Uint8Array([9, 97, 98, 99, 9]).subarray(1, 4);
    const foreign = runInNewContext('new Uint8Array([97, 98, 99])') as Uint8Array;
    for (const bytes of [view, foreign, Buffer.from('abc')]) expect(xxh32.hash(bytes, 0)).toBe(xxh32.hash('abc', 0));
  });

  it.each([1, null, undefined, {}, ['a'], new Uint16Array(2), new ArrayBuffer(4), Symbol('a')])(
    'refuses %o as a key with a TypeError',
    (key) => {
      expect(() => xxh32.hash(key as string, 0)).toThrow(TypeError);
      expect(() => xxh32.hash(key as string, 0)).toThrow(/a key must be a string or a Uint8Array; got /);
    },
  );

  it('spreads sequential keys evenly over its top bits', () => {
    const keys = 2 ** 20;
    for (const prefix of ['', 'user:', 'session:0000-']) {
      const counts = new Float64Array(1024);
      for (let i = 0; i < keys; i++) counts[xxh32.hash(prefix + String(i), 0) >>> 22]!++;
      const mean = keys / counts.length;
      const chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
      expect(chiSquare / (counts.length - 1)).toBeLessThan(1.3);
    }
  });
});

describe('mix32', () => {
  it('gives the values of the wire format', () => {
    expect(mix32(1, 2, 3)).toBe(4145206577);
    expect(mix32(0xdeadbeef, 0x12345678, 0x9abcdef0)).toBe(1677703830);
  });

  it('never gives two x the same value under one identity', () => {
    const seen = new Set<number>();
    for (let x = 0; x < 100_000; x++) seen.add(mix32(x, 0x12345678, 0x9abcdef0));
    expect(seen.size).toBe(100_000);
  });

  it('depends on both words of the identity', () => {
    expect(mix32(1, 2, 3)).not.toBe(mix32(1, 2, 4));
    expect(mix32(1, 2, 3)).not.toBe(mix32(1, 3, 3));
  });
});
