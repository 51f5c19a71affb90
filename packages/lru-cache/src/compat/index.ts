/** A drop-in for lru-cache 11: the same interface and behaviour, on this package's slots. */
export { LRUCache } from './lru-cache.ts';
export type { DisposeTask, Perf } from './types.ts';
