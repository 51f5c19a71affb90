import fc from 'fast-check';
import { LRUCache as TheirCache } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import { LRUCache } from '../../src/compat/index.ts';

describe('dispose', () => {
  it('is called while the entry is still there, disposeAfter when it is gone', () => {
    const log: unknown[] = [];
    const cache: LRUCache<string, number> = new LRUCache<string, number>({
      max: 1,
      dispose: (value, key, reason) => log.push(['in place', value, key, reason, cache.peek(key)]),
      disposeAfter: (value, key, reason) => log.push(['after', value, key, reason, cache.peek(key)]),
    });
    cache.set('a', 1).set('b', 2).delete('b');
    expect(log).toEqual([
      ['in place', 1, 'a', 'evict', 1],
      ['after', 1, 'a', 'evict', undefined],
      ['in place', 2, 'b', 'delete', 2],
      ['after', 2, 'b', 'delete', undefined],
    ]);
  });

  it('leaves the entry where it is when it throws', () => {
    const cache = new LRUCache<string, number>({
      max: 2,
      dispose: () => {
        throw new Error('no');
      },
    });
    cache.set('a', 1);
    expect(() => cache.delete('a')).toThrow('no');
    expect([cache.get('a'), cache.size]).toEqual([1, 1]);
  });
});

describe('a value above maxSize', () => {
  it('is not stored, even where maxEntrySize would allow it', () => {
    const cache = new LRUCache<string, number>({ maxSize: 3, maxEntrySize: 5 });
    cache.set('a', 1, { size: 2 });
    const status: LRUCache.Status<string, number> = {};
    cache.set('b', 1, { size: 4, status });
    expect([...cache.keys()]).toEqual(['a']);
    expect(status).toMatchObject({ set: 'miss', maxEntrySizeExceeded: true });
    expect(cache.calculatedSize).toBe(2);
  });
});

describe('a callback that changes the cache in the middle of an operation', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const act = fc.record({ op: fc.constantFrom('set', 'delete', 'clear', 'pop', 'get', 'fetch', 'purge'), key });
  type Act = typeof act extends fc.Arbitrary<infer A> ? A : never;

  it('does not break it: bounds hold, keys are found, nothing is held twice', () =>
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 30 }),
        fc.array(act, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.constantFrom('dispose', 'onInsert', 'disposeAfter', 'abort'),
        (commands, nested, sized, where) => {
          let depth = 0;
          let turn = 0;
          let now = 1000;
          const meddle = (): void => {
            if (depth > 1) return;
            // A loop that its callbacks keep going would end only with the memory; so it has to be seen here.
            if (turn > 5000) throw new Error('one command does not end');
            depth++;
            run(nested[turn++ % nested.length] as Act);
            depth--;
          };
          const on = (name: string): (() => void) => (name === where ? meddle : () => undefined);
          const cache = new LRUCache<string, number>({
            max: 3,
            ttl: 5,
            ttlResolution: 0,
            perf: { now: () => now },
            ...(sized ? { maxSize: 6, sizeCalculation: (value) => value } : {}),
            dispose: on('dispose'),
            disposeAfter: on('disposeAfter'),
            onInsert: on('onInsert'),
            fetchMethod: (_key, _stale, { signal }) => {
              signal.addEventListener('abort', on('abort'));
              return new Promise(() => undefined);
            },
          });
          function run({ op, key: k }: Act): void {
            if (op === 'set') cache.set(k, 1 + (now++ % 3));
            else if (op === 'delete') cache.delete(k);
            else if (op === 'clear') cache.clear();
            else if (op === 'pop') cache.pop();
            else if (op === 'get') cache.get(k);
            else if (op === 'purge') cache.purgeStale();
            else cache.fetch(k, { forceRefresh: true }).catch(() => undefined);
          }
          for (const command of commands) {
            run(command);
            const held = cache.dump();
            expect(cache.size).toBeLessThanOrEqual(3);
            expect(cache.calculatedSize).toBeLessThanOrEqual(6);
            expect(new Set(held.map(([k]) => k)).size).toBe(held.length);
            expect(held.length).toBeLessThanOrEqual(cache.size);
            for (const [k, { value, size }] of held) {
              expect(cache.info(k)?.value).toBe(value);
              if (sized) expect(size).toBeGreaterThan(0);
            }
            if (held.length === cache.size) {
              expect(cache.calculatedSize).toBe(held.reduce((sum, [, { size = 0 }]) => sum + size, 0));
            }
          }
        },
      ),
      { numRuns: process.env['NIGHTLY'] === '1' ? 20_000 : 500 },
    ));
});

