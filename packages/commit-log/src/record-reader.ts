/**
 * Records out of a batch.
 *
 * A record is read in one pass over its bytes, and its key, value and header values are views into the batch: no
 * byte is copied. The price is that a kept record keeps its whole chunk alive, so callers copy what they keep.
 *
 * Invariant: nothing outside the batch is read, whatever the lengths inside say. A batch whose checksum is right
 * and whose records do not add up was written wrong, and is reported as damage too.
 */
import { LogError } from './errors.ts';
import { BATCH_HEADER_BYTES, batchCrcIsValid, codecOf, readBatchHeader } from './record-batch.ts';
import type { BatchHeader } from './record-batch.ts';
import type { LogRecord, RecordHeader } from './types.ts';
import { readVarint } from './varint.ts';
import type { Cursor } from './varint.ts';

// Without the option a leading U+FEFF would be dropped.
const decoder: InstanceType<typeof TextDecoder> = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });
const NO_HEADERS: readonly RecordHeader[] = /* @__PURE__ */ Object.freeze([]);
const APPEND_TIME = 8;

/**
 * All records of the batch at `at`, its checksum verified. O(bytes).
 * Throws `LogError` `LOG_CORRUPT` or `UNSUPPORTED_CODEC`.
 */
export function readRecords(bytes: Uint8Array, at: number = 0): LogRecord[] {
  const header = readBatchHeader(bytes, at);
  if (header.totalBytes > bytes.length - at || !batchCrcIsValid(bytes, at, header.totalBytes)) {
    throw new LogError('LOG_CORRUPT', `the batch at offset ${header.baseOffset} is cut off or its checksum is wrong`);
  }
  const records: LogRecord[] = [];
  collectRecords(bytes, at, header, 0, Number.MAX_SAFE_INTEGER, records);
  return records;
}

/** Adds the records of one verified batch with an offset in [from, to) to `out`. */
export function collectRecords(
  bytes: Uint8Array,
  at: number,
  header: BatchHeader,
  from: number,
  to: number,
  out: LogRecord[],
): void {
  if (codecOf(header) !== 0) {
    const message = `the batch at offset ${header.baseOffset} is compressed with codec ${codecOf(header)}`;
    throw new LogError('UNSUPPORTED_CODEC', message);
  }
  const batchEnd = at + header.totalBytes;
  const cursor: Cursor = { bytes, at: at + BATCH_HEADER_BYTES, end: batchEnd };
  for (let i = 0; i < header.count; i++) {
    cursor.end = batchEnd;
    const length = readVarint(cursor);
    const recordEnd = cursor.at + length;
    if (length < 0 || recordEnd > batchEnd) throw malformed(header, i);
    const offset = header.baseOffset + i;
    if (offset >= to) return;
    if (offset < from) {
      cursor.at = recordEnd;
      continue;
    }
    cursor.end = recordEnd;
    cursor.at++; // attributes: none are defined
    const timestampDelta = readVarint(cursor);
    if (readVarint(cursor) !== i) throw malformed(header, i);
    const key = readField(cursor);
    const value = readField(cursor);
    const headers = readHeaders(cursor);
    if (cursor.at !== recordEnd) throw malformed(header, i);
    const timestamp = header.attributes & APPEND_TIME ? header.maxTimestamp : header.baseTimestamp + timestampDelta;
    out.push({ offset, timestamp, key, value, headers });
  }
  if (cursor.at !== batchEnd) throw malformed(header, header.count);
}

function readField(cursor: Cursor): Uint8Array | null {
  const length = readVarint(cursor);
  if (length === -1) return null;
  const end = cursor.at + length;
  if (length < -1 || end > cursor.end) throw new LogError('LOG_CORRUPT', `a field of ${length} bytes does not fit`);
  const field = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return field;
}

function readHeaders(cursor: Cursor): readonly RecordHeader[] {
  const count = readVarint(cursor);
  if (count === 0) return NO_HEADERS;
  // A header takes at least two bytes: a larger count would be an allocation on a stranger's word.
  if (count < 0 || count > (cursor.end - cursor.at) / 2) {
    throw new LogError('LOG_CORRUPT', `${count} headers do not fit`);
  }
  const headers: RecordHeader[] = [];
  for (let i = 0; i < count; i++) {
    const key = readField(cursor);
    if (key === null) throw new LogError('LOG_CORRUPT', 'a header has no key');
    headers.push({ key: decoder.decode(key), value: readField(cursor) });
  }
  return headers;
}

function malformed(header: BatchHeader, index: number): LogError {
  return new LogError('LOG_CORRUPT', `record ${index} of the batch at offset ${header.baseOffset} is malformed`);
}
