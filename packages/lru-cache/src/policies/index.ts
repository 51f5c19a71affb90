/** Who is evicted: the policies of the papers, each a file of its own, and one that picks among them by itself. */
export { arc } from './arc.ts';
export { clock } from './clock.ts';
export { lru } from './lru.ts';
export { robust } from './robust.ts';
export { s3Fifo } from './s3-fifo.ts';
export type { S3FifoOptions } from './s3-fifo.ts';
export { sieve } from './sieve.ts';
export { wTinyLfu } from './w-tinylfu.ts';
export type { WTinyLfuOptions } from './w-tinylfu.ts';
export type { Policy, PolicyHost } from '../types.ts';
