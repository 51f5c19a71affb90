import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestKey } from '../../src/http/index.ts';
import { sha256 } from '../../src/http/sha256.ts';

const hex = (message: Uint8Array): string =>
  Array.from(sha256(message), (word) => word.toString(16).padStart(8, '0')).join('');
const text = (message: string): string => hex(new TextEncoder().encode(message));

describe('sha256', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    [
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
      'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
    ],
    ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  ])('gives the digest of the NIST example (%#)', (message, digest) => {
    expect(text(message)).toBe(digest);
  });

  it('agrees with node:crypto for every length around the padding, and for any bytes', () => {
    for (let length = 0; length < 200; length++) {
      const message = new Uint8Array(length).fill(length);
      expect(hex(message)).toBe(createHash('sha256').update(message).digest('hex'));
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (message) => {
        expect(hex(message)).toBe(createHash('sha256').update(message).digest('hex'));
      }),
    );
  });

  it('a credential becomes 128 bits of its digest in UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (secret) => {
        expect(digestKey(secret)).toBe(createHash('sha256').update(secret, 'utf8').digest('hex').slice(0, 32));
      }),
    );
  });
});
