/**
 * A flood of keys, each seen once: how much memory it takes, and what a client that is being limited gains by it.
 *
 * Memory is the resident set after the flood less that before it, the limiter made and warm in both; it is what an
 * operator sees, so the collector is not asked to run in between. The gain is in admissions, against what the limit
 * allows a client without any flood.
 */
import { memoryUsage } from 'node:process';
import { createLimiter, gcra, MapStore, TableStore, type SyncStore } from '@loadbearing/rate-limiter';
import { defineBench } from '@loadbearing/bench-kit';
import { RateLimiterMemory } from 'rate-limiter-flexible';

const RATE = 100;
const PER_MS = 60_000;

/** Visits `keys` keys, 100 of them a millisecond, and answers by how many MiB the process has grown. */
async function flood(keys: number, visit: (key: string, nowMs: number) => unknown): Promise<number> {
  // Garbage enough for the young generation of the heap to have grown to its full size before.
  for (let i = 0; i < 1_000_000; i++) await visit(`warm:${String(i % 100_000)}`, 0);
  const before = memoryUsage().rss;
  for (let i = 0; i < keys; i++) await visit(`flood:${String(i)}`, Math.floor(i / 100));
  return (memoryUsage().rss - before) / 2 ** 20;
}

async function ours(keys: number, store: SyncStore) {
  const limiter = createLimiter({ limits: gcra({ rate: RATE, perMs: PER_MS }), store });
  let admitted = 0;
  let visits = 0;
  const value = await flood(keys, (key, nowMs) => {
    limiter.tryTakeSync(key, 1, nowMs);
    if (visits++ % 100 === 0 && limiter.tryTakeSync('client', 1, nowMs)) admitted++;
  });
  const due = RATE + Math.floor((keys / 100) * (RATE / PER_MS));
  return {
    value,
    check: () => {
      const { evictedLive } = limiter.stats();
      if (admitted > due * 1.01) throw new Error(`the client had ${admitted} for ${due}, ${evictedLive} evicted`);
    },
  };
}

export default defineBench({
  topic: 'flood',
  title: 'MiB that a flood of keys takes',
  rival: 'rate-limiter-flexible, first million',
  kind: 'value',
  cases: [
    { name: '1,000,000 keys', keys: 1_000_000 },
    { name: '10,000,000 keys', keys: 10_000_000 },
  ],
  contenders: {
    'TableStore, 131,072 keys': ({ keys }) => ours(keys, new TableStore()),
    'MapStore, 100,000 keys': ({ keys }) => ours(keys, new MapStore()),
    // It keeps every key, and a timer for each, for the whole window: ten million would not fit.
    'rate-limiter-flexible, first million': async () => {
      const limiter = new RateLimiterMemory({ points: RATE, duration: PER_MS / 1000 });
      const value = await flood(1_000_000, (key) => limiter.consume(key));
      return {
        value,
        check: async () => {
          if ((await limiter.get('flood:999999'))?.consumedPoints !== 1)
            throw new Error('the last key was not counted');
        },
      };
    },
  },
});
