/**
 * The record batch, version 2 of Kafka's message format: what one append becomes on disk.
 *
 * A batch is a header of 61 bytes and its records (Apache Kafka documentation, "Message Format"; FORMAT.md beside
 * this package has the grammar and a dump). Offsets and timestamps of records are deltas to the header's, so a batch
 * is encoded before its offset is known, and placed by writing eight bytes.
 *
 * Invariant: the checksum covers everything behind it, and the 17 bytes before it can each be checked against what
 * must stand there: the base offset (the log knows which one comes), the length (a wrong one breaks the checksum),
 * the leader epoch (always 0 here) and the magic. So no bit of a batch can change unnoticed.
 *
 * Departures: one append is exactly one batch, which makes it all or nothing; there is no compression and no
 * producer id in this version. Integers above 2^53 - 1 are damage.
 */
import { crc32c } from './crc32c.ts';
import { LogError } from './errors.ts';
import type { RecordHeader, RecordInput } from './types.ts';
import { utf8Bytes, writeUtf8 } from './utf8.ts';
import { readInt64, varintBytes, writeInt64, writeVarint } from './varint.ts';

/** Bytes before the first record. */
export const BATCH_HEADER_BYTES = 61;
/** Bytes that the length field does not count: base offset and the field itself. */
export const BATCH_PREFIX_BYTES = 12;
/** A longer batch is damage: a reader must not allocate on the word of a broken length. */
export const BATCH_BYTES_MAX: number = 64 * 1024 * 1024;
const CRC_AT = 17;
const CRC_FROM = 21;
const MAGIC = 2;
const CODEC_MASK = 7;

export interface BatchHeader {
  readonly baseOffset: number;
  /** Of the whole batch, prefix included. */
  readonly totalBytes: number;
  readonly leaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}

/** An encoded batch, its base offset still 0. */
export interface EncodedBatch {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly maxTimestamp: number;
}

/**
 * Encodes `records` as one batch with base offset 0. O(bytes), two passes: sizes, then bytes in their place.
 *
 * `now` is the timestamp of records that have none. Throws `TypeError` for a value that is no record, and
 * `LogError` `RECORD_TOO_LARGE` above `maxBytes`.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { encodeBatch, readBatchHeader, stampBaseOffset, readRecords } from '@loadbearing/commit-log/record-batch';
 * const { bytes } = encodeBatch([{ key: 'a', value: 'one' }, { value: 'two' }], 1_700_000_000_000);
 * stampBaseOffset(bytes, 42);
 * const header = readBatchHeader(bytes);
 * assert.deepEqual([header.baseOffset, header.count], [42, 2]);
 * assert.equal(new TextDecoder().decode(readRecords(bytes)[1]?.value ?? undefined), 'two');
 * ```
 */
export function encodeBatch(
  records: readonly RecordInput[],
  now: number,
  maxBytes: number = BATCH_BYTES_MAX,
): EncodedBatch {
  const given: unknown = records;
  if (!Array.isArray(given)) throw new TypeError('records is no array');
  const count = records.length;
  if (count === 0) throw new TypeError('an append needs at least one record');
  const baseTimestamp = timestampOf(records[0]!, 0, now);
  let maxTimestamp = baseTimestamp;
  let total = BATCH_HEADER_BYTES;
  // Per record: size of its body, of its key and of its value (-1 for null), found once and used twice.
  const sizes = new Float64Array(count * 3);
  for (let i = 0; i < count; i++) {
    const record = records[i]!;
    const timestamp = timestampOf(record, i, now);
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    const keyBytes = fieldBytes(record.key ?? null, i, 'key');
    const valueBytes = fieldBytes(record.value, i, 'value');
    const body =
      1 +
      varintBytes(timestamp - baseTimestamp) +
      varintBytes(i) +
      varintBytes(keyBytes) +
      Math.max(keyBytes, 0) +
      varintBytes(valueBytes) +
      Math.max(valueBytes, 0) +
      headersBytes(record.headers, i);
    sizes[i * 3] = body;
    sizes[i * 3 + 1] = keyBytes;
    sizes[i * 3 + 2] = valueBytes;
    total += varintBytes(body) + body;
    if (total > maxBytes) {
      const message = `an append of ${count} records is larger than maxBatchBytes, ${maxBytes} bytes; split it`;
      throw new LogError('RECORD_TOO_LARGE', message);
    }
  }

  const bytes = new Uint8Array(total);
  let at = BATCH_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const record = records[i]!;
    at = writeVarint(bytes, at, sizes[i * 3]!);
    at++; // attributes of a record: none are defined
    at = writeVarint(bytes, at, (record.timestamp ?? now) - baseTimestamp);
    at = writeVarint(bytes, at, i);
    at = writeField(bytes, at, record.key ?? null, sizes[i * 3 + 1]!);
    at = writeField(bytes, at, record.value, sizes[i * 3 + 2]!);
    at = writeHeaders(bytes, at, record.headers);
  }

  const view = new DataView(bytes.buffer);
  view.setInt32(8, total - BATCH_PREFIX_BYTES);
  view.setInt8(16, MAGIC);
  view.setInt32(23, count - 1);
  writeInt64(view, 27, baseTimestamp);
  writeInt64(view, 35, maxTimestamp);
  writeInt64(view, 43, -1);
  view.setInt16(51, -1);
  view.setInt32(53, -1);
  view.setInt32(57, count);
  view.setUint32(CRC_AT, crc32c(bytes, CRC_FROM));
  return { bytes, count, maxTimestamp };
}

