import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';
import type { Expirer, ExpirerHost, Policy, PolicyHost, RemovalReason } from '../../src/types.ts';

/** Evicts the newest, and holds the cache to the contract of `Policy`. */
class NewestFirst implements Policy {
  readonly name = 'newest first';
  readonly needsMax = true;
  held: number[] = [];
  calls: string[] = [];
  slots = 0;
  max = 0;
  host: PolicyHost | undefined;
  attach(host: PolicyHost): void {
    if (this.host !== undefined) throw new TypeError('this policy serves a cache already');
    this.host = host;
    this.max = host.max;
  }
  grow(slots: number): void {
    expect(slots).toBeGreaterThanOrEqual(this.slots);
    this.slots = slots;
  }
  reset(): void {
    this.held = [];
    this.calls.push('reset');
  }
  resize(max: number): void {
    expect(this.held.length).toBeLessThanOrEqual(max);
    this.max = max;
  }
  insert(slot: number, hash: number): void {
    expect(slot).toBeGreaterThan(0);
    expect(slot).toBeLessThanOrEqual(this.slots);
    expect(this.held).not.toContain(slot);
    expect(hash).toBe(this.host?.hashOf(slot));
    this.held.push(slot);
    expect(this.held.length).toBeLessThanOrEqual(this.max);
  }
  hit(slot: number): void {
    expect(this.held).toContain(slot);
    this.calls.push(`hit ${slot}`);
  }
  remove(slot: number): void {
    expect(this.held).toContain(slot);
    this.held = this.held.filter((it) => it !== slot);
  }
  evict(): number {
    expect(this.held).not.toEqual([]);
    return this.held.pop() as number;
  }
}

/** Remembers what is scheduled. */
class Recorder implements Expirer {
  host: ExpirerHost | undefined;
  readonly due = new Map<number, number>();
  slots = 0;
  attach(host: ExpirerHost): void {
    if (this.host !== undefined) throw new TypeError('this expirer serves a cache already');
    this.host = host;
  }
  schedule(slot: number, deadline: number): void {
    expect(slot).toBeLessThanOrEqual(this.slots);
    expect(deadline).toBe(this.host?.deadlineOf(slot));
    this.due.set(slot, deadline);
  }
  cancel(slot: number): void {
    this.due.delete(slot);
  }
  grow(slots: number): void {
    this.slots = slots;
  }
}

describe('a policy', () => {
  it('chooses who goes, and hears of everything that comes, is used and leaves', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('set', 'get', 'delete', 'evict', 'clear', 'resize', 'heavy'), fc.nat(30))),
        (ops) => {
          const policy = new NewestFirst();
          const cache = new LruCache<number, number>({ max: 10, maxWeight: 20, policy, initialCapacity: 1 });
          for (const [op, n] of ops) {
            if (op === 'set') cache.set(n, n);
            else if (op === 'heavy') cache.set(n, n, { weight: 1 + (n % 17) });
            else if (op === 'get') cache.get(n);
            else if (op === 'delete') cache.delete(n);
            else if (op === 'evict') cache.evict(n % 3);
            else if (op === 'clear') cache.clear();
            else cache.resize(1 + (n % 12));
            expect(policy.held.length).toBe(cache.size);
            expect(policy.max).toBe(cache.max);
            expect(cache.weight).toBeLessThanOrEqual(20);
            if (op === 'set' || op === 'heavy') expect(cache.peek(n)).toBe(n);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is obeyed', () => {
    const cache = new LruCache<string, number>({ max: 2, policy: new NewestFirst() });
    cache.set('a', 1).set('b', 2).set('c', 3);
    expect([...cache.keys()]).toEqual(['c', 'a']);
  });

  it('does not lose the entry whose new weight makes the room needed', () => {
    const gone: string[] = [];
    const cache = new LruCache<string, number>({
      max: 5,
      maxWeight: 5,
      policy: new NewestFirst(),
      onRemove: (_, key) => gone.push(key),
    });
    cache.set('a', 1).set('b', 2).set('c', 3);
    // The policy would have `c` go, which is what the room is for.
    cache.set('c', 3, { weight: 4 });
    expect([...cache.keys()].sort()).toEqual(['a', 'c']);
    expect(gone).toEqual(['b']);
    cache.evict();
    expect([...cache.keys()]).toEqual(['a']);
  });

  it('tells keys of every kind apart by fingerprints that stay', () => {
    const policy = new NewestFirst();
    const cache = new LruCache<unknown, number>({ max: 100, policy });
    const keys = [1, '1', 1.5, NaN, null, undefined, true, false, {}, {}, Symbol('a'), Symbol('b'), 5n, 6n, '', 'x'];
    keys.forEach((key, i) => cache.set(key, i));
    const hashes = policy.held.map((slot) => policy.host?.hashOf(slot));
    expect(new Set(hashes).size).toBe(keys.length);
    cache.clear();
    keys.forEach((key, i) => cache.set(key, i));
    expect(policy.held.map((slot) => policy.host?.hashOf(slot))).toEqual(hashes);
  });
});

