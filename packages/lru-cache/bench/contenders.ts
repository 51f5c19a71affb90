/**
 * The caches compared, each behind its own import, so that a process loads one of them.
 *
 * They are made as their documentation says, with a ttl where they have one. quick-lru keeps up to twice its `maxSize`, so it is given half. A `Map`
 * that deletes and sets again at each use, and evicts its first key, is what people write by hand.
 */
import type { Key, TimedCache } from './workload.ts';

export type Make = (max: number, ttlMs?: number) => Promise<TimedCache>;

class MapLru implements TimedCache {
  readonly #map = new Map<Key, number>();
  readonly #max: number;
  constructor(max: number) {
    this.#max = max;
  }
  get size(): number {
    return this.#map.size;
  }
  get(key: Key): number | undefined {
    const value = this.#map.get(key);
    if (value === undefined) return undefined;
    this.#map.delete(key);
    this.#map.set(key, value);
    return value;
  }
  set(key: Key, value: number): void {
    this.#map.delete(key);
    if (this.#map.size >= this.#max) this.#map.delete(this.#map.keys().next().value as Key);
    this.#map.set(key, value);
  }
}

export const contenders = {
  '@loadbearing/lru-cache': async (max, ttl) => {
    const { LruCache } = await import('@loadbearing/lru-cache');
    return new LruCache<Key, number>(ttl === undefined ? max : { max, ttl });
  },
  'lru-cache': async (max, ttl) => {
    const { LRUCache } = await import('lru-cache');
    return new LRUCache<Key, number>(ttl === undefined ? { max } : { max, ttl });
  },
  'a Map, delete and set': (max) => Promise.resolve(new MapLru(max)),
  mnemonist: async (max) => {
    const { LRUMapWithDelete } = await import('mnemonist');
    return new LRUMapWithDelete<Key, number>(max);
  },
  'toad-cache': async (max, ttl = 0) => {
    const { LruMap } = await import('toad-cache');
    return new LruMap<number>(max, ttl);
  },
  'tiny-lru': async (max, ttl = 0) => {
    const { lru } = await import('tiny-lru');
    return lru<number>(max, ttl);
  },
  'lru.min': async (max) => {
    const { createLRU } = await import('lru.min');
    return createLRU<Key, number>({ max });
  },
  'quick-lru': async (max, ttl = Infinity) => {
    const { default: QuickLru } = await import('quick-lru');
    return new QuickLru<Key, number>({ maxSize: max / 2, maxAge: ttl });
  },
} satisfies Record<string, Make>;

export type Contender = keyof typeof contenders;

/** Of quick-lru no more can be said: it holds between a half and all of what it may. */
export function exact(contender: string): boolean {
  return contender !== 'quick-lru';
}
