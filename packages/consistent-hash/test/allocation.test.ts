/**
 * A lookup of an ASCII key allocates nothing. Shown by what allocation leads to: collections while a few million lookups
 * run, beside a control that allocates one small object each.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { kinds } from './kinds.ts';

const CALLS = 1_500_000;
const keys = Array.from({ length: 1000 }, (_, i) => `user:${String(i)}`);
const nodes = Array.from({ length: 10 }, (_, i) => `node-${String(i)}`);

/** Collections while `call` runs, once it is compiled. */
async function collectionsDuring(call: (key: string) => unknown): Promise<number> {
  const run = (count: number): unknown => {
    let last: unknown;
    for (let i = 0; i < count; i++) last = call(keys[i % keys.length]!);
    return last;
  };
  run(200_000);
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  await sleep(20);
  observer.observe({ entryTypes: ['gc'] });
  run(CALLS);
  await sleep(20);
  observer.disconnect();
  return collections;
}

it('allocates nothing for an ASCII key, in any kind', async () => {
  const control = await collectionsDuring((key) => ({ key, length: key.length }));
  expect(control).toBeGreaterThan(2);
  for (const kind of kinds) {
    const placement = kind.make(nodes, {});
    expect(await collectionsDuring((key) => placement.locate(key))).toBeLessThan(control / 3);
    // Below 2^31: a caller that hands over a larger number may have to allocate it himself.
    const hashes = keys.map((key) => placement.hashOf(key) >>> 1);
    let i = 0;
    expect(await collectionsDuring(() => placement.locateHash(hashes[i++ % hashes.length]!))).toBeLessThan(control / 3);
  }
});