describe('an expirer', () => {
  it('knows at any time exactly the deadlines that are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('set', 'get', 'touch', 'delete', 'evict', 'clear'), fc.nat(12))),
        (ops) => {
          const expirer = new Recorder();
          let now = 0;
          const cache = new LruCache<number, number>({
            max: 8,
            initialCapacity: 2,
            expirer,
            ttlFrom: 'access',
            clock: { now: () => now },
          });
          for (const [op, n] of ops) {
            now++;
            if (op === 'set') cache.set(n, n, { ttl: n % 3 === 0 ? Infinity : 10 + n });
            else if (op === 'get') cache.get(n);
            else if (op === 'touch') cache.touch(n, n % 2 === 0 ? Infinity : 5);
            else if (op === 'delete') cache.delete(n);
            else if (op === 'evict') cache.evict();
            else cache.clear();
            const left = [...cache.keys()].map((key) => cache.remainingTtl(key) as number).filter(Number.isFinite);
            const known = [...expirer.due.values()].filter((due) => due > now).map((due) => due - now);
            expect(known.sort()).toEqual(left.sort());
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('takes entries out unasked, and the owner is told', () => {
    const expirer = new Recorder();
    const told: [string, RemovalReason][] = [];
    const cache = new LruCache<string, number>({
      max: 3,
      ttl: 10,
      expirer,
      clock: { now: () => 0 },
      onRemove: (_, key, why) => told.push([key, why]),
    });
    cache.set('a', 1).set('b', 2);
    expirer.host?.expire(1);
    expect([told, cache.size, cache.stats().expired, expirer.due.size]).toEqual([[['a', 'expire']], 1, 1, 1]);
  });
});

describe('an observer', () => {
  it('hears of misses and of every value that left, with its reason', () => {
    const heard: string[] = [];
    let now = 0;
    const cache = new LruCache<string, number>({
      max: 2,
      ttl: 10,
      clock: { now: () => now },
      observer: { miss: (key) => heard.push(`miss ${key}`), remove: (key, why) => heard.push(`${why} ${key}`) },
    });
    cache.get('a');
    cache.set('a', 1).set('a', 1).set('a', 2).set('b', 1).set('c', 1);
    cache.delete('b');
    now = 10;
    cache.get('c');
    cache.set('d', 1);
    cache.clear();
    expect(heard).toEqual(['miss a', 'replace a', 'evict a', 'delete b', 'expire c', 'miss c', 'clear d']);
  });
});

describe('construction', () => {
  it('refuses a policy or an expirer that already serves a cache, or is none', () => {
    const [policy, expirer] = [new NewestFirst(), new Recorder()];
    const cache = new LruCache({ max: 1, policy, expirer });
    expect(() => new LruCache({ max: 1, policy })).toThrow(TypeError);
    expect(() => new LruCache({ max: 1, expirer })).toThrow(TypeError);
    expect(() => new LruCache({ maxWeight: 1, policy: new NewestFirst() })).toThrow(
      /^max is required by policy newest/,
    );
    for (const name of ['policy', 'expirer']) {
      expect(() => new LruCache({ max: 1, [name]: { attach: () => 0 } }), name).toThrow(
        new RegExp(`^${name} .*TypeError|${name} must`),
      );
    }
    expect(cache.size).toBe(0);
  });

  it.each([
    [{ initialCapacity: 0 }, RangeError, 'initialCapacity must be an integer in 1..5, the bound on entries; got 0'],
    [{ initialCapacity: 6 }, RangeError, 'initialCapacity must be an integer in 1..5, the bound on entries; got 6'],
    [{ initialCapacity: '5' }, TypeError, 'initialCapacity must be a number'],
    [{ observer: 7 }, TypeError, 'observer must be an object; got number'],
    [{ observer: { miss: 1 } }, TypeError, 'observer.miss must be a function; got number'],
    [{ max: 2 ** 26 + 1 }, RangeError, 'max must be an integer in 1..67108864; got 67108865'],
    [{ max: NaN }, RangeError, 'max must be'],
    [{ maxEntryWeight: 0 }, RangeError, 'maxEntryWeight must be finite and above 0; got 0'],
    [{ ttlFrom: 'never' }, TypeError, "ttlFrom must be 'write' or 'access'; got never"],
    [{ ttl: -1 }, RangeError, 'ttl must be above 0 (Infinity = never expires); got -1'],
    [{ ttlJitter: -0.1 }, RangeError, 'ttlJitter must be in 0..1; got -0.1'],
  ])('refuses %j', (options, type, message) => {
    const make = (): unknown => new LruCache({ max: 5, ...(options as object) });
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });

  it('costs nothing for a huge bound, and takes one that grows later', () => {
    const cache = new LruCache<number, number>({ max: 2 ** 26 });
    for (let i = 0; i < 100; i++) cache.set(i, i);
    const small = new LruCache<number, number>({ max: 2, initialCapacity: 2 });
    small.set(1, 1).set(2, 2).resize(1000);
    for (let i = 0; i < 1000; i++) small.set(i, i);
    small.resize(3);
    expect([cache.size, small.size, [...small.keys()]]).toEqual([100, 3, [999, 998, 997]]);
    small.resize(2000);
    for (let i = 0; i < 3000; i++) small.set(i, i);
    expect(small.size).toBe(2000);
  });
});
