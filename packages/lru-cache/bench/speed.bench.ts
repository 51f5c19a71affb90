/**
 * Reading and replacing: hits on a full cache, and get-or-set of a skewed stream of four times as many keys as fit.
 *
 * Keys are strings and the requests are the same string objects again and again, the friendliest case for a `Map`,
 * which finds their hash in the string. The third contender is what people write by hand: a `Map` that deletes and
 * sets again at each use, and evicts its first key. A full cache is asserted afterwards: what did not evict did not win.
 */
import assert from 'node:assert';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';
import { keys, requests, seeded, uniform, zipf } from './workload.ts';

interface Case {
  readonly name: string;
  readonly max: number;
  readonly mixed: boolean;
}

interface Cache {
  get(key: string): number | undefined;
  set(key: string, value: number): unknown;
  readonly size: number;
}

/** One contender: its cache, filled, and the requests of the case. */
function contender({ max, mixed }: Case, cache: Cache): TimedContender {
  const random = seeded(1);
  const held = keys(max);
  held.forEach((key, i) => cache.set(key, i + 1));
  const stream = mixed ? zipf(keys(4 * max), random) : uniform(held, random);
  const operations = 4096;
  let at = 0;
  const hits = (): number => {
    let sum = 0;
    for (let i = 0; i < operations; i++) sum += cache.get(stream[at++ & (requests - 1)] as string) ?? 0;
    return sum;
  };
  const getOrSet = (): number => {
    let sum = 0;
    for (let i = 0; i < operations; i++) {
      const key = stream[at++ & (requests - 1)] as string;
      const value = cache.get(key);
      if (value === undefined) cache.set(key, i + 1);
      else sum += value;
    }
    return sum;
  };
  return {
    operations,
    run: mixed ? getOrSet : hits,
    check: () => {
      assert.equal(cache.size, max);
      if (mixed) assert.notEqual(cache.get(stream[(at - 1) & (requests - 1)] as string), undefined);
      else assert.equal(cache.get(held[max - 1] as string), max);
    },
  };
}

class MapLru implements Cache {
  readonly #map = new Map<string, number>();
  readonly #max: number;
  constructor(max: number) {
    this.#max = max;
  }
  get size(): number {
    return this.#map.size;
  }
  get(key: string): number | undefined {
    const value = this.#map.get(key);
    if (value === undefined) return undefined;
    this.#map.delete(key);
    this.#map.set(key, value);
    return value;
  }
  set(key: string, value: number): void {
    this.#map.delete(key);
    if (this.#map.size >= this.#max) this.#map.delete(this.#map.keys().next().value as string);
    this.#map.set(key, value);
  }
}

export default defineBench<Case>({
  topic: 'speed',
  title: 'a full cache of strings',
  rival: 'lru-cache',
  kind: 'time',
  cases: [
    { name: 'get, all hits, 1,000 entries', max: 1000, mixed: false },
    { name: 'get, all hits, 100,000 entries', max: 100_000, mixed: false },
    { name: 'get or set, Zipf, 1,000 entries', max: 1000, mixed: true },
    { name: 'get or set, Zipf, 100,000 entries', max: 100_000, mixed: true },
  ],
  contenders: {
    '@loadbearing/lru-cache': async (c) => {
      const { LruCache } = await import('@loadbearing/lru-cache');
      return contender(c, new LruCache<string, number>(c.max));
    },
    'lru-cache': async (c) => {
      const { LRUCache } = await import('lru-cache');
      return contender(c, new LRUCache<string, number>({ max: c.max }));
    },
    'a Map, delete and set': (c) => contender(c, new MapLru(c.max)),
  },
});
