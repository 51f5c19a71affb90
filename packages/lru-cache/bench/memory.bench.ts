/**
 * Bytes an entry of a cache of 100,000, beyond the key and the value: when it has been filled, and after ten times as
 * many keys have passed through it. Keys and values are small integers, which take no memory of their own, so all that
 * is found is the cache's. Memory is the heap's and that of array buffers, collected until two readings agree: array
 * buffers are given back late.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { type Contender, contenders, exact } from './contenders.ts';
import type { TimedCache } from './workload.ts';

interface Case {
  readonly name: string;
  /** How many times as many keys as fit pass through. */
  readonly passes: number;
  readonly ttlMs?: number;
}

const max = 100_000;

/** Bytes in use when nothing more can be collected. */
async function settled(): Promise<number> {
  let [before, now] = [Infinity, 0];
  for (let i = 0; i < 20 && before !== now; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc?.();
    before = now;
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    now = heapUsed + arrayBuffers;
  }
  return now;
}

async function measured(name: Contender, { passes, ttlMs }: Case): Promise<{ value: number; check: () => void }> {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  // Another of the same kind first: its code is no part of an entry.
  const other = await contenders[name](1000, ttlMs);
  for (let i = 0; i < 5000; i++) other.set(i % 3000, i);
  const before = await settled();
  const cache: TimedCache = await contenders[name](max, ttlMs);
  for (let i = 0; i < passes * max; i++) cache.set(i, i & 1023);
  const value = Math.round(((await settled()) - before) / max);
  return {
    value,
    check: () => {
      if (exact(name) && cache.size !== max) throw new Error(`holds ${cache.size} entries`);
      if (cache.get(passes * max - 1) !== ((passes * max - 1) & 1023)) throw new Error('lost the last entry');
    },
  };
}

export default defineBench<Case>({
  topic: 'memory',
  title: 'bytes an entry',
  rival: 'lru-cache',
  kind: 'value',
  cases: [
    { name: 'filled', passes: 1 },
    { name: 'after 10 times as many', passes: 11 },
    { name: 'with a ttl, where there is one, after 10 times as many', passes: 11, ttlMs: 3_600_000 },
  ],
  contenders: {
    '@loadbearing/lru-cache': (c) => measured('@loadbearing/lru-cache', c),
    'lru-cache': (c) => measured('lru-cache', c),
    'a Map, delete and set': (c) => measured('a Map, delete and set', c),
    mnemonist: (c) => measured('mnemonist', c),
    'toad-cache': (c) => measured('toad-cache', c),
    'tiny-lru': (c) => measured('tiny-lru', c),
    'lru.min': (c) => measured('lru.min', c),
    'quick-lru': (c) => measured('quick-lru', c),
  },
});
