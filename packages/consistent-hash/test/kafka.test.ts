import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kafkaPartition, murmur2 } from '../src/compat/kafka.ts';
import vectors from './vectors/static.json' with { type: 'json' };

const error = (code: string): unknown => expect.objectContaining({ name: 'PlacementError', code });
/** Of one to four bytes, and at the limits between them. */
const unit = fc.constantFrom('a', 'Z', '\0', '\u007f', '\u0080', 'é', '\u0100', '日', '😀', '\uFFFD');
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** MurmurHash2 in BigInt: every product in full and cut to 32 bits, the rest byte by byte as in the listing. */
function naiveMurmur2(bytes: Uint8Array): number {
  const m = 0x5bd1e995n;
  const cut = (x: bigint): bigint => BigInt.asUintN(32, x);
  let h = 0x9747b28cn ^ BigInt(bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    let k = cut(BigInt(view.getUint32(i, true)) * m);
    k = cut((k ^ (k >> 24n)) * m);
    h = cut(h * m) ^ k;
  }
  const rest = bytes.subarray(i);
  rest.forEach((byte, j) => (h ^= BigInt(byte) << BigInt(8 * j)));
  if (rest.length > 0) h = cut(h * m);
  h = cut((h ^ (h >> 13n)) * m);
  return Number(BigInt.asIntN(32, h ^ (h >> 15n)));
}

describe('murmur2', () => {
  it("gives the values of Kafka's own test", () => {
    for (const [key, hash] of vectors.kafkaMurmur2.cases as [string, number][]) expect(murmur2(key)).toBe(hash);
  });

  it('is MurmurHash2 of any bytes, with its sign', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(murmur2(bytes)).toBe(naiveMurmur2(bytes));
      }),
      { numRuns: 500, examples: [[new Uint8Array(0)], [Uint8Array.of(0x80, 0xff, 0, 0x7f)], [new Uint8Array(3)]] },
    );
  });

  it('hashes a string like its UTF-8 bytes, for every length of 0..40', () => {
    for (const alphabet of ['abcdefghij', 'aé', 'ż日', 'a😀', '\u007f\u0080', '\0']) {
      for (let length = 0; length <= 40; length++) {
        const text = Array.from({ length }, (_, i) => alphabet[(i * 7) % alphabet.length]!).join('');
        expect(murmur2(text)).toBe(naiveMurmur2(encode(text)));
        expect(murmur2(encode(text))).toBe(naiveMurmur2(encode(text)));
      }
    }
    const long = 'é'.repeat(30_000);
    expect(murmur2(long)).toBe(naiveMurmur2(encode(long)));
    expect(murmur2('a\uD800')).toBe(murmur2('a\uFFFD'));
  });

  it('finds one character beyond ASCII wherever it stands', () => {
    const part = fc.nat({ max: 12 });
    fc.assert(
      fc.property(part, part, fc.constantFrom('é', '\u0080', '\u0100', '日', '😀'), (before, after, odd) => {
        const text = `${'a'.repeat(before)}${odd}${'b'.repeat(after)}`;
        expect(murmur2(text)).toBe(naiveMurmur2(encode(text)));
      }),
    );
  });
});

describe('kafkaPartition', () => {
  it('gives the partitions that users reported of the Java client', () => {
    for (const [key, partitions, partition] of vectors.kafkaMurmur2.partitionCases as [
      string,
      number,
      number,
      string,
    ][]) {
      expect(kafkaPartition(key, partitions, 'murmur2')).toBe(partition);
    }
  });

  it('cuts the sign of murmur2 off, and takes CRC-32 as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit }), fc.integer({ min: 1, max: 0x7fffffff }), (key, partitions) => {
        const unsigned = naiveMurmur2(encode(key)) & 0x7fffffff;
        expect(kafkaPartition(key, partitions, 'murmur2')).toBe(unsigned % partitions);
        expect(kafkaPartition(key, partitions, 'crc32')).toBe(crc32(encode(key)) % partitions);
        expect(kafkaPartition(encode(key), partitions, 'crc32')).toBe(crc32(encode(key)) % partitions);
      }),
    );
    expect(kafkaPartition('TT0124', 15, 'crc32')).toBe(9);
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 31, '4' as unknown as number])('refuses %o partitions', (partitions) => {
    expect(() => kafkaPartition('k', partitions, 'murmur2')).toThrow(error('BAD_OPTION'));
  });

  it.each([undefined, 'murmur3', '', null])('refuses %o as partitioner', (partitioner) => {
    const call = (): number => kafkaPartition('k', 4, partitioner as 'murmur2');
    expect(call).toThrow(error('BAD_OPTION'));
    expect(call).toThrow("partitioner must be 'murmur2' or 'crc32'; got ");
  });

  it.each([1, null, undefined, {}, ['k']])('refuses %o as a key', (key) => {
    expect(() => murmur2(key as string)).toThrow(TypeError);
    expect(() => kafkaPartition(key as string, 4, 'murmur2')).toThrow(TypeError);
    expect(() => kafkaPartition(key as string, 4, 'crc32')).toThrow(TypeError);
  });
});
