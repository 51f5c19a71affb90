/**
 * A thousand entries stored in the same moment expire in the same moment. In virtual time.
 *
 * Jitter spreads the moments; XFetch (Vattani, Chierichetti & Lowenstein, VLDB 2015) refreshes an entry before its end,
 * each read drawing whether it is the one, so that readers of popular keys never wait.
 */
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
import { LoadingCache } from '@loadbearing/lru-cache';
import { zipf } from '../load/zipf.ts';
import { atMost, count, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import { virtualTime } from './virtual-time.ts';

const keys = 1000;
const ttlMs = 60_000;
const loadMs = 200;
const tickMs = 20;
const readsPerTick = 40;
const jitter = 0.3;
const xfetchBeta = 1;
const bucketMs = 100;
/** The first ranks; `zipf` gives rank r to key r * 7919 mod keys + 1. */
const popularKeys = new Set(Array.from({ length: 100 }, (_, rank) => ((rank * 7919) % keys) + 1));

interface Storm {
  readonly peak: number;
  readonly waited: number;
  /** Of them, for one of the popular keys. */
  readonly popularWaited: number;
  readonly loads: number;
}

export async function expiryStorm(seed: number, periods: number): Promise<Section> {
  const plain = await storm(seed, periods, {});
  const jittered = await storm(seed, periods, { ttlJitter: jitter });
  const early = await storm(seed, periods, { xfetchBeta });
  const both = await storm(seed, periods, { ttlJitter: jitter, xfetchBeta });
  const row = (name: string, { peak, waited, popularWaited, loads }: Storm): string[] => [
    name,
    count(peak),
    count(waited),
    count(popularWaited),
    count(loads),
  ];
  return {
    title: 'The expiry storm: what is stored together expires together',
    lesson: `${count(keys)} keys loaded at once, ttl ${ttlMs / 1000} s, a load takes ${loadMs} ms, ${(readsPerTick * 1000) / tickMs} reads a second by Zipf over ${periods} ttl (seed ${seed}). Jitter flattens the peak at the source; XFetch spares the readers of popular keys the wait, since one of them refreshes in time; a key that nobody reads near its end it cannot help. Neither is free: both load more often.`,
    head: ['', `peak loads in ${bucketMs} ms`, 'reads that waited', `of the ${popularKeys.size} popular keys`, 'loads'],
    rows: [
      row('one ttl for all', plain),
      row(`ttlJitter ${jitter}`, jittered),
      row(`xfetchBeta ${xfetchBeta}`, early),
      row('both', both),
    ],
    claims: [
      atMost('peak with jitter: a quarter of the storm', jittered.peak, plain.peak / 4),
      atMost('popular reads that wait under XFetch: half', early.popularWaited, plain.popularWaited / 2),
      atMost('peak with both', both.peak, plain.peak / 4),
      atMost(
        'popular reads that wait with both: half of those under jitter',
        both.popularWaited,
        jittered.popularWaited / 2,
      ),
    ],
  };
}

async function storm(
  seed: number,
  periods: number,
  options: { readonly ttlJitter?: number; readonly xfetchBeta?: number },
): Promise<Storm> {
  const time = virtualTime();
  const random = seeded(seed);
  const popular = zipf(keys, 0.9, random);
  const buckets = new Map<number, number>();
  let loads = 0;
  const cache = new LoadingCache<number, string>({
    max: keys,
    ttl: ttlMs,
    ...options,
    random,
    clock: time,
    timers: time.timers,
    load: async (key) => {
      loads++;
      const bucket = Math.floor(time.now() / bucketMs);
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
      await time.sleep(loadMs);
      return `value of ${key}`;
    },
  });
  const filled = Promise.all(Array.from({ length: keys }, (_, key) => cache.fetch(key + 1)));
  await time.advance(loadMs);
  await filled;
  buckets.clear();
  loads = 0;
  let [waited, popularWaited] = [0, 0];
  const endMs = time.now() + periods * ttlMs;
  while (time.now() < endMs) {
    for (let i = 0; i < readsPerTick; i++) {
      const key = popular.next();
      if (cache.state(key) !== 'fresh') {
        waited++;
        if (popularKeys.has(key)) popularWaited++;
      }
      void cache.fetch(key);
    }
    await time.advance(tickMs);
  }
  return { peak: Math.max(0, ...buckets.values()), waited, popularWaited, loads };
}
