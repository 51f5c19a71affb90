/**
 * What a policy costs: hits, evictions and the usual mixture, on full caches of 100,000 entries.
 *
 * Which of them hits how often is another question, answered by replaying traces; here each does the work that it chose.
 * Hits are on string keys, the same objects again. Evictions are sets of numbers never seen before, so that no policy is
 * spared work by having kept the right entries. The mixture is get-or-set of a Zipf stream over four times as many keys as
 * fit. `lru` is the default's order through the hook: the difference is what the hook costs.
 */
import assert from 'node:assert';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';
import type { Policy } from '@loadbearing/lru-cache/policies';
import { keys, requests, seeded, uniform, zipf } from './workload.ts';

interface Case {
  readonly name: string;
  readonly work: 'hit' | 'evict' | 'mixed';
}

interface Cache {
  get(key: string | number): number | undefined;
  set(key: string | number, value: number): unknown;
  readonly size: number;
}

type Policies = typeof import('@loadbearing/lru-cache/policies');

const max = 100_000;
const operations = 4096;

function contender({ work }: Case, cache: Cache): TimedContender {
  const held = keys(max);
  held.forEach((key, i) => cache.set(key, i + 1));
  const stream = work === 'mixed' ? zipf(keys(4 * max), seeded(1)) : uniform(held, seeded(1));
  let at = 0;
  let fresh = 0;
  const runs: Readonly<Record<Case['work'], () => number>> = {
    hit: () => {
      let sum = 0;
      for (let i = 0; i < operations; i++) sum += cache.get(stream[at++ & (requests - 1)] as string) ?? 0;
      return sum;
    },
    evict: () => {
      for (let i = 0; i < operations; i++) cache.set(fresh++, i);
      return fresh;
    },
    mixed: () => {
      let sum = 0;
      for (let i = 0; i < operations; i++) {
        const key = stream[at++ & (requests - 1)] as string;
        const value = cache.get(key);
        if (value === undefined) cache.set(key, i + 1);
        else sum += value;
      }
      return sum;
    },
  };
  return {
    operations,
    run: runs[work],
    check: () => {
      assert.equal(cache.size, max);
      if (work === 'hit') assert.equal(cache.get(held[max - 1] as string), max);
      if (work === 'evict') assert.equal(cache.get(fresh - 1), operations - 1);
      if (work === 'mixed') assert.notEqual(cache.get(stream[(at - 1) & (requests - 1)] as string), undefined);
    },
  };
}

async function own(c: Case, choose?: (policies: Policies) => Policy): Promise<TimedContender> {
  const { LruCache } = await import('@loadbearing/lru-cache');
  if (choose === undefined) return contender(c, new LruCache<string | number, number>(max));
  const policy = choose(await import('@loadbearing/lru-cache/policies'));
  return contender(c, new LruCache<string | number, number>({ max, policy }));
}

export default defineBench<Case>({
  topic: 'policies',
  title: 'what a policy costs, 100,000 entries',
  rival: 'lru-cache',
  kind: 'time',
  cases: [
    { name: 'get, all hits', work: 'hit' },
    { name: 'set, all evict', work: 'evict' },
    { name: 'get or set, Zipf', work: 'mixed' },
  ],
  contenders: {
    'no policy (LRU)': (c) => own(c),
    lru: (c) => own(c, (p) => p.lru()),
    clock: (c) => own(c, (p) => p.clock()),
    sieve: (c) => own(c, (p) => p.sieve()),
    s3Fifo: (c) => own(c, (p) => p.s3Fifo()),
    arc: (c) => own(c, (p) => p.arc()),
    wTinyLfu: (c) => own(c, (p) => p.wTinyLfu()),
    robust: (c) => own(c, (p) => p.robust()),
    'lru-cache': async (c) => {
      const { LRUCache } = await import('lru-cache');
      return contender(c, new LRUCache<string | number, number>({ max }));
    },
  },
});
