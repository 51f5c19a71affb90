/**
 * The time of one allowed decision in memory, every contender with its default clock except where the name says that
 * the time is passed in. A plain `Map` that reads and writes one number per key is the floor under anything keyed.
 *
 * Keys are flattened before measuring (a string built by `+` is a tree until it is first hashed) and visited in a fixed
 * random order. No limit is ever reached: a refusal of rate-limiter-flexible is a rejected promise and would only make
 * it slower. Of express-rate-limit the store alone is measured, its counter, without the middleware around it. `check`
 * wants every call counted.
 */
import { createLimiter, gcra, TableStore, type SyncLimiter } from '@loadbearing/rate-limiter';
import { defineBench, type TimedContender } from '@loadbearing/bench-kit';
import { MemoryStore } from 'express-rate-limit';
import { RateLimiterMemory } from 'rate-limiter-flexible';

const QUOTA = 1_000_000_000;
const PER_MS = 600_000;

function visits(keys: number): string[] {
  const names = Array.from({ length: keys }, (_, i) => Buffer.from(`user:${String(i)}`).toString('latin1'));
  let seed = 42;
  return Array.from({ length: Math.max(keys, 1000) }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return names[seed % keys]!;
  });
}

/** Measures the calls of `decide`, and checks that the limiter counted each of them as allowed. */
function ours(keys: number, decide: (limiter: SyncLimiter, order: readonly string[]) => unknown): TimedContender {
  const store = new TableStore({ capacity: Math.max(keys, 1000) });
  const limiter = createLimiter({ limits: gcra({ rate: QUOTA, perMs: PER_MS }), store });
  const order = visits(keys);
  let runs = 0;
  return {
    operations: order.length,
    run: () => {
      runs++;
      return decide(limiter, order);
    },
    check: () => {
      const { allowed, rejected } = limiter.stats();
      if (allowed !== runs * order.length || rejected > 0) throw new Error(`${allowed} allowed, ${rejected} rejected`);
    },
  };
}

export default defineBench({
  topic: 'memory',
  title: 'time of one allowed decision',
  rival: 'rate-limiter-flexible consume',
  kind: 'time',
  cases: [
    { name: 'one key', keys: 1 },
    { name: '100,000 keys', keys: 100_000 },
    { name: '1,000,000 keys', keys: 1_000_000 },
  ],
  contenders: {
    'tryTakeSync, time passed in': ({ keys }) => {
      let nowMs = 0;
      return ours(keys, (limiter, order) => {
        nowMs++;
        let allowed = 0;
        for (const key of order) if (limiter.tryTakeSync(key, 1, nowMs)) allowed++;
        return allowed;
      });
    },
    tryTakeSync: ({ keys }) =>
      ours(keys, (limiter, order) => {
        let allowed = 0;
        for (const key of order) if (limiter.tryTakeSync(key)) allowed++;
        return allowed;
      }),
    takeSync: ({ keys }) =>
      ours(keys, (limiter, order) => {
        let remaining = 0;
        for (const key of order) remaining += limiter.takeSync(key).remaining;
        return remaining;
      }),
    'await take': ({ keys }) =>
      ours(keys, async (limiter, order) => {
        let remaining = 0;
        for (const key of order) remaining += (await limiter.take(key)).remaining;
        return remaining;
      }),
    'rate-limiter-flexible consume': ({ keys }) => {
      const limiter = new RateLimiterMemory({ points: QUOTA, duration: PER_MS / 1000 });
      const order = visits(keys);
      let runs = 0;
      return {
        operations: order.length,
        run: async () => {
          runs++;
          let remaining = 0;
          for (const key of order) remaining += (await limiter.consume(key)).remainingPoints;
          return remaining;
        },
        check: async () => {
          const visitsOfFirst = order.filter((key) => key === order[0]).length;
          const used = (await limiter.get(order[0]!))?.consumedPoints;
          if (used !== runs * visitsOfFirst) throw new Error(`${String(used)} points used in ${runs} runs`);
        },
      };
    },
    'express-rate-limit MemoryStore': ({ keys }) => {
      const store = new MemoryStore();
      // Nothing of it reads more of its options than this.
      store.init({ windowMs: PER_MS } as Parameters<MemoryStore['init']>[0]);
      const order = visits(keys);
      let runs = 0;
      return {
        operations: order.length,
        run: async () => {
          runs++;
          let hits = 0;
          for (const key of order) hits += (await store.increment(key)).totalHits;
          return hits;
        },
        check: async () => {
          const visitsOfFirst = order.filter((key) => key === order[0]).length;
          const used = (await store.get(order[0]!))?.totalHits;
          if (used !== runs * visitsOfFirst) throw new Error(`${String(used)} hits in ${runs} runs`);
        },
      };
    },
    'Map get + set': ({ keys }) => {
      const counts = new Map<string, number>();
      const order = visits(keys);
      let runs = 0;
      return {
        operations: order.length,
        run: () => {
          runs++;
          for (const key of order) counts.set(key, (counts.get(key) ?? 0) + 1);
          return counts.size;
        },
        check: () => {
          const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
          if (total !== runs * order.length) throw new Error(`${total} counted in ${runs} runs`);
        },
      };
    },
  },
});
