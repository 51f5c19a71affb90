/**
 * Bytes per live key, the key strings themselves not counted: heap and array buffers after a collection, with and
 * without the limiter and its entries. Each contender runs in a process of its own.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryUsage } from 'node:process';
import { createLimiter, gcra, MapStore, TableStore, type SyncLimiter, type SyncStore } from '@loadbearing/rate-limiter';
import { defineBench, type CountedContender } from '@loadbearing/bench-kit';
import { RateLimiterMemory } from 'rate-limiter-flexible';

/** A collection can be forced only through a flag, which a worker of the kit does not start with. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

async function bytesPerKey(keys: number, hold: (names: readonly string[]) => unknown): Promise<number> {
  const collect = collector();
  const used = (): number => {
    collect();
    collect();
    const { heapUsed, arrayBuffers } = memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const names = Array.from({ length: keys }, (_, i) => Buffer.from(`user:${String(i)}`).toString('latin1'));
  const before = used();
  const held = await hold(names);
  const bytes = used() - before;
  // Both must outlive the measurement.
  if (held === undefined || names.length !== keys) throw new Error('nothing was held');
  return bytes / keys;
}

/** The store is made while it is measured: a table allocates all its memory then. */
async function ours(keys: number, store: () => SyncStore, evictionsMax: number): Promise<CountedContender> {
  let limiter: SyncLimiter | undefined;
  const value = await bytesPerKey(keys, (names) => {
    limiter = createLimiter({ limits: gcra({ rate: 100, perMs: 3_600_000 }), store: store() });
    for (const name of names) limiter.tryTakeSync(name);
    return limiter;
  });
  return {
    value,
    check: () => {
      const { allowed, evictedLive } = limiter!.stats();
      if (allowed !== keys || evictedLive > evictionsMax) throw new Error(`${allowed} allowed, ${evictedLive} evicted`);
    },
  };
}

export default defineBench({
  topic: 'bytes',
  title: 'bytes per live key beyond the key strings',
  rival: 'rate-limiter-flexible',
  kind: 'value',
  cases: [
    { name: '100,000 keys', keys: 100_000 },
    { name: '1,000,000 keys', keys: 1_000_000 },
  ],
  contenders: {
    'TableStore, one gcra': ({ keys }) => ours(keys, () => new TableStore({ capacity: keys }), keys / 2000),
    'MapStore, one gcra': ({ keys }) => ours(keys, () => new MapStore({ maxKeys: keys }), 0),
    'rate-limiter-flexible': async ({ keys }) => {
      const limiter = new RateLimiterMemory({ points: 100, duration: 3600 });
      const value = await bytesPerKey(keys, async (names) => {
        for (const name of names) await limiter.consume(name);
        return limiter;
      });
      return {
        value,
        check: async () => {
          const used = (await limiter.get('user:0'))?.consumedPoints;
          if (used !== 1) throw new Error(`${String(used)} points used by a key`);
        },
      };
    },
    'Map of numbers': async ({ keys }) => {
      const counts = new Map<string, number>();
      const value = await bytesPerKey(keys, (names) => {
        for (const name of names) counts.set(name, 1);
        return counts;
      });
      return {
        value,
        check: () => {
          if (counts.size !== keys) throw new Error(`${counts.size} keys`);
        },
      };
    },
  },
});
