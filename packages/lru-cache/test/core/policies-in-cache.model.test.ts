/**
 * What holds of a cache whatever its policy: the policy chooses who goes, and may not lose, double or keep anything.
 *
 * The model knows nothing of the choice. It believes the cache about evictions, as told by `onRemove`, and about
 * nothing else: who was set and not told to have left is there with its value and weight, and nobody else is.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timingWheel } from '../../src/expiry/index.ts';
import { LruCache } from '../../src/index.ts';
import { arc, clock, lru, robust, s3Fifo, sieve, wTinyLfu } from '../../src/policies/index.ts';
import type { Policy } from '../../src/types.ts';

const nightly = process.env['NIGHTLY'] === '1';
const numRuns = nightly ? 1000 : 40;

const policies: readonly (readonly [string, () => Policy])[] = [
  ['lru', lru],
  ['clock', clock],
  ['sieve', sieve],
  ['s3Fifo', () => s3Fifo()],
  ['arc', arc],
  ['robust', robust],
  ['wTinyLfu', () => wTinyLfu()],
];

/** Keys that `Map` tells apart, or does not, in its own way; the last two are one key. */
const hardKeys: readonly unknown[] = [
  NaN,
  1n,
  '1',
  Symbol('1'),
  Object.prototype,
  '__proto__',
  undefined,
  null,
  true,
  0,
  -0,
];
const key = fc.oneof(fc.nat(14), fc.constantFrom(...hardKeys));

type Op = readonly [kind: string, key: unknown, n: number];
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(fc.constantFrom('set', 'set', 'get', 'get'), key, fc.nat(9)) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('delete', 'touch', 'mortal', 'pass', 'nest'), key, fc.nat(9)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('evict', 'resize', 'clear', 'purge', 'reload'), key, fc.nat(9)) },
);

function obeysTheLaws(make: () => Policy, max: number, maxWeight: number, wheel: boolean, ops: readonly Op[]): void {
  let now = 0;
  let due: { readonly at: number; readonly run: () => void } | undefined;
  const timers = {
    set: (run: () => void, delayMs: number): unknown => (due = { at: now + delayMs, run }),
    clear: (handle: unknown): void => {
      if (due === handle) due = undefined;
    },
  };
  const held = new Map<unknown, { readonly value: number; readonly weight: number; readonly until: number }>();
  let value = 0;
  let nested: unknown[] = [];
  let bound = max;
  const bounds = (): void => {
    expect(cache.size).toBeLessThanOrEqual(bound);
    expect(cache.weight).toBeLessThanOrEqual(maxWeight);
  };
  const cache: LruCache<unknown, number> = new LruCache<unknown, number>({
    max,
    maxWeight,
    policy: make(),
    ...(wheel ? { expirer: timingWheel({ tickMs: 2, timers }) } : {}),
    clock: { now: () => now },
    initialCapacity: 1,
    onRemove: (gone, of, reason) => {
      bounds();
      told.push([of, gone]);
      // A replaced value has its successor in the model already.
      const it = held.get(of);
      if (it?.value === gone) {
        if (reason === 'expire') expect(it.until).toBeLessThanOrEqual(now);
        held.delete(of);
      } else {
        expect(reason).not.toBe('delete');
      }
      const again = nested.pop();
      if (again !== undefined) set(again, 1, Infinity);
    },
  });
  const told: [unknown, number][] = [];
  let sets = 0;
  function set(of: unknown, weight: number, ttl: number): void {
    sets++;
    const mine = ++value;
    if (weight <= maxWeight) held.set(of, { value: mine, weight, until: now + ttl });
    else held.delete(of);
    if (weight > maxWeight) sets--;
    cache.set(of, mine, { weight, ttl });
  }
  for (const [kind, of, n] of ops) {
    // Asked before the call: what the call tells of may set the key again.
    const before = alive(of);
    if (kind === 'set') set(of, n % 4, Infinity);
    else if (kind === 'mortal') set(of, 1, n + 1);
    else if (kind === 'nest') nested = [of, n];
    else if (kind === 'get') expect(cache.get(of)).toBe(before);
    else if (kind === 'delete') expect(cache.delete(of)).toBe(before !== undefined);
    else if (kind === 'touch') cache.touch(of, Infinity);
    else if (kind === 'evict') cache.evict(n);
    else if (kind === 'purge') cache.purgeExpired();
    else if (kind === 'clear') cache.clear();
    else if (kind === 'reload') cache.load(cache.dump(0), 0);
    else if (kind === 'resize') {
      bound = Math.max(bound, n + 1);
      cache.resize(n + 1);
      bound = n + 1;
    } else {
      now += n;
      const run = due !== undefined && due.at <= now ? due.run : undefined;
      if (run !== undefined) due = undefined;
      run?.();
    }
    if (kind === 'touch' && held.has(of) && cache.has(of)) {
      held.set(of, { ...(held.get(of) as { value: number; weight: number; until: number }), until: Infinity });
    }
    bounds();
    const live = [...held].filter(([, it]) => it.until > now).map(([k, it]) => [k, it.value]);
    expect([...cache.keys()]).toHaveLength(live.length);
    expect([...cache.keys()].some((it) => Object.is(it, -0))).toBe(false);
    expect(new Map(cache.entries())).toEqual(new Map(live as [unknown, number][]));
    expect(cache.size).toBe(held.size);
    expect(cache.weight).toBe([...held.values()].reduce((sum, it) => sum + it.weight, 0));
  }
  function alive(of: unknown): number | undefined {
    const it = held.get(of);
    return it !== undefined && it.until > now ? it.value : undefined;
  }
  nested = [];
  const { size } = cache;
  expect(cache.evict(1000)).toBe(size);
  expect([cache.size, cache.weight, held.size]).toEqual([0, 0, 0]);
  // Every value that was stored has been told of, once.
  expect(new Set(told.map(([, gone]) => gone)).size).toBe(told.length);
  expect(told.length).toBe(sets);
}

describe.each(policies)('a cache with the policy %s', (_, make) => {
  it('keeps its bounds, and neither loses nor doubles a key or a value', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom(3, 6, 1000),
        fc.boolean(),
        fc.array(op, { maxLength: nightly ? 300 : 100, size: 'max' }),
        (max, maxWeight, wheel, ops) => obeysTheLaws(make, max, maxWeight, wheel, ops),
      ),
      { numRuns },
    );
  }, 120_000);
});
