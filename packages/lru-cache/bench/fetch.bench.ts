/**
 * Loading: `fetch` of values that are there, and a hundred callers at once for one that is not.
 *
 * Both caches bound the age of a value (`ttl`) and load once for all callers; the check counts the loads.
 */
import assert from 'node:assert';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';
import { keys } from './workload.ts';

interface Case {
  readonly name: string;
  readonly callers: number;
  readonly ttl?: number;
}

const held = 1000;
const batch = 512;

/** One contender: hits on `held` keys in turn, or `callers` at once for keys that were never asked for. */
function contender(
  { callers }: Case,
  fetch: (key: string) => Promise<number | undefined>,
  loads: () => number,
): TimedContender {
  const known = keys(held);
  let runs = 0;
  if (callers === 1) {
    let at = 0;
    return {
      operations: batch,
      run: async () => {
        let sum = 0;
        for (let i = 0; i < batch; i++) sum += (await fetch(known[at++ % held] as string)) ?? 0;
        return sum;
      },
      check: () => assert.equal(loads(), held),
    };
  }
  return {
    operations: callers,
    run: async () => {
      const key = `absent:${runs++}`;
      const waiting: Promise<number | undefined>[] = [];
      for (let i = 0; i < callers; i++) waiting.push(fetch(key));
      return (await Promise.all(waiting)).length;
    },
    check: () => assert.equal(loads(), runs),
  };
}

export default defineBench<Case>({
  topic: 'fetch',
  title: 'fetch',
  rival: 'lru-cache',
  kind: 'time',
  cases: [
    { name: 'a hit, no ttl', callers: 1 },
    { name: 'a hit, with ttl', callers: 1, ttl: 3_600_000 },
    { name: 'a miss with 100 callers', callers: 100 },
  ],
  contenders: {
    '@loadbearing/lru-cache': async (c) => {
      const { LoadingCache } = await import('@loadbearing/lru-cache');
      let loads = 0;
      const cache = new LoadingCache<string, number>({
        max: 2 * held,
        ...(c.ttl === undefined ? {} : { ttl: c.ttl }),
        load: () => Promise.resolve(++loads),
      });
      return contender(
        c,
        (key) => cache.fetch(key),
        () => loads,
      );
    },
    'lru-cache': async (c) => {
      const { LRUCache } = await import('lru-cache');
      let loads = 0;
      const cache = new LRUCache<string, number>({
        max: 2 * held,
        ...(c.ttl === undefined ? {} : { ttl: c.ttl }),
        fetchMethod: () => Promise.resolve(++loads),
      });
      return contender(
        c,
        (key) => cache.fetch(key),
        () => loads,
      );
    },
  },
});
