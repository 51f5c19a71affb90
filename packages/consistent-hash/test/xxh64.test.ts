import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import createHasher from 'xxhash-wasm';
import { xxh64 } from '../src/compat/xxh64.ts';
import vectors from './vectors/static.json' with { type: 'json' };

const reference = await createHasher();
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('xxh64', () => {
  it('gives the values of the vectors', () => {
    for (const [key, , hash] of vectors.xxh.cases as [string, number, string][]) expect(xxh64(key)).toBe(BigInt(hash));
  });

  it('equals the reference for every length of 0..140, strings and bytes, ASCII and not', () => {
    for (const alphabet of ['abcdefghij', 'aé', 'ż日', 'a😀', '\u007f\u0080']) {
      for (let length = 0; length <= 140; length++) {
        const text = Array.from({ length }, (_, i) => alphabet[(i * 7) % alphabet.length]!).join('');
        const expected = reference.h64Raw(encode(text));
        expect(xxh64(text)).toBe(expected);
        expect(xxh64(encode(text))).toBe(expected);
      }
    }
  });

  it('equals the reference for any bytes and seed, also for a part of a larger buffer', () => {
    const seeds = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), seeds, fc.nat({ max: 9 }), (bytes, seed, from) => {
        const part = bytes.subarray(from);
        expect(xxh64(part, seed)).toBe(reference.h64Raw(part, seed));
      }),
      { examples: [[new Uint8Array(0), 2n ** 64n - 1n, 0]] },
    );
  });

  it('hashes keys longer than the scratch buffer, and a lone surrogate as U+FFFD', () => {
    const text = 'é'.repeat(30_000);
    expect(xxh64(text)).toBe(reference.h64Raw(encode(text)));
    expect(xxh64('a\uD800')).toBe(xxh64('a\uFFFD'));
  });

  it.each([1, null, undefined, {}, ['k']])('refuses %o as a key', (key) => {
    expect(() => xxh64(key as string)).toThrow(TypeError);
  });
});
