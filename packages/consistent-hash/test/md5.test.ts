import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { md5_32, md5Words } from '../src/hashes/md5.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const native = (key: string | Uint8Array): Buffer => createHash('md5').update(key).digest();

function digest(key: string | Uint8Array): Buffer {
  const bytes = Buffer.alloc(16);
  md5Words(key).forEach((word, i) => bytes.writeInt32LE(word, 4 * i));
  return bytes;
}

describe('md5', () => {
  it('is the native digest for every length to 300, strings and bytes, ASCII and not', () => {
    for (const alphabet of ['abcdefghij', 'aé', 'ż日', 'a😀', '\u007f\u0080']) {
      for (let length = 0; length <= 300; length++) {
        const text = Array.from({ length }, (_, i) => alphabet[(i * 7) % alphabet.length]!).join('');
        const expected = native(text);
        expect(digest(text).equals(expected)).toBe(true);
        expect(digest(encode(text)).equals(expected)).toBe(true);
      }
    }
  });

  it('is the native digest of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(digest(bytes)).toEqual(native(bytes));
      }),
    );
  });

  it('finds one character beyond ASCII wherever it stands', () => {
    const part = fc.nat({ max: 80 });
    fc.assert(
      fc.property(part, part, fc.constantFrom('é', '\u0100', '日', '😀'), (before, after, odd) => {
        const text = `${'a'.repeat(before)}${odd}${'b'.repeat(after)}`;
        expect(digest(text)).toEqual(native(text));
      }),
    );
  });

  it('hashes keys longer than the scratch buffer of their encoding, a lone surrogate as U+FFFD', () => {
    for (const text of ['a'.repeat(100_000), 'é'.repeat(30_000)]) expect(digest(text)).toEqual(native(text));
    expect(digest('a\uD800')).toEqual(native('a\uFFFD'));
  });

  it('has constants that no plausible error of Math.sin could change', () => {
    for (let i = 1; i <= 64; i++) {
      const scaled = Math.abs(Math.sin(i)) * 2 ** 32;
      // An engine would have to be wrong by more than 500 units in the last place.
      const margin = 500 * Number.EPSILON * scaled;
      expect(Math.floor(scaled - margin)).toBe(Math.floor(scaled + margin));
    }
  });
});

describe('md5_32', () => {
  it('is the first word of the digest, the lowest byte first', () => {
    for (const key of ['', 'abc', 'é', 'user:42']) expect(md5_32.hash(key, 0)).toBe(native(key).readUInt32LE());
  });

  it('changes with its seed', () => {
    const hashes = [0, 1, 0x9e3779b9, 0xffffffff].map((seed) => md5_32.hash('abc', seed));
    expect(new Set(hashes).size).toBe(4);
    expect(md5_32.hash(encode('abc'), 0xffffffff)).toBe(hashes[3]);
  });

  it.each([1, null, undefined, {}, ['k']])('refuses %o as a key', (key) => {
    expect(() => md5_32.hash(key as string, 0)).toThrow(TypeError);
  });
});
