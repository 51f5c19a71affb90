/**
 * A committed offset as a record: the byte layout that Kafka uses in `__consumer_offsets`, so that its tools read it.
 *
 * Key (OffsetCommitKey version 1): i16 version, string group, string topic, i32 partition. Value (OffsetCommitValue
 * version 3): i16 version, i64 offset, i32 leader epoch, string metadata, i64 commit timestamp. A string is an i16
 * length and UTF-8. A null value removes the key.
 */
import { LogError } from './errors.ts';
import type { LogRecord, RecordInput } from './types.ts';
import { readInt64, writeInt64 } from './varint.ts';

const KEY_VERSION = 1;
const VALUE_VERSION = 3;
/** What an i16 length can say. */
export const STRING_BYTES_MAX = 32_767;

const encoder: InstanceType<typeof TextEncoder> = /* @__PURE__ */ new TextEncoder();
// Without the option a leading U+FEFF would be dropped, and the name be another one.
const decoder: InstanceType<typeof TextDecoder> = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

export interface OffsetKey {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export interface OffsetValue {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly timestamp: number;
}

/** The record that stores a position; `value` null removes it. */
export function encodeOffset(key: OffsetKey, value: OffsetValue | null): RecordInput {
  return { key: encodeKey(key), value: value === null ? null : encodeValue(value) };
}

/** The other way round. Throws `LOG_CORRUPT` for a record that is no position. */
export function decodeOffset(record: LogRecord): { readonly key: OffsetKey; readonly value: OffsetValue | null } {
  try {
    return { key: decodeKey(record.key), value: record.value === null ? null : decodeValue(record.value) };
  } catch (cause) {
    throw new LogError('LOG_CORRUPT', `the record at offset ${record.offset} is no committed offset`, { cause });
  }
}

function encodeKey({ group, topic, partition }: OffsetKey): Uint8Array {
  const groupBytes = encoder.encode(group);
  const topicBytes = encoder.encode(topic);
  const bytes = new Uint8Array(10 + groupBytes.length + topicBytes.length);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, KEY_VERSION);
  view.setInt16(2, groupBytes.length);
  bytes.set(groupBytes, 4);
  view.setInt16(4 + groupBytes.length, topicBytes.length);
  bytes.set(topicBytes, 6 + groupBytes.length);
  view.setInt32(6 + groupBytes.length + topicBytes.length, partition);
  return bytes;
}

function encodeValue({ offset, leaderEpoch, metadata, timestamp }: OffsetValue): Uint8Array {
  const metadataBytes = encoder.encode(metadata);
  const bytes = new Uint8Array(24 + metadataBytes.length);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, VALUE_VERSION);
  writeInt64(view, 2, offset);
  view.setInt32(10, leaderEpoch);
  view.setInt16(14, metadataBytes.length);
  bytes.set(metadataBytes, 16);
  writeInt64(view, 16 + metadataBytes.length, timestamp);
  return bytes;
}

/** Throws `RangeError` where a length leads out of the bytes. */
function decodeKey(bytes: Uint8Array | null): OffsetKey {
  if (bytes === null) throw new RangeError('the key is null');
  const view = viewOf(bytes, KEY_VERSION);
  const groupBytes = view.getInt16(2);
  const topicBytes = view.getInt16(4 + groupBytes);
  return {
    group: decoder.decode(bytes.subarray(4, 4 + groupBytes)),
    topic: decoder.decode(bytes.subarray(6 + groupBytes, 6 + groupBytes + topicBytes)),
    partition: view.getInt32(6 + groupBytes + topicBytes),
  };
}

function decodeValue(bytes: Uint8Array): OffsetValue {
  const view = viewOf(bytes, VALUE_VERSION);
  const metadataBytes = view.getInt16(14);
  return {
    offset: readInt64(view, 2),
    leaderEpoch: view.getInt32(10),
    metadata: decoder.decode(bytes.subarray(16, 16 + metadataBytes)),
    timestamp: readInt64(view, 16 + metadataBytes),
  };
}

function viewOf(bytes: Uint8Array, version: number): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getInt16(0) !== version) throw new RangeError(`version ${view.getInt16(0)} instead of ${version}`);
  return view;
}
