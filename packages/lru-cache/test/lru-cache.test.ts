import { describe, expect, it } from 'vitest';
import { LoadingCache, LruCache } from '../src/index.ts';
import { Gate } from '../src/loading/gate.ts';
import { SlotStore } from '../src/slot-store.ts';

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
    const store = new SlotStore<object, object>();
    const slot = store.insert({}, {}, 1);
    store.remove(slot);
    expect([store.key(slot), store.value(slot)]).toEqual([undefined, undefined]);
    expect(store.insert({}, {}, 1)).toBe(slot);
  });
});

describe('Gate', () => {
  it('serves in order and passes over those who left', () => {
    const gate = new Gate(1, 2);
    const log: string[] = [];
    const [b, c] = [(): unknown => log.push('b'), (): unknown => log.push('c')] as [() => void, () => void];
    gate.enter(() => log.push('a'));
    gate.enter(b);
    gate.enter(c);
    gate.cancel(b);
    gate.leave();
    expect(log).toEqual(['a', 'c']);
  });

  it('never starts a load whose only caller left the queue', async () => {
    const started: string[] = [];
    let open = (): void => undefined;
    const cache = new LoadingCache<string, number>({
      max: 5,
      maxConcurrentLoads: 1,
      load: (key) => {
        started.push(key);
        return new Promise((resolve) => (open = (): void => resolve(1)));
      },
    });
    const a = cache.fetch('a');
    const leaver = new AbortController();
    const b = cache.fetch('b', { signal: leaver.signal });
    leaver.abort(new Error('left'));
    await expect(b).rejects.toThrow('left');
    open();
    expect(await a).toBe(1);
    expect(started).toEqual(['a']);
    expect(cache.loadsInFlight).toBe(0);
  });
});
