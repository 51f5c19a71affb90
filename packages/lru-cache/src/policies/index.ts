/** Who is evicted: the policies of the papers, each a file of its own. */
export { arc } from './arc.ts';
export { clock } from './clock.ts';
export { lru } from './lru.ts';
export { s3Fifo } from './s3-fifo.ts';
export type { S3FifoOptions } from './s3-fifo.ts';
export { sieve } from './sieve.ts';
export type { Policy, PolicyHost } from '../types.ts';
