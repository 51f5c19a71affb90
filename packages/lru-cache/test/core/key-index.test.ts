import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';
import { KeyIndex } from '../../src/key-index.ts';
import { SlotStore } from '../../src/slot-store.ts';
import { exhaust, keysOf } from './model-lru.ts';

const nightly = process.env['NIGHTLY'] === '1';

function storeOf(max: number, seed: number): SlotStore<unknown, number> {
  return new SlotStore({ max, maxWeight: Infinity, clock: { now: () => 0 }, random: () => (seed >>> 0) / 2 ** 32 });
}

/** `insert` is for the key that was sought last. */
function put(store: SlotStore<unknown, number>, key: unknown, value: number): void {
  store.find(key);
  store.insert(key, value, 1);
}

function indexOf(store: object): KeyIndex {
  return Reflect.get(store, 'keyIndex') as KeyIndex;
}

/** Cells looked at to find each key that is held, on average: what its insertion cost. */
function meanProbes(store: object): number {
  const index = indexOf(store);
  const cells = Reflect.get(index, 'cells') as Int32Array;
  const mask = cells.length - 1;
  let [sum, count] = [0, 0];
  cells.forEach((cell, at) => {
    if (cell === 0) return;
    sum += ((at - index.hashOf(cell & mask)) & mask) + 1;
    count++;
  });
  return sum / count;
}

const pad = (i: number, width: number): string => String(i).padStart(width, '0');
/** A number that looks random, from a counter. */
const scattered = (i: number): number => Math.imul(i + 1, 0x9e3779b1) >>> 0;
const hex = (i: number): string => scattered(i).toString(16).padStart(8, '0');
const uuid = (i: number): string =>
  `${hex(i)}-${hex(i + 7e6).slice(0, 4)}-4${hex(i + 8e6).slice(0, 3)}-a${hex(i + 9e6).slice(0, 3)}-${hex(3 * i + 1e7)}${hex(5 * i).slice(0, 4)}`;

const shapes: readonly (readonly [name: string, level: string, key: (i: number) => unknown])[] = [
  ['integers in turn', 'sampled', (i) => i],
  ['integers, every 4,096th', 'sampled', (i) => (i * 4096) | 0],
  ['times in milliseconds', 'sampled', (i) => 1.7e12 + i * 37],
  ['fractions', 'sampled', (i) => i / 1000 + 0.0001],
  ['counters', 'sampled', (i) => `product:${i}`],
  ['short counters', 'sampled', (i) => `${i}`],
  ['UUIDs', 'sampled', uuid],
  ['digests', 'sampled', (i) => `${hex(i)}${hex(i + 1e6)}${hex(i + 2e6)}${hex(i + 3e6)}`],
  ['/users/<n>/profile', 'learned', (i) => `/users/${i}/profile`],
  ['a query', 'learned', (i) => `/search?id=${i}&sort=descending&page=1`],
  ['t<a>:u<b>:settings', 'learned', (i) => `t${i % 97}:u${i}:settings`],
  ['UUIDs within', 'learned', (i) => `tenant/${uuid(i)}/settings/appearance`],
  ['ids in the middle of 200 characters', 'map', (i) => `${'x'.repeat(97)}${pad(i, 6)}${'y'.repeat(97)}`],
];

describe('KeyIndex', () => {
  it.each(shapes)('finds its level for %s: %s', (_, level, key) => {
    const count = nightly || level === 'sampled' ? 100_000 : 50_000;
    const store = storeOf(count, 12345);
    for (let i = 0; i < count; i++) put(store, key(i), i);
    expect(store.index).toBe(level);
    if (level !== 'map') expect(meanProbes(store)).toBeLessThan(2);
    for (let i = 0; i < count; i += 7) expect(store.value(store.find(key(i)))).toBe(i);
    expect(store.find(key(count))).toBe(0);
  });

  it('works like a Map for keys of every kind that come and go', () => {
    const random = (n: number): fc.Arbitrary<number[]> => fc.array(fc.nat(), { minLength: n, maxLength: n });
    const all = [...keysOf.any, ...keysOf.strings, ...keysOf.integers.map((i) => (i as number) * 1e9)];
    fc.assert(
      fc.property(random(nightly ? 10_000 : 1000), fc.integer(), (draws, seed) => {
        const store = storeOf(1000, seed);
        const map = new Map<unknown, number>();
        for (const [step, draw] of draws.entries()) {
          const key = all[draw % all.length];
          const slot = store.find(key);
          if (slot !== 0) expect(store.value(slot)).toBe(map.get(key));
          expect(slot !== 0).toBe(map.has(key));
          if (slot === 0) put(store, key, step);
          else store.remove(slot, 'delete');
          if (!map.delete(key)) map.set(key, step);
          expect(store.size).toBe(map.size);
          if (step % 300 === 299) exhaust({ store });
        }
        const held = [];
        for (let slot = store.oldest(); slot !== 0; slot = store.newer(slot)) held.push(store.key(slot));
        // In the same order: a Map that deletes and sets is in order of arrival too.
        expect(held).toEqual([...map.keys()]);
      }),
      { numRuns: nightly ? 100 : 10 },
    );
  });

  it('knows one zero, as a Map does', () => {
    const cache = new LruCache<unknown, number>(3).set(-0, 1);
    expect([cache.get(0), Object.is([...cache.keys()][0], 0)]).toEqual([1, true]);
  });

  it.each([1, 77, -5])('gives up on keys that are chosen to collide, before they cost much: seed %d', (seed) => {
    // Chosen against whatever the index does at the moment, by somebody who sees all of it.
    const store = storeOf(4096, seed);
    const index = indexOf(store);
    let [spent, inserts] = [0, 0];
    for (let i = 0; store.index !== 'map' && inserts < 4096; i++) {
      const key = `${hex(i)}${hex(3 * i + 1)}`;
      store.find(key);
      if ((index.sought & (Reflect.get(index, 'mask') as number)) > 32) continue;
      const before = Reflect.get(index, 'probesLeft') as number;
      put(store, key, i);
      inserts++;
      spent += Math.max(0, before - (Reflect.get(index, 'probesLeft') as number));
    }
    expect(store.index).toBe('map');
    expect(inserts).toBeLessThan(4096);
    // Five windows of 4,096 x 4 probes is the most that can be had out of it.
    expect(spent).toBeLessThan(5 * 4 * 4096 + 5 * 512);
  });

  it('counts probes: runs of which each is bearable are not, when every insertion walks one', () => {
    // Forty hashes of a hundred keys each, since what differs within a hundred is where no sample is taken.
    const store = storeOf(4096, 5);
    for (let i = 0; i < 4000; i++) {
      put(store, `${'x'.repeat(16)}${pad(i % 100, 2)}${'y'.repeat(10)}${pad(Math.floor(i / 100), 2)}`, i);
    }
    expect(store.index).toBe('learned');
    expect(meanProbes(store)).toBeLessThan(4);
  });

  it('learns anew when the keys change their shape, four times at most', () => {
    const store = storeOf(1000, 3);
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 20; i++) put(store, `${round}/${i}/abcdefghijkl`, i);
      exhaust({ store });
      put(store, `${round}/20/abcdefghijkl`, 20);
      expect(store.index).toBe('learned');
    }
    exhaust({ store });
    put(store, 'the last straw', 0);
    expect(store.index).toBe('map');
    expect(store.size).toBe(4 * 21 + 1);
  });
});
