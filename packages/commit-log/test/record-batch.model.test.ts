import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { crc32c } from '../src/crc32c.ts';
import { LogError } from '../src/errors.ts';
import { batchCrcIsValid, batchDamage, encodeBatch, readBatchHeader, stampBaseOffset } from '../src/record-batch.ts';
import { readRecords } from '../src/record-reader.ts';
import type { RecordInput } from '../src/types.ts';
import { utf8Bytes, writeUtf8 } from '../src/utf8.ts';
import { readInt64, readVarint, varintBytes, writeInt64, writeVarint } from '../src/varint.ts';

const encoder = new TextEncoder();
const bytesOf = (field: Uint8Array | string | null | undefined): Uint8Array | null =>
  field === null || field === undefined ? null : typeof field === 'string' ? encoder.encode(field) : field;

/** The definition of the checksum: division by the polynomial, bit by bit. */
function crcBitByBit(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

const field = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary', maxLength: 90 }),
  fc.uint8Array({ maxLength: 300 }),
);
const record: fc.Arbitrary<RecordInput> = fc.record(
  {
    value: field,
    key: field,
    timestamp: fc.oneof(fc.maxSafeNat(), fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 })),
    headers: fc.array(fc.record({ key: fc.string({ maxLength: 9 }), value: fc.option(fc.uint8Array()) }), {
      maxLength: 4,
    }),
  },
  { requiredKeys: ['value'] },
);

describe('numbers', () => {
  test('a varint of any safe integer reads back as itself and takes the bytes that were counted', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = new Uint8Array(12);
        const end = writeVarint(bytes, 0, value);
        const cursor = { bytes, at: 0, end };
        expect(readVarint(cursor)).toBe(value);
        expect(cursor.at).toBe(end);
        expect(varintBytes(value)).toBe(end);
      }),
    );
  });

  test('varints are those of Protocol Buffers', () => {
    const encoded = (value: number): number[] => {
      const bytes = new Uint8Array(10);
      return [...bytes.subarray(0, writeVarint(bytes, 0, value))];
    };
    expect(encoded(0)).toEqual([0]);
    expect(encoded(-1)).toEqual([1]);
    expect(encoded(1)).toEqual([2]);
    expect(encoded(-64)).toEqual([0x7f]);
    expect(encoded(64)).toEqual([0x80, 0x01]);
    expect(encoded(-2147483648)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
    expect(encoded(2 ** 40)).toEqual([0x80, 0x80, 0x80, 0x80, 0x80, 0x40]);
  });

  test('a varint beyond 2^53 - 1, or one that is cut off, is damage', () => {
    const long = { bytes: new Uint8Array(12).fill(0xff), at: 0, end: 12 };
    expect(() => readVarint(long)).toThrow(LogError);
    expect(() => readVarint({ bytes: new Uint8Array([0x80]), at: 0, end: 1 })).toThrow('cut off');
  });

  test('a 64-bit integer reads back as itself', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const view = new DataView(new ArrayBuffer(8));
        writeInt64(view, 0, value);
        expect(readInt64(view, 0)).toBe(value);
        expect(view.getBigInt64(0)).toBe(BigInt(value));
      }),
    );
  });
});

describe('bytes', () => {
  test('the checksum is the CRC-32C of its definition, at any place in a buffer', () => {
    expect(crc32c(encoder.encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa); // RFC 3720, B.4
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, offset) => {
        const placed = new Uint8Array(bytes.length + offset + 3);
        placed.set(bytes, offset);
        expect(crc32c(placed, offset, offset + bytes.length)).toBe(crcBitByBit(bytes));
      }),
    );
  });

  test('strings become the bytes that TextEncoder makes of them, lone surrogates included', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((u) => String.fromCharCode(u)) }), (s) => {
        const expected = encoder.encode(s);
        expect(utf8Bytes(s)).toBe(expected.length);
        const bytes = new Uint8Array(expected.length + 2);
        expect(writeUtf8(bytes, 1, s, expected.length)).toBe(expected.length + 1);
        expect(bytes.subarray(1, 1 + expected.length)).toEqual(expected);
      }),
    );
  });
});

