/** The bytes of one batch, worked out by hand from Kafka's description of the format (FORMAT.md has the dump). */
import { describe, expect, test } from 'vitest';

import { encodeBatch, readBatchHeader, stampBaseOffset } from '../src/record-batch.ts';
import { readRecords } from '../src/record-reader.ts';

const time = 1_700_000_000_000;
const records = [
  { key: 'k', value: 'hi' },
  { value: null, timestamp: time - 5, headers: [{ key: 'h', value: new Uint8Array([1, 2]) }] },
];

const batch = [
  '000000000000002a', // base offset 42
  '00000047', // 71 bytes follow
  '00000000', // leader epoch
  '02', // magic
  '3baaeae7', // CRC-32C of everything behind it, by another implementation
  '0000', // attributes: no codec, create time
  '00000001', // last offset delta
  '0000018bcfe56800', // base timestamp
  '0000018bcfe56800', // largest timestamp
  'ffffffffffffffff', // no producer id
  'ffff', // no producer epoch
  'ffffffff', // no sequence
  '00000002', // two records
  // length 9, attributes, time delta 0, offset delta 0, key of 1, value of 2, no headers
  ['12', '00', '00', '00', '026b', '046869', '00'].join(''),
  // length 11, attributes, time delta -5, offset delta 1, null, null, one header: key of 1, value of 2
  ['16', '00', '09', '02', '01', '01', '02', '0268', '040102'].join(''),
].join('');

describe('a record batch has the bytes of the format', () => {
  test('when it is written', () => {
    const { bytes, count, maxTimestamp } = encodeBatch(records, time);
    stampBaseOffset(bytes, 42);
    expect(Buffer.from(bytes).toString('hex')).toBe(batch);
    expect([count, maxTimestamp]).toEqual([2, time]);
  });

  test('and when it is read', () => {
    const bytes = new Uint8Array(Buffer.from(batch, 'hex'));
    expect(readBatchHeader(bytes)).toEqual({
      baseOffset: 42,
      totalBytes: 83,
      leaderEpoch: 0,
      magic: 2,
      crc: 0x3baaeae7,
      attributes: 0,
      lastOffsetDelta: 1,
      baseTimestamp: time,
      maxTimestamp: time,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      count: 2,
    });
    const utf8 = new TextEncoder();
    expect(readRecords(bytes)).toEqual([
      { offset: 42, timestamp: time, key: utf8.encode('k'), value: utf8.encode('hi'), headers: [] },
      {
        offset: 43,
        timestamp: time - 5,
        key: null,
        value: null,
        headers: [{ key: 'h', value: new Uint8Array([1, 2]) }],
      },
    ]);
  });

  test('a header key keeps a leading U+FEFF', () => {
    const { bytes } = encodeBatch([{ value: '', headers: [{ key: '\uFEFFh', value: null }] }], time);
    expect(readRecords(bytes)[0]?.headers).toEqual([{ key: '\uFEFFh', value: null }]);
  });
});