describe('pop', () => {
  it('ends although each fetch that it aborts begins another', () => {
    const cache: LRUCache<string, number> = new LRUCache<string, number>({
      max: 2,
      fetchMethod: (key, _stale, { signal }) => {
        signal.addEventListener('abort', () => void cache.fetch(`${key}+`).catch(() => undefined));
        return new Promise(() => undefined);
      },
    });
    void cache.fetch('a').catch(() => undefined);
    expect(cache.pop()).toBeUndefined();
    expect(cache.size).toBe(1);
  });
});

describe('iteration', () => {
  const filled = (): LRUCache<string, number> => {
    const cache = new LRUCache<string, number>({ max: 5 });
    for (const key of 'abcde') cache.set(key, 1);
    return cache;
  };

  it('ends, and repeats nothing, whatever the body does', () => {
    const cache = filled();
    const seen: string[] = [];
    for (const key of cache.keys()) {
      seen.push(key);
      cache.get(key);
    }
    expect(seen.join('')).toBe('edcba');
    expect([...cache.keys()].join('')).toBe('abcde');
    seen.length = 0;
    for (const key of cache.rkeys()) {
      seen.push(key);
      cache.get(key);
      cache.set(`new ${key}`, 1);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeLessThanOrEqual(5);
  });

  it('goes on after the entries it came to were deleted, and skips those that were', () => {
    for (const backwards of [false, true]) {
      const cache = filled();
      const seen: string[] = [];
      for (const key of backwards ? cache.rkeys() : cache.keys()) {
        seen.push(key);
        cache.delete(key);
        cache.delete('c');
      }
      expect(seen.join('')).toBe(backwards ? 'abde' : 'edba');
      expect(cache.size).toBe(0);
    }
  });

  it('answers the newest and the oldest key in one step, without going over the others', () => {
    let asked = 0;
    const cache = new LRUCache<string, number>({
      max: 1000,
      ttl: 5,
      ttlResolution: 0,
      perf: { now: () => (asked++, 1) },
    });
    for (let i = 0; i < 1000; i++) cache.set(String(i), i);
    asked = 0;
    expect([cache.keys().next().value, cache.rkeys().next().value]).toEqual(['999', '0']);
    expect(asked).toBe(2);
  });
});

describe('bounds and callbacks', () => {
  it('a value that grows never evicts itself, even when a callback makes it the oldest', () => {
    const gone: string[] = [];
    const cache: LRUCache<string, number> = new LRUCache<string, number>({
      maxSize: 9,
      dispose: (_, key, reason) => {
        gone.push(`${reason} ${key}`);
        cache.get('c');
      },
    });
    for (const key of ['a', 'b', 'c']) cache.set(key, 1, { size: 3 });
    cache.set('a', 2, { size: 9 });
    expect(gone).toEqual(['set a', 'evict b', 'evict c']);
    expect([...cache.entries()]).toEqual([['a', 2]]);
    expect(cache.calculatedSize).toBe(9);
  });

  it('a callback never sees more than maxSize', () => {
    const seen: number[] = [];
    const cache: LRUCache<string, number> = new LRUCache<string, number>({
      maxSize: 4,
      dispose: () => seen.push(cache.calculatedSize),
    });
    cache.set('a', 1, { size: 4 }).set('b', 1, { size: 4 }).set('c', 1, { size: 3 });
    expect(seen.length).toBe(2);
    expect(Math.max(...seen)).toBeLessThanOrEqual(4);
  });
});

/** What a program sees of a cache of either kind. */
describe.each([
  ['lru-cache', TheirCache as unknown as typeof LRUCache],
  ['compat', LRUCache],
])('%s', (_, Cache) => {
  it('puts the fetch over a value that fetchMethod has put in place of the stale one itself', async () => {
    let now = 1;
    const cache: LRUCache<string, number> = new Cache<string, number>({
      max: 2,
      ttl: 10,
      perf: { now: () => now },
      fetchMethod: (key) => {
        cache.set(key, 2);
        return Promise.resolve(3);
      },
    });
    cache.set('a', 1);
    now = 100;
    expect(await cache.fetch('a')).toBe(3);
    expect(cache.get('a')).toBe(3);
  });

  it('does not come by what the body of a loop has deleted', () => {
    const cache = new Cache<string, number>({ max: 4 });
    for (const key of ['d', 'c', 'b', 'a']) cache.set(key, 1);
    const seen: string[] = [];
    for (const key of cache.keys()) {
      seen.push(key);
      if (key === 'a') cache.delete('c');
      if (key === 'b') cache.delete('d');
    }
    expect(seen).toEqual(['a', 'b']);
  });
});
