/**
 * Hash tags: keys that share the part in braces share an owner, so that one node can answer for all of them at once.
 *
 * The rule is Redis Cluster's (Redis Cluster Specification, "Hash tags"): what stands between the first `{` and the next
 * `}` after it is hashed in place of the key, unless it is empty. The rule is about bytes, and holds for characters all
 * the same: no character beyond ASCII has a brace among its UTF-8 bytes.
 */
import { requireKey } from './key-bytes.ts';
import type { Key, KeyHash } from './types.ts';

function indexOf(key: Key, brace: '{' | '}', from: number): number {
  return typeof key === 'string' ? key.indexOf(brace, from) : key.indexOf(brace.charCodeAt(0), from);
}

/**
 * Where the tag begins, in what `key.length` counts; 0 for a key without a tag, as no tag begins there. O(length).
 *
 * @throws {TypeError} for a key that is neither string nor Uint8Array
 */
export function tagStart(key: Key): number {
  if (typeof key !== 'string') requireKey(key);
  const start = indexOf(key, '{', 0) + 1;
  // At `start` itself would be an empty tag.
  return start > 0 && indexOf(key, '}', start) > start ? start : 0;
}

/** Where it ends. */
export function tagEnd(key: Key, start: number): number {
  return start > 0 ? indexOf(key, '}', start) : key.length;
}

/**
 * A hash of the tag, where a key has one: `{user:42}:name` and `{user:42}:cart` go where `user:42` goes. O(length).
 *
 * The hash returned throws TypeError for a key that is neither string nor Uint8Array.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { ring, tagged, xxh32 } from '@loadbearing/consistent-hash';
 * const shards = ring(['shard-0', 'shard-1', 'shard-2'], { hash: tagged(xxh32) });
 * assert.equal(shards.locate('{user:42}:name'), shards.locate('user:42'));
 * ```
 */
export function tagged(hash: KeyHash): KeyHash {
  return Object.freeze({
    name: `tagged(${hash.name})`,
    hash(key: Key, seed: number): number {
      const start = tagStart(key);
      if (start === 0) return hash.hash(key, seed);
      const end = tagEnd(key, start);
      return hash.hash(typeof key === 'string' ? key.slice(start, end) : key.subarray(start, end), seed);
    },
  });
}
