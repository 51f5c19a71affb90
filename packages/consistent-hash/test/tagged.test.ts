import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { md5_32 } from '../src/hashes/md5.ts';
import { tagged } from '../src/tagged.ts';
import { xxh32 } from '../src/xxh32.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The rule as an expression: the first brace, and what stands before the next one, if anything. */
const naiveTag = (key: string): string => /^[^{]*\{([^}]+)\}/s.exec(key)?.[1] ?? key;

const braced = fc
  .array(fc.constantFrom('{', '}', 'a', 'b', 'é', '😀', '\uD800', '\n', ''), { maxLength: 12 })
  .map((parts) => parts.join(''));

describe('tagged', () => {
  it('hashes what stands between the first { and the next }, or the key when that is nothing', () => {
    fc.assert(
      fc.property(braced, fc.nat(), (key, seed) => {
        expect(tagged(xxh32).hash(key, seed)).toBe(xxh32.hash(naiveTag(key), seed));
      }),
      { numRuns: 2000 },
    );
  });

  it('hashes a string like its bytes', () => {
    fc.assert(
      fc.property(braced, (key) => {
        expect(tagged(xxh32).hash(encode(key), 1)).toBe(tagged(xxh32).hash(key, 1));
      }),
    );
  });

  it('is another hash by name, so that two processes cannot confuse them', () => {
    expect(tagged(xxh32).name).toBe('tagged(xxh32)');
    expect(tagged(md5_32).name).toBe('tagged(md5_32)');
  });

  it.each([1, null, undefined, {}, ['{k}']])('refuses %o as a key', (key) => {
    expect(() => tagged(xxh32).hash(key as string, 0)).toThrow(/a key must be a string or a Uint8Array/);
    expect(() => tagged(xxh32).hash(key as string, 0)).toThrow(TypeError);
  });
});
