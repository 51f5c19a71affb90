/** Hashes of keys besides xxh32, for those who must agree with a program that uses one of them. */
export { fnv1a_32 } from './fnv1a.ts';
export { md5_32 } from './md5.ts';
export { murmur3_32 } from './murmur3.ts';
export type { Key, KeyHash } from '../types.ts';
