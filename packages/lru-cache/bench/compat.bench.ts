/**
 * The drop-in beside what it stands in for: the same interface, the same options, the same requests.
 *
 * Hits on a full cache, and sets of keys that are not held, each of which evicts; bare, with a ttl, with sizes and
 * `dispose`. Keys are string objects other than the stored ones, unless the case says integers. After a run the cache
 * must be full and hold what was set last.
 */
import assert from 'node:assert';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';

interface Case {
  readonly name: string;
  readonly max: number;
  readonly evict?: boolean;
  readonly integers?: boolean;
  readonly ttl?: number;
  readonly told?: boolean;
}

type Key = string | number;

interface Options {
  max: number;
  ttl?: number;
  maxSize?: number;
  sizeCalculation?: (value: number) => number;
  dispose?: () => void;
}

interface Cache {
  get(key: Key): number | undefined;
  set(key: Key, value: number): unknown;
  readonly size: number;
}

function contender({ max, evict, integers, ttl, told }: Case, make: new (options: Options) => Cache): TimedContender {
  let gone = 0;
  const options: Options = { max };
  if (ttl !== undefined) options.ttl = ttl;
  if (told === true) {
    options.maxSize = 2 * max;
    options.sizeCalculation = (value) => (value > 0 ? 1 : 2);
    options.dispose = () => {
      gone++;
    };
  }
  const cache = new make(options);
  const key = (i: number): Key => (integers === true ? i : `product:${String(i)}`);
  let at = 0;
  const set = (): number => {
    const until = at + operations;
    for (; at < until; at++) cache.set(key(at), at + 1);
    return at;
  };
  const get = (): number => {
    let sum = 0;
    for (let i = 0; i < operations; i++) sum += cache.get(key((at = (at + 7919) % max))) ?? 0;
    return sum;
  };
  const operations = 4096;
  for (let i = 0; i < max; i++) cache.set(key(i), i + 1);
  if (evict === true) at = max;
  return {
    operations,
    run: evict === true ? set : get,
    check: () => {
      assert.equal(cache.size, max);
      if (evict !== true) assert.equal(cache.get(key(max - 1)), max);
      else assert.equal(cache.get(key(at - 1)), at);
      if (evict === true && told === true) assert.equal(gone, at - max);
    },
  };
}

export default defineBench<Case>({
  topic: 'compat',
  title: 'the drop-in, 100,000 entries',
  rival: 'lru-cache',
  kind: 'time',
  cases: [
    { name: 'get, a hit', max: 100_000 },
    { name: 'get, a hit, integer keys', max: 100_000, integers: true },
    { name: 'get, a hit, with ttl', max: 100_000, ttl: 3_600_000 },
    { name: 'set, evicts', max: 100_000, evict: true },
    { name: 'set, evicts, integer keys', max: 100_000, evict: true, integers: true },
    { name: 'set, evicts, with ttl', max: 100_000, evict: true, ttl: 3_600_000 },
    { name: 'set, evicts, sizes and dispose', max: 100_000, evict: true, told: true },
    { name: 'set, evicts, 1,000 entries', max: 1000, evict: true },
    { name: 'get, a hit, 1,000 entries', max: 1000 },
  ],
  contenders: {
    '@loadbearing/lru-cache/compat': async (c) =>
      contender(c, (await import('@loadbearing/lru-cache/compat')).LRUCache<Key, number>),
    'lru-cache': async (c) => contender(c, (await import('lru-cache')).LRUCache<Key, number>),
  },
});