/** Places an encoded batch: writes the base offset, which the checksum does not cover. */
export function stampBaseOffset(bytes: Uint8Array, baseOffset: number): void {
  writeInt64(new DataView(bytes.buffer, bytes.byteOffset, 8), 0, baseOffset);
}

/** Reads the 61 bytes at `at`, whatever they say; {@link batchDamage} judges them. */
export function readBatchHeader(bytes: Uint8Array, at: number = 0): BatchHeader {
  if (bytes.length - at < BATCH_HEADER_BYTES) {
    throw new RangeError(`a batch header takes ${BATCH_HEADER_BYTES} bytes, ${bytes.length - at} are there`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BATCH_HEADER_BYTES);
  return {
    baseOffset: readInt64(view, 0),
    totalBytes: view.getInt32(8) + BATCH_PREFIX_BYTES,
    leaderEpoch: view.getInt32(12),
    magic: view.getInt8(16),
    crc: view.getUint32(CRC_AT),
    attributes: view.getInt16(21),
    lastOffsetDelta: view.getInt32(23),
    baseTimestamp: readInt64(view, 27),
    maxTimestamp: readInt64(view, 35),
    producerId: readInt64(view, 43),
    producerEpoch: view.getInt16(51),
    baseSequence: view.getInt32(53),
    count: view.getInt32(57),
  };
}

/**
 * What is wrong with a header that should start the batch at offset `expected`; undefined when nothing is.
 * The checksum is judged apart, by {@link batchCrcIsValid}, because it needs the whole batch.
 */
export function batchDamage(header: BatchHeader, expected: number): string | undefined {
  if (header.totalBytes <= BATCH_HEADER_BYTES || header.totalBytes > BATCH_BYTES_MAX)
    return `the length ${header.totalBytes} is no batch`;
  if (header.magic !== MAGIC) return `magic ${header.magic} instead of ${MAGIC}`;
  if (header.baseOffset !== expected) return `base offset ${header.baseOffset} instead of ${expected}`;
  if (header.leaderEpoch !== 0) return `leader epoch ${header.leaderEpoch} instead of 0`;
  if (header.count < 1 || header.lastOffsetDelta !== header.count - 1) return `a count of ${header.count} records`;
  if (!Number.isSafeInteger(header.baseTimestamp) || !Number.isSafeInteger(header.maxTimestamp)) {
    return 'a timestamp above 2^53 - 1';
  }
  return undefined;
}

/** Whether the batch that begins at `at` and takes `totalBytes` carries its own checksum. O(totalBytes). */
export function batchCrcIsValid(bytes: Uint8Array, at: number, totalBytes: number): boolean {
  const stored = new DataView(bytes.buffer, bytes.byteOffset + at, BATCH_HEADER_BYTES).getUint32(CRC_AT);
  return stored === crc32c(bytes, at + CRC_FROM, at + totalBytes);
}

/** The id of the compression codec of a batch, 0 for none. */
export function codecOf(header: BatchHeader): number {
  return header.attributes & CODEC_MASK;
}

function timestampOf(record: RecordInput, index: number, now: number): number {
  if (typeof record !== 'object' || (record as RecordInput | null) === null)
    throw new TypeError(`records[${index}] is no record`);
  const timestamp = record.timestamp ?? now;
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw new TypeError(`records[${index}].timestamp is ${timestamp}; it must be whole milliseconds since the epoch`);
  }
  return timestamp;
}

function fieldBytes(field: Uint8Array | string | null, index: number, name: string): number {
  if (field === null) return -1;
  if (typeof field === 'string') return utf8Bytes(field);
  if (!(field instanceof Uint8Array)) {
    throw new TypeError(`records[${index}].${name} is ${typeof field}; it must be a string, a Uint8Array or null`);
  }
  return field.length;
}

function writeField(into: Uint8Array, at: number, field: Uint8Array | string | null, length: number): number {
  at = writeVarint(into, at, length);
  if (field === null) return at;
  if (typeof field === 'string') return writeUtf8(into, at, field, length);
  into.set(field, at);
  return at + length;
}

function headersBytes(headers: readonly RecordHeader[] | undefined, index: number): number {
  if (headers === undefined || headers.length === 0) return 1;
  let bytes = varintBytes(headers.length);
  for (const { key, value } of headers) {
    if (typeof key !== 'string') throw new TypeError(`records[${index}]: the key of a header must be a string`);
    if (value !== null && !(value instanceof Uint8Array)) {
      throw new TypeError(`records[${index}]: the value of header ${key} must be a Uint8Array or null`);
    }
    const keyBytes = utf8Bytes(key);
    const valueBytes = value === null ? -1 : value.length;
    bytes += varintBytes(keyBytes) + keyBytes + varintBytes(valueBytes) + Math.max(valueBytes, 0);
  }
  return bytes;
}

function writeHeaders(into: Uint8Array, at: number, headers: readonly RecordHeader[] | undefined): number {
  if (headers === undefined || headers.length === 0) {
    into[at] = 0;
    return at + 1;
  }
  at = writeVarint(into, at, headers.length);
  for (const { key, value } of headers) {
    at = writeField(into, at, key, utf8Bytes(key));
    at = writeField(into, at, value, value === null ? -1 : value.length);
  }
  return at;
}
