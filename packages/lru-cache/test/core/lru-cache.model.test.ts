import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { LruCache } from '../../src/index.ts';
import type { IndexLevel } from '../../src/types.ts';
import { ModelLru, afterthought, keysOf, ops, perform } from './model-lru.ts';

// The hashes are cut to three bits in one half of the tests: every index must be right when nothing tells keys apart.
const cut = vi.hoisted(() => ({ mask: -1 }));
vi.mock('../../src/hash.ts', async (original) => {
  const all: Record<string, unknown> = await original();
  const narrow = (name: string): [string, unknown] => {
    const hash = all[name] as (...of: unknown[]) => number;
    return [name, (...of: unknown[]): number => hash(...of) & cut.mask];
  };
  return { ...all, ...Object.fromEntries(['hashInt', 'hashDouble', 'hashSampled', 'hashAt', 'hashFull'].map(narrow)) };
});

const nightly = process.env['NIGHTLY'] === '1';
const numRuns = nightly ? 10_000 : 30;
const opsMost = nightly ? 300 : 80;
const seen = new Map<IndexLevel, number>();

afterAll(() => {
  expect([...seen.keys()].sort()).toEqual(['learned', 'map', 'sampled']);
  if (nightly) console.log(`model: runs that ended at a level: ${JSON.stringify([...seen])}`);
});

function agrees(
  keys: readonly unknown[],
  max: number,
  maxWeight: number,
  sliding: boolean,
  all: ReturnType<typeof ops>,
) {
  return fc.property(all, (list) => {
    const model = new ModelLru(max, maxWeight, sliding);
    const log: string[] = [];
    let budget = 0;
    const cache: LruCache<unknown, number> = new LruCache<unknown, number>({
      max,
      ...(maxWeight === Infinity ? {} : { maxWeight }),
      ttlFrom: sliding ? 'access' : 'write',
      clock: { now: () => model.now },
      onRemove: (v, key, why) => {
        const k = keys.findIndex((it) => Object.is(it, key));
        log.push(`${k}:${v}:${why}`);
        expect(cache.size).toBeLessThanOrEqual(cache.max);
        expect(cache.weight).toBeLessThanOrEqual(maxWeight);
        const next = afterthought(k, why, budget);
        if (next === undefined) return;
        budget--;
        perform(cache, keys, next);
      },
    });
    for (const o of list) {
      budget = 2;
      const got = perform(cache, keys, o);
      expect(got).toEqual(model.run(o));
      expect(log).toEqual(model.log);
      expect(cache.stats()).toMatchObject({ ...model.counts, size: model.rows.length, weight: model.weight() });
      const living = model.rows.filter((r) => model.now < r.dead).reverse();
      expect([...cache]).toEqual(living.map((r) => [keys[r.k], r.v]));
    }
    const { index } = cache.stats();
    seen.set(index, (seen.get(index) ?? 0) + 1);
  });
}

describe.each([
  ['whole hashes', -1],
  ['hashes of three bits', 7],
])('LruCache against an array, %s', (_, mask) => {
  it.each(['integers', 'strings', 'any'] as const)(
    'answers, orders, weighs, counts and tells as it does: %s',
    (kind) => {
      cut.mask = mask;
      for (const [max, maxWeight] of [
        [1, Infinity],
        [2, 5],
        [3, Infinity],
        [20, 60],
        [33, Infinity],
      ] as const) {
        for (const sliding of [false, true]) {
          fc.assert(agrees(keysOf[kind], max, maxWeight, sliding, ops(opsMost)), { numRuns: Math.ceil(numRuns / 10) });
        }
      }
    },
  );
});

describe('a cache that nobody watches', () => {
  it('gives the slots of those who leave to those who come, in the same order', () => {
    // Without onRemove a full cache takes a shorter way; here the model tells what is left.
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), ops(opsMost), (max, list) => {
        const model = new ModelLru(max, Infinity, false);
        const cache = new LruCache<unknown, number>({ max, clock: { now: () => model.now } });
        for (const o of list) {
          const quiet = o.op === 'set' ? { ...o, w: 1 } : o;
          // Afterthoughts would be the model's alone.
          expect(perform(cache, keysOf.strings, quiet)).toEqual(Reflect.apply(applyOf(model), model, [quiet]));
          expect(cache.stats()).toMatchObject({ ...model.counts, size: model.rows.length });
          const living = model.rows.filter((r) => model.now < r.dead).reverse();
          expect([...cache]).toEqual(living.map((r) => [keysOf.strings[r.k], r.v]));
        }
      }),
      { numRuns: nightly ? 3000 : 40 },
    );
  });
});

/** The model's op without its telling. */
function applyOf(model: ModelLru): (o: unknown) => unknown {
  return Reflect.get(model, 'apply') as (o: unknown) => unknown;
}
