/**
 * A lookup of an ASCII key allocates nothing. Shown by what allocation leads to: collections while millions of lookups
 * run, beside a control that allocates one small object each.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { kinds } from './kinds.ts';

const CALLS = 6_000_000;
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

/** What is inlined, and so what need not be allocated, is the engine's choice, which falls anew each time. */
async function fewestDuring(call: (key: string) => unknown): Promise<number> {
  let fewest = Infinity;
  for (let attempt = 0; attempt < 3 && fewest > 0; attempt++) {
    fewest = Math.min(fewest, await collectionsDuring((key) => call(key)));
  }
  return fewest;
}

it('allocates nothing for an ASCII key, in any kind', async () => {
  const kept: { last: unknown } = { last: undefined };
  const control = await collectionsDuring((key) => (kept.last = { key, length: key.length }));
  expect(control).toBeGreaterThan(3);
  // A double for every other lookup would be a fifth of what the control allocates.
  const most = Math.floor(control / 8);
  for (const kind of kinds) {
    const placement = kind.make(nodes, {});
    expect(await fewestDuring((key) => placement.locate(key))).toBeLessThanOrEqual(most);
    // Below 2^31: a caller that hands over a larger number may have to allocate it himself.
    const hashes = keys.map((key) => placement.hashOf(key) >>> 1);
    let i = 0;
    expect(await fewestDuring(() => placement.locateHash(hashes[i++ % hashes.length]!))).toBeLessThanOrEqual(most);
  }
});
