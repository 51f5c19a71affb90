import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';
import { SlotStore } from '../../src/slot-store.ts';

describe('LruCache', () => {
  it('refuses a wrong configuration by name', () => {
    const make = (options: object) => (): unknown => new LruCache(options);
    expect(make({})).toThrow(TypeError);
    expect(make({ max: '10' })).toThrow(TypeError);
    for (const bad of [
      { max: 0 },
      { max: 2.5 },
      { max: 1, ttl: 0 },
      { max: 1, ttl: NaN },
      { max: 1, ttlJitter: 2 },
      { maxWeight: Infinity },
    ]) {
      expect(make(bad)).toThrow(RangeError);
    }
  });

  it('refuses what is not a function where it needs one', () => {
    for (const name of ['weigh', 'onRemove', 'random', 'clock']) {
      expect(() => new LruCache({ max: 1, [name]: 'x' }), name).toThrow(new RegExp(`^${name}`));
    }
  });

  it('changes nothing when weigh throws or answers nonsense', () => {
    const cache = new LruCache<string, number>({ max: 2, weigh: (v) => v });
    cache.set('a', 1);
    expect(() => cache.set('a', NaN)).toThrow(RangeError);
    expect([...cache]).toEqual([['a', 1]]);
  });

  it('delivers nested removals after the current one and throws the first error when all are told', () => {
    const log: string[] = [];
    const cache: LruCache<string, number> = new LruCache<string, number>({
      max: 3,
      onRemove: (_, key) => {
        log.push(`+${key}`);
        if (key === 'a') cache.delete('c');
        log.push(`-${key}`);
        if (key === 'b') throw new Error('b');
      },
    });
    cache.set('a', 1).set('b', 2).set('c', 3);
    expect(() => cache.evict(2)).toThrow('b');
    expect(log).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
  });

  it('restores a dump in order, and a clock that stepped back lengthens no life', () => {
    let now = 0;
    const make = (): LruCache<string, number> => new LruCache({ max: 5, clock: { now: () => now } });
    const from = make().set('a', 1).set('b', 2, { ttl: 10 }).set('c', 3, { ttl: 5 });
    const dump = from.dump(1000);
    now = 77;
    const to = make();
    to.load(dump, 1006);
    expect([...to]).toEqual([
      ['b', 2],
      ['a', 1],
    ]);
    expect(to.remainingTtl('b')).toBe(4);
    to.load(dump, 0);
    expect(to.remainingTtl('b')).toBe(10);
  });

  it('refuses a dump that is none, whole and before it changes anything', () => {
    const cache = new LruCache<string, number>({ max: 5, clock: { now: () => 0 } }).set('kept', 1);
    const good = ['a', 1, 10, 1] as const;
    for (const bad of [
      null,
      { version: 2, wallNow: 0, entries: [] },
      { version: 1, wallNow: NaN, entries: [good] },
      { version: 1, wallNow: 0, entries: {} },
      { version: 1, wallNow: 0, entries: [good, ['b', 2, '10', 1]] },
      { version: 1, wallNow: 0, entries: [good, ['b', 2, NaN, 1]] },
      { version: 1, wallNow: 0, entries: [good, ['b', 2, 10, -1]] },
      { version: 1, wallNow: 0, entries: [good, 'b'] },
    ]) {
      expect(() => cache.load(bad as never, 0), JSON.stringify(bad)).toThrow(/^dump/);
    }
    expect(() => cache.load({ version: 1, wallNow: 0, entries: [good] }, NaN)).toThrow(/^wallNow/);
    expect([...cache]).toEqual([['kept', 1]]);
  });

  it('never says that a live entry has no time left, even if time passes between two looks', () => {
    let now = 0;
    const cache = new LruCache<string, number>({ max: 1, ttl: 10, clock: { now: () => now++ } }).set('a', 1);
    for (let left = cache.remainingTtl('a'); left !== undefined; left = cache.remainingTtl('a')) {
      expect(left).toBeGreaterThan(0);
    }
  });

  it('holds the bound on weight for fractions too, and is exact when one entry is left', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4), fraction)), (sets) => {
        const cache = new LruCache<number, number>({ maxWeight: 1, weigh: (value) => value });
        for (const [key, weight] of sets) {
          cache.set(key, weight);
          expect(cache.weight).toBeLessThanOrEqual(1);
          if (cache.size === 1) expect(cache.weight).toBe(weight);
        }
      }),
    );
  });

  it('forgets the rounding of those who left: one entry alone weighs what it weighs', () => {
    const cache = new LruCache<string, number>({ max: 2, weigh: (value) => value }).set('a', 0.1).set('b', 0.2);
    cache.delete('a');
    expect(cache.weight).toBe(0.2);
  });

  it('only shortens a life by jitter', () => {
    const cache = new LruCache<string, number>({
      max: 1,
      ttl: 100,
      ttlJitter: 0.5,
      random: () => 0.5,
      clock: { now: () => 0 },
    });
    expect(cache.set('a', 1).remainingTtl('a')).toBe(75);
  });

  it('takes any key as Map does and any value, undefined included', () => {
    const cache = new LruCache<unknown, unknown>(5);
    const object = {};
    cache.set(NaN, 1).set(-0, 2).set(object, undefined);
    expect([cache.get(NaN), cache.get(0), cache.get(object), cache.has(object), cache.has({})]).toEqual([
      1,
      2,
      undefined,
      true,
      false,
    ]);
  });
});

describe('SlotStore', () => {
  it('drops the references of a removed entry and uses its slot again', () => {
    const store = new SlotStore<object, object>({ max: 5, maxWeight: Infinity, clock: { now: () => 0 } });
    const slot = store.insert({}, {}, 1);
    store.remove(slot, 'delete');
    expect([store.key(slot), store.value(slot)]).toEqual([undefined, undefined]);
    expect(store.insert({}, {}, 1)).toBe(slot);
  });
});
