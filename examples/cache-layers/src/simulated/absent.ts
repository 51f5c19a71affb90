/** Look-ups of ids that do not exist: what is not remembered is asked for every time. In virtual time. */
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
import { LoadingCache } from '@loadbearing/lru-cache';
import { atMost, count, exactly, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import { virtualTime } from './virtual-time.ts';

const ids = 1000;
const lookupsPerTick = 100;
const tickMs = 100;
const absentTtlMs = 60_000;

export async function absent(seed: number, lookups: number): Promise<Section> {
  const without = await scan(seed, lookups, 0);
  const withIt = await scan(seed, lookups, absentTtlMs);
  const seconds = ((lookups / lookupsPerTick) * tickMs) / 1000;
  const windows = Math.ceil((seconds * 1000) / absentTtlMs);
  return {
    title: 'Look-ups of what does not exist: "there is none" is an answer worth keeping',
    lesson: `${count(lookups)} look-ups of ${count(ids)} absent ids in ${seconds} s: a crawler, a deleted product, an attack. A cache that only keeps values lets all of them through.`,
    head: ['', 'look-ups', 'queries'],
    rows: [
      ['values only', count(lookups), count(without)],
      [`absentTtlMs ${absentTtlMs}`, count(lookups), count(withIt)],
    ],
    claims: [
      exactly('queries when absence is not remembered', without, lookups),
      atMost('queries when it is: each id once per window', withIt, ids * windows),
    ],
  };
}

async function scan(seed: number, lookups: number, ttlMs: number): Promise<number> {
  const time = virtualTime();
  const random = seeded(seed);
  let queries = 0;
  const cache = new LoadingCache<number, string>({
    max: 10_000,
    ttl: 60_000,
    absentTtlMs: ttlMs,
    clock: time,
    timers: time.timers,
    load: () => {
      queries++;
      return undefined;
    },
  });
  for (let done = 0; done < lookups; done += lookupsPerTick) {
    // One after the other: single flight must not get the credit.
    for (let i = 0; i < lookupsPerTick; i++) await cache.fetch(Math.floor(random() * ids));
    await time.advance(tickMs);
  }
  return queries;
}
