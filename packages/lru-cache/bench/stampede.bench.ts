/**
 * Stampede: how many loads 1,000 callers start who ask for the same key at once.
 *
 * The source takes a moment, and nobody has the value: cold, just expired, deleted while it was loading, or failing.
 * What everybody writes first (look, load, put) asks the source as often as it is asked itself.
 */
import assert from 'node:assert';
import { setTimeout } from 'node:timers/promises';
import { defineBench } from '@loadbearing/bench-kit';

interface Case {
  readonly name: string;
  /** What happens before the callers come. */
  readonly before?: 'expire' | 'evict';
  readonly fails?: boolean;
}

interface Subject {
  readonly fetch: (key: string) => Promise<unknown>;
  readonly now: (ms: number) => void;
}

type Load = (key: string) => Promise<number>;
const callers = 1000;
const ttl = 1000;

async function loadsOf({ before, fails }: Case, make: (load: Load) => Subject | Promise<Subject>) {
  let loads = 0;
  let failing = false;
  const subject = await make(async () => {
    loads++;
    await setTimeout(5);
    if (failing) throw new Error('source down');
    return loads;
  });
  if (before !== undefined) await subject.fetch('key');
  if (before === 'expire') subject.now(ttl + 1);
  if (before === 'evict') for (let i = 0; i < 10; i++) await subject.fetch(`other:${i}`);
  failing = fails === true;
  loads = 0;
  const outcomes = await Promise.allSettled(Array.from({ length: callers }, () => subject.fetch('key')));
  const rejected = outcomes.filter(({ status }) => status === 'rejected').length;
  return { value: loads, check: () => assert.equal(rejected, failing ? callers : 0) };
}

export default defineBench<Case>({
  topic: 'stampede',
  title: 'Loads for 1,000 callers at once',
  rival: 'look, load, put',
  kind: 'value',
  cases: [
    { name: 'cold' },
    { name: 'just expired', before: 'expire' },
    { name: 'just evicted', before: 'evict' },
    { name: 'the source fails', fails: true },
  ],
  contenders: {
    LoadingCache: async (c) => {
      const { LoadingCache } = await import('@loadbearing/lru-cache');
      return loadsOf(c, (load) => {
        let time = 0;
        const cache = new LoadingCache<string, number>({ max: 5, ttl, load, clock: { now: () => time } });
        return { fetch: (key) => cache.fetch(key), now: (ms) => (time = ms) };
      });
    },
    'lru-cache': async (c) => {
      const { LRUCache } = await import('lru-cache');
      return loadsOf(c, (load) => {
        let time = 1;
        const cache = new LRUCache<string, number>({
          max: 5,
          ttl,
          ttlResolution: 0,
          perf: { now: () => time },
          fetchMethod: load,
        });
        return { fetch: (key) => cache.fetch(key), now: (ms) => (time = 1 + ms) };
      });
    },
    'look, load, put': (c) =>
      loadsOf(c, (load) => {
        const values = new Map<string, { value: number; until: number }>();
        let time = 0;
        const fetch = async (key: string): Promise<number> => {
          const known = values.get(key);
          if (known !== undefined && time < known.until) return known.value;
          const value = await load(key);
          values.delete(key);
          values.set(key, { value, until: time + ttl });
          for (const oldest of values.keys()) if (values.size > 5) values.delete(oldest);
          return value;
        };
        return { fetch, now: (ms) => (time = ms) };
      }),
  },
});
