import { LRUCache as Peer } from 'lru-cache';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LRUCache } from '../../src/compat/index.ts';
import { show } from './show.ts';

type Any = new (options: unknown) => Record<string, unknown>;
const Ours = LRUCache as unknown as Any;
const Theirs = Peer as unknown as Any;
const warned = Symbol.for('@loadbearing/lru-cache/compat: warned of an unbounded cache');

afterEach(() => {
  vi.unstubAllGlobals();
});

const one = (): number => 1;
const PROPERTIES = [
  ...['max', 'maxSize', 'maxEntrySize', 'ttl', 'ttlResolution', 'ttlAutopurge', 'allowStale', 'backgroundFetchSize'],
  ...['sizeCalculation', 'dispose', 'disposeAfter', 'onInsert', 'fetchMethod', 'memoMethod', 'updateAgeOnGet'],
  ...['updateAgeOnHas', 'noDeleteOnStaleGet', 'noDisposeOnSet', 'noUpdateTTL', 'noDeleteOnFetchRejection', 'size'],
  ...['allowStaleOnFetchRejection', 'allowStaleOnFetchAbort', 'ignoreFetchAbort', 'calculatedSize', 'perf'],
];

function outcome(make: Any, options: unknown): unknown {
  try {
    const cache = new make(options);
    return PROPERTIES.map((name) => [name, cache[name]]);
  } catch (error) {
    return (error as Error).name;
  }
}

describe('the constructor', () => {
  const numbers = [0, 1, 3, -1, 1.5, '10', NaN, Infinity, null, true, undefined, {}];
  for (const name of ['max', 'maxSize', 'maxEntrySize', 'ttl', 'ttlResolution', 'backgroundFetchSize']) {
    it(`accepts and refuses the same ${name}`, () => {
      for (const value of numbers) {
        const bound = name === 'max' ? {} : { max: 5 };
        // Taken for "not given" there, and by nobody meant.
        if (name === 'backgroundFetchSize' && value === null) continue;
        const options = { ...bound, [name]: value };
        expect(outcome(Ours, options), show(value)).toEqual(outcome(Theirs, options));
      }
    });
  }

  it('accepts and refuses the same functions, flags and clocks', () => {
    const odd = [undefined, one, 1, 'x', null, {}, { now: one }, { now: 1 }, Date, true, false, 0];
    for (const name of PROPERTIES.slice(5, -1).concat('perf')) {
      if (['size', 'calculatedSize', 'backgroundFetchSize'].includes(name)) continue;
      for (const value of odd) {
        if (value === null && name !== 'perf') continue;
        // Nothing, there.
        if ((value === false || value === 0) && name === 'sizeCalculation') continue;
        const options = { max: 5, maxSize: 5, [name]: value };
        expect(outcome(Ours, options), `${name} ${show(value)}`).toEqual(outcome(Theirs, options));
      }
    }
    expect(outcome(Ours, { max: 1, sizeCalculation: one })).toBe('TypeError');
    expect(outcome(Theirs, { max: 1, sizeCalculation: one })).toBe('TypeError');
  });

  it('names the option, the value and what is allowed', () => {
    expect(() => new Ours({ max: '10' })).toThrow('max must be a positive integer or 0; got 10');
    expect(() => new Ours({ max: 1, ttl: 1.5 })).toThrow('ttl must be a positive integer; got 1.5');
    expect(() => new Ours({ max: 1, perf: {} })).toThrow(
      'perf must be an object with a method now; got [object Object]',
    );
    expect(() => new Ours({ max: 1, fetchMethod: 1 })).toThrow('fetchMethod must be a function; got 1');
    expect(() => new Ours({})).toThrow('at least one of max, maxSize and ttl is required; got none');
    const cache = new LRUCache<string, number>({ maxSize: 5 });
    expect(() => cache.set('a', 1, { size: 1.5 })).toThrow(/^size must be a positive integer.*got 1.5$/);
    expect(() => cache.set('a', 1, { sizeCalculation: () => 0 })).toThrow(/sizeCalculation.*positive integer; got 0$/);
    expect(() => new LRUCache({ max: 1 }).set('a', 1, { size: 1 })).toThrow('a size needs maxSize or maxEntrySize');
    expect(cache.size).toBe(0);
  });

  it('takes a cache and makes an empty one with the same options, as they are now', () => {
    const cache = new LRUCache<string, number>({ max: 3, ttl: 5, dispose: one, perf: { now: one }, allowStale: true });
    cache.set('a', 1);
    cache.ttl = 9;
    const copy = new LRUCache(cache);
    for (const name of PROPERTIES) {
      if (name !== 'size') expect((copy as never)[name]).toBe((cache as never)[name]);
    }
    expect([copy.size, copy.ttl]).toEqual([0, 9]);
  });

  it('makes properties of the same options, and getters of the same', () => {
    const ours = new Ours({ max: 1 });
    const theirs = new Theirs({ max: 1 });
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    expect(Object.prototype.toString.call(ours)).toBe('[object LRUCache]');
    const fixed = [
      'max',
      'maxSize',
      'size',
      'calculatedSize',
      'fetchMethod',
      'memoMethod',
      'dispose',
      'onInsert',
      'perf',
    ];
    for (const name of fixed) expect(() => (ours[name] = 1)).toThrow(TypeError);
    const methods = (make: object): string[] => Object.getOwnPropertyNames(make).sort();
    expect(methods(LRUCache.prototype)).toEqual(methods(Peer.prototype));
  });

  it('takes the time from performance, or from Date where there is none', () => {
    expect(new LRUCache({ max: 1 }).perf).toBe(performance);
    vi.stubGlobal('performance', undefined);
    expect(new LRUCache({ max: 1 }).perf).toBe(Date);
  });
});

describe('a cache that only a ttl bounds', () => {
  const forget = (): void => {
    Reflect.deleteProperty(globalThis, warned);
  };

  it('warns once, with a code', () => {
    forget();
    const warnings: unknown[][] = [];
    vi.stubGlobal('process', { emitWarning: (...warning: unknown[]) => warnings.push(warning) });
    new LRUCache({ ttl: 1, ttlAutopurge: false });
    new LRUCache({ ttl: 1, ttlAutopurge: false });
    expect(warnings).toEqual([
      [expect.stringContaining('ttlAutopurge'), 'UnboundedCacheWarning', 'LRU_CACHE_UNBOUNDED'],
    ]);
  });

  it('warns on the console where there is no process, and not at all where there is none either', () => {
    forget();
    const lines: unknown[] = [];
    vi.stubGlobal('process', undefined);
    vi.stubGlobal('console', { error: (line: unknown) => lines.push(line) });
    new LRUCache({ ttl: 1, ttlAutopurge: false });
    expect(lines).toEqual([expect.stringContaining('LRU_CACHE_UNBOUNDED')]);
    forget();
    vi.stubGlobal('console', undefined);
    new LRUCache({ ttl: 1, ttlAutopurge: false });
    vi.unstubAllGlobals();
  });

  it('does not warn when something bounds it', () => {
    forget();
    const warn = vi.fn();
    vi.stubGlobal('process', { emitWarning: warn });
    new LRUCache({ ttl: 1, ttlAutopurge: true });
    new LRUCache({ ttl: 1, max: 1 });
    new LRUCache({ ttl: 1, maxSize: 1 });
    expect(warn).not.toHaveBeenCalled();
  });
});
