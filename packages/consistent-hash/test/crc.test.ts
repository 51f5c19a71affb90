import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc16, crc32, crc32Register, crc32Word } from '../src/compat/crc.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));

/** A remainder bit by bit, without table: `register` of `width` bits, the highest bit first. */
function naiveCrc16(bytes: Uint8Array): number {
  let register = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const out = ((register >> 15) ^ (byte >> bit)) & 1;
      register = ((register << 1) & 0xffff) ^ (out ? 0x1021 : 0);
    }
  }
  return register;
}

describe('crc32', () => {
  it('of "123456789" is the check value of its catalogue', () => {
    expect(crc32('123456789')).toBe(0xcbf43926);
  });

  it('is that of zlib, for strings and their bytes', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = encode(text);
        expect(crc32(text)).toBe(zlibCrc32(bytes));
        expect(crc32(bytes)).toBe(zlibCrc32(bytes));
      }),
    );
  });

  it('of a message in pieces is that of the whole', () => {
    fc.assert(
      fc.property(fc.array(texts), fc.integer({ min: 0, max: 0xffffffff }), (pieces, word) => {
        const register = crc32Word(
          pieces.reduce((r, piece) => crc32Register(r, piece), -1),
          word,
        );
        const tail = Buffer.alloc(4);
        tail.writeUInt32LE(word);
        expect(~register >>> 0).toBe(zlibCrc32(Buffer.concat([...pieces.map((piece) => encode(piece)), tail])));
      }),
    );
  });
});

describe('crc16', () => {
  it('of "123456789" is the check value of its catalogue', () => {
    expect(crc16('123456789')).toBe(0x31c3);
  });

  it('is the division bit by bit, for strings and their bytes', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = encode(text);
        const expected = naiveCrc16(bytes);
        expect(crc16(text)).toBe(expected);
        expect(crc16(bytes)).toBe(expected);
      }),
    );
  });

  it('of a part is that of the part alone', () => {
    fc.assert(
      fc.property(texts, fc.nat(20), fc.nat(20), (text, start, size) => {
        const part = text.slice(start, start + size);
        expect(crc16(text, start, start + part.length)).toBe(crc16(part));
        const bytes = encode(text);
        const cut = bytes.subarray(start, start + size);
        expect(crc16(bytes, start, start + cut.length)).toBe(crc16(cut));
      }),
    );
  });
});

it.each([1, null, undefined, {}, ['k']])('a CRC refuses %o as a key', (key) => {
  expect(() => crc32(key as string)).toThrow(TypeError);
  expect(() => crc16(key as string)).toThrow(TypeError);
});