describe('a record batch', () => {
  test('gives back the records that went in, at the offsets it was placed at', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 12 }), fc.nat(2 ** 40), (records, baseOffset) => {
        const now = 1_700_000_000_000;
        const { bytes, maxTimestamp } = encodeBatch(records, now);
        stampBaseOffset(bytes, baseOffset);
        const read = readRecords(bytes);
        expect(read).toEqual(
          records.map((input, i) => ({
            offset: baseOffset + i,
            timestamp: input.timestamp ?? now,
            key: bytesOf(input.key),
            value: bytesOf(input.value),
            headers: input.headers ?? [],
          })),
        );
        expect(maxTimestamp).toBe(Math.max(...read.map(({ timestamp }) => timestamp)));
        const header = readBatchHeader(bytes);
        expect(header.totalBytes).toBe(bytes.length);
        expect(batchDamage(header, baseOffset)).toBeUndefined();
      }),
    );
  });

  test('no bit of it can change unnoticed', () => {
    const { bytes } = encodeBatch([{ key: 'k', value: 'some value' }, { value: null }], 1_700_000_000_000);
    stampBaseOffset(bytes, 7);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const copy = bytes.slice();
      copy[bit >> 3]! ^= 1 << (bit & 7);
      const header = readBatchHeader(copy);
      const whole = batchDamage(header, 7) === undefined && header.totalBytes <= copy.length;
      expect(whole && batchCrcIsValid(copy, 0, header.totalBytes), `bit ${bit}`).toBe(false);
    }
  });

  test('any bytes with a right checksum are read inside the batch or refused as damage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (body, count) => {
        const { bytes: head } = encodeBatch([{ value: '' }], 0);
        const bytes = new Uint8Array(61 + body.length);
        bytes.set(head.subarray(0, 61));
        bytes.set(body, 61);
        const view = new DataView(bytes.buffer);
        view.setInt32(8, bytes.length - 12);
        view.setInt32(23, count - 1);
        view.setInt32(57, count);
        view.setUint32(17, crc32c(bytes, 21));
        try {
          expect(readRecords(bytes)).toHaveLength(count);
        } catch (error) {
          expect((error as LogError).code).toBe('LOG_CORRUPT');
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a compressed batch is refused by name, not misread', () => {
    const { bytes } = encodeBatch([{ value: 'x' }], 0);
    const view = new DataView(bytes.buffer);
    view.setInt16(21, 1);
    view.setUint32(17, crc32c(bytes, 21));
    expect(() => readRecords(bytes)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_CODEC' }));
  });

  test('what is no record is a TypeError that names it', () => {
    const encode = (record: unknown) => () => encodeBatch([{ value: '' }, record as RecordInput], 0);
    expect(encode({ value: 5 })).toThrow('records[1].value is number');
    expect(encode({})).toThrow('records[1].value is undefined');
    expect(encode({ value: '', key: {} })).toThrow('records[1].key is object');
    expect(encode({ value: '', timestamp: 1.5 })).toThrow('records[1].timestamp is 1.5');
    expect(encode({ value: '', timestamp: -1 })).toThrow(TypeError);
    expect(encode({ value: '', headers: [{ key: 'h', value: 'text' }] })).toThrow('header h');
    expect(encode(null)).toThrow('records[1] is no record');
    expect(() => encodeBatch('text' as unknown as RecordInput[], 0)).toThrow('records is no array');
    expect(() => encodeBatch([], 0)).toThrow(TypeError);
    expect(() => encodeBatch([{ value: 'x'.repeat(1000) }], 0, 1000)).toThrow(
      expect.objectContaining({ code: 'RECORD_TOO_LARGE' }),
    );
  });
});
