/**
 * The partition of a key in Kafka, as the producers of other languages choose it.
 *
 * Sources: org.apache.kafka.common.utils.Utils.murmur2 and the built-in partitioner of the Java client; the partitioners
 * of librdkafka. Java: 32-bit MurmurHash2 with the seed 0x9747b28c, its sign cut off, modulo the partitions. librdkafka's
 * `consistent` (and `consistent_random`, its default): CRC-32 modulo the partitions. The same key, two partitions: a topic
 * that programs of both kinds write needs ONE of them, librdkafka's `murmur2` or `crc32` here.
 *
 * MurmurHash2 (Appleby) mixes words of four bytes, the lowest first, into a state that begins with the length; the rest
 * is XORed in as one word, unscrambled. As in xxh32.ts a string is hashed from its characters until one beyond ASCII is
 * found. Note that "its sign cut off" is not "its absolute value": clients that got this wrong wrote elsewhere
 * (platformatic/kafka#121).
 */
import { refuse, requireInteger } from '../errors.ts';
import { requireKey, utf8 } from '../key-bytes.ts';
import type { Key } from '../types.ts';
import { crc32 } from './crc.ts';

/** 'murmur2' is Java's, 'crc32' that of librdkafka's `consistent`. */
export type KafkaPartitioner = 'murmur2' | 'crc32';

const SEED = 0x9747b28c;
const FACTOR = 0x5bd1e995;

function mixWord(h: number, word: number): number {
  word = Math.imul(word, FACTOR);
  return Math.imul(h, FACTOR) ^ Math.imul(word ^ (word >>> 24), FACTOR);
}

/** The rest is 0 when there is none, and then not mixed in. */
function finish(h: number, rest: number, any: boolean): number {
  if (any) h = Math.imul(h ^ rest, FACTOR);
  h = Math.imul(h ^ (h >>> 13), FACTOR);
  return h ^ (h >>> 15);
}

function hashBytes(bytes: Uint8Array, length: number): number {
  const end = length & ~3;
  let h = SEED ^ length;
  // Every index is less than `length`.
  for (let i = 0; i < end; i += 4) {
    const low = (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
    h = mixWord(h, low | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24));
  }
  let rest = 0;
  for (let i = length; i-- > end;) rest = (rest << 8) | (bytes[i] as number);
  return finish(h, rest, length > end);
}

function hashString(text: string): number {
  const { length } = text;
  const end = length & ~3;
  let any = 0;
  let h = SEED ^ length;
  for (let i = 0; i < end; i += 4) {
    const c0 = text.charCodeAt(i);
    const c1 = text.charCodeAt(i + 1);
    const c2 = text.charCodeAt(i + 2);
    const c3 = text.charCodeAt(i + 3);
    any |= c0 | c1 | c2 | c3;
    h = mixWord(h, c0 | (c1 << 8) | (c2 << 16) | (c3 << 24));
  }
  let rest = 0;
  for (let i = length; i-- > end;) {
    const c = text.charCodeAt(i);
    any |= c;
    rest = (rest << 8) | c;
  }
  if (any < 128) return finish(h, rest, length > end);
  const encoded = utf8(text);
  return hashBytes(encoded.bytes, encoded.length);
}

/**
 * Kafka's murmur2 of the UTF-8 bytes of a string, or of bytes; signed, as Java has it. O(length); allocates nothing for
 * ASCII.
 *
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { murmur2 } from '@loadbearing/consistent-hash/compat/kafka';
 * assert.equal(murmur2('foobar'), -790332482);
 * ```
 */
export function murmur2(key: Key): number {
  if (typeof key === 'string') return hashString(key);
  requireKey(key);
  return hashBytes(key, key.length);
}

/**
 * The partition of a record with this key, in 0..partitions - 1. O(length); allocates nothing for ASCII. Where records
 * without a key go, and with an empty one under `consistent_random`, no function can say. When `partitions` changes nearly all keys move; Kafka offers
 * no better.
 *
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 * @throws {PlacementError} BAD_OPTION unless partitions is an integer in 1..2^31 - 1, and for an unknown partitioner
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { kafkaPartition } from '@loadbearing/consistent-hash/compat/kafka';
 * assert.equal(kafkaPartition('TT0124', 15, 'murmur2'), 10);
 * assert.equal(kafkaPartition('TT0124', 15, 'crc32'), 9);
 * ```
 */
export function kafkaPartition(key: Key, partitions: number, partitioner: KafkaPartitioner): number {
  requireInteger('partitions', partitions, 1, 0x7fffffff);
  const by: unknown = partitioner;
  if (by === 'murmur2') return (murmur2(key) & 0x7fffffff) % partitions;
  if (by === 'crc32') return crc32(key) % partitions;
  return refuse('BAD_OPTION', 'partitioner', "'murmur2' or 'crc32'", by);
}

export { PlacementError } from '../errors.ts';
export type { PlacementErrorCode } from '../errors.ts';
export type { Key } from '../types.ts';
