/**
 * Loading: `fetch` of values that are there, and a hundred callers at once for one that is not.
 *
 * Both caches bound the age of a value (`ttl`) and load once for all callers; the check counts the loads. A hit is
 * timed awaited, one after the other, as programs use it, where most of the time is the engine's for the await; and as
 * the call alone, whose promise is dropped.
 */
import assert from 'node:assert';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';
import { keys } from './workload.ts';

interface Case {
  readonly name: string;
  readonly callers: number;
  readonly ttl?: number;
  readonly alone?: boolean;
  readonly built?: boolean;
}

const held = 1000;
const batch = 512;

/** One contender: hits on `held` keys in turn, or `callers` at once for keys that were never asked for. */
async function contender(
  { callers, alone, built }: Case,
  fetch: (key: string) => Promise<number | undefined>,
  loads: () => number,
): Promise<TimedContender> {
  let at = 0;
  if (callers > 0) {
    return {
      operations: callers,
      run: async () => {
        const key = `absent:${at++}`;
        const waiting: Promise<number | undefined>[] = [];
        for (let i = 0; i < callers; i++) waiting.push(fetch(key));
        return (await Promise.all(waiting)).length;
      },
      check: () => assert.equal(loads(), at),
    };
  }
  const known = keys(held);
  const next = built === true ? (): string => `product:${at++ % held}` : (): string => known[at++ % held] as string;
  for (let i = 0; i < held; i++) await fetch(next());
  const check = (): void => assert.equal(loads(), held);
  if (alone === true) {
    const run = (): unknown => {
      let last: unknown;
      for (let i = 0; i < batch; i++) last = fetch(next());
      return last;
    };
    // Not the promise itself: the kit would await it.
    return { operations: batch, run: () => [run()], check };
  }
  const run = async (): Promise<number> => {
    let sum = 0;
    for (let i = 0; i < batch; i++) sum += (await fetch(next())) ?? 0;
    return sum;
  };
  return { operations: batch, run, check };
}

export default defineBench<Case>({
  topic: 'fetch',
  title: 'fetch',
  rival: 'lru-cache',
  kind: 'time',
  cases: [
    { name: 'a hit, awaited', callers: 0 },
    { name: 'a hit, awaited, with ttl', callers: 0, ttl: 3_600_000 },
    { name: 'a hit, awaited, with ttl, key built per call', callers: 0, ttl: 3_600_000, built: true },
    { name: 'a hit, the call alone', callers: 0, alone: true },
    { name: 'a hit, the call alone, with ttl', callers: 0, ttl: 3_600_000, alone: true },
    {
      name: 'a hit, the call alone, with ttl, key built per call',
      callers: 0,
      ttl: 3_600_000,
      alone: true,
      built: true,
    },
    { name: 'a miss with one caller', callers: 1 },
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
