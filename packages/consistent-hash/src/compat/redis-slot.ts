/**
 * The slot of a key in Redis Cluster, 0..16383.
 *
 * Source: Redis Cluster Specification, "Key distribution model": CRC-16/XMODEM of the key, or of its hash tag
 * (tagged.ts), modulo 16,384. Checked against redis-server 7.0: 10,021 answers of CLUSTER KEYSLOT.
 */
import { tagEnd, tagStart } from '../tagged.ts';
import type { Key, KeyHash } from '../types.ts';
import { crc16 } from './crc.ts';

/**
 * The slot that Redis Cluster keeps a key in. O(length); allocates nothing for ASCII.
 *
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { redisSlot } from '@loadbearing/consistent-hash/compat/redis-slot';
 * assert.equal(redisSlot('foo'), 12182);
 * assert.equal(redisSlot('{foo}:comments'), 12182);
 * ```
 */
export function redisSlot(key: Key): number {
  const start = tagStart(key);
  return crc16(key, start, tagEnd(key, start)) & 0x3fff;
}

/**
 * The slot in the top 14 bits and nothing below. With it and a `count` of 16384, the slots of `slots` are those of Redis
 * Cluster. Of no use elsewhere: it has 16,384 values.
 *
 * `hash` takes no notice of its seed, and throws TypeError for a key that is neither string nor Uint8Array.
 */
export const redisSlotHash: KeyHash = /* @__PURE__ */ Object.freeze({
  name: 'redis-slot',
  hash: (key: Key): number => (redisSlot(key) << 18) >>> 0,
});

export type * from '../types.ts';
