/** How a background fetch may end: every way, with every option that has a say in it, against lru-cache. */
import { LRUCache as Peer } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import { LRUCache } from '../../src/compat/index.ts';
import { show } from './show.ts';

const nightly = process.env['NIGHTLY'] === '1';
type Make = typeof LRUCache<string, string>;
type Fetching = Partial<LRUCache.FetchOptions<string, string, unknown>>;

const POLICIES: Fetching[] = [];
const FLAGS = ['allowStaleOnFetchAbort', 'ignoreFetchAbort', 'noDeleteOnFetchRejection', 'allowStaleOnFetchRejection'];
for (let bits = 0; bits < 2 ** FLAGS.length; bits++) {
  POLICIES.push(Object.fromEntries(FLAGS.map((name, i) => [name, (bits & (1 << i)) !== 0])));
}
const BEFORE = ['nothing', 'stale', 'fresh'] as const;
const MEANWHILE = [
  'nothing',
  'signal',
  'delete',
  'set',
  'set undefined',
  'evict',
  'pop',
  'clear',
  'purge',
  'join',
] as const;
const AT_LAST = ['value', 'undefined', 'error'] as const;

async function run(
  make: Make,
  policy: Fetching,
  before: (typeof BEFORE)[number],
  meanwhile: (typeof MEANWHILE)[number],
  atLast: (typeof AT_LAST)[number],
  allowStale: boolean,
): Promise<string[]> {
  const log: string[] = [];
  const note = (...what: unknown[]): void => void log.push(what.map(show).join(' '));
  let now = 1000;
  let end: (how: (typeof AT_LAST)[number]) => void = () => undefined;
  const cache = new make({
    max: 2,
    ttl: 10,
    ttlResolution: 0,
    perf: { now: () => now },
    dispose: (...told) => note('dispose', ...told),
    disposeAfter: (...told) => note('after', ...told),
    onInsert: (...told) => note('insert', ...told),
    fetchMethod: (_key, _stale, { signal }) => {
      signal.addEventListener('abort', () => note('aborted', signal.reason));
      return new Promise<string | undefined>((resolve, reject) => {
        end = (how) => (how === 'error' ? reject(new Error('late')) : resolve(how === 'value' ? 'new' : undefined));
      });
    },
  });
  const look = async (): Promise<void> => {
    for (let i = 0; i < 12; i++) await Promise.resolve();
    note(cache.size, [...cache.keys()], cache.peek('k', { allowStale: true }), cache.getRemainingTTL('k'));
  };
  if (before !== 'nothing') cache.set('k', 'old');
  if (before === 'stale') now += 11;
  const controller = new AbortController();
  const ask = (name: string): void => {
    const status: LRUCache.Status<string, string> = {};
    const told = (): unknown => ({ ...status, cache: undefined });
    cache.fetch('k', { ...policy, allowStale, forceRefresh: true, signal: controller.signal, status }).then(
      (value) => note(name, 'resolved', value, told()),
      (error: unknown) => note(name, 'rejected', error, told()),
    );
  };
  ask('first');
  await look();
  if (meanwhile === 'signal') controller.abort(new Error('the caller left'));
  else if (meanwhile === 'delete') cache.delete('k');
  else if (meanwhile === 'set') cache.set('k', 'other');
  else if (meanwhile === 'set undefined') cache.set('k', undefined);
  else if (meanwhile === 'evict') cache.set('x', '1').set('y', '2');
  else if (meanwhile === 'pop') note(cache.pop());
  else if (meanwhile === 'clear') cache.clear();
  else if (meanwhile === 'purge') note(cache.purgeStale());
  else if (meanwhile === 'join') ask('second');
  await look();
  end(atLast);
  await look();
  return log;
}

describe('a background fetch ends as in lru-cache', () => {
  for (const before of BEFORE) {
    it(`over ${before}`, async () => {
      let compared = 0;
      for (const policy of POLICIES) {
        for (const meanwhile of MEANWHILE) {
          for (const atLast of AT_LAST) {
            // Each pair meets every policy by turns; both at once is for the nights.
            for (const allowStale of nightly ? [false, true] : [(POLICIES.indexOf(policy) + compared) % 2 === 0]) {
              // There a key without value stays in the cache, and here not.
              const kept = policy.noDeleteOnFetchRejection === true || policy.allowStaleOnFetchRejection === true;
              const ghost = policy.ignoreFetchAbort === true && kept && before === 'nothing';
              // There a value that comes after its entry was evicted is stored only if no other has that slot.
              const late = policy.ignoreFetchAbort === true && policy.allowStaleOnFetchAbort === true;
              if (ghost || (late && meanwhile === 'evict')) continue;
              const given = [policy, before, meanwhile, atLast, allowStale] as const;
              const ours = await run(LRUCache, ...given);
              const theirs = await run(Peer as unknown as Make, ...given);
              if (ours.join('\n') !== theirs.join('\n')) expect(ours, JSON.stringify(given)).toEqual(theirs);
              compared++;
            }
          }
        }
      }
      expect(compared).toBeGreaterThan(nightly ? 500 : 250);
    });
  }

  it('keeps no key without a value when an aborted fetch brings none', async () => {
    const policy = { ignoreFetchAbort: true, noDeleteOnFetchRejection: true };
    const log = await run(LRUCache, policy, 'nothing', 'signal', 'undefined', false);
    expect(log.at(-1)).toBe('0 [] undefined 0');
  });

  it('stores a value that comes after the abort was answered, unless its key is held again', async () => {
    const policy = { ignoreFetchAbort: true, allowStaleOnFetchAbort: true };
    expect((await run(LRUCache, policy, 'stale', 'evict', 'value', false)).at(-1)).toBe('2 [k,y] new 10');
    expect((await run(LRUCache, policy, 'stale', 'set', 'value', false)).at(-1)).toBe('1 [k] other 10');
  });
});

describe('fetch', () => {
  it('is get when there is no fetchMethod', async () => {
    const cache = new LRUCache<string, number>({ max: 2 });
    cache.set('a', 1);
    const status: LRUCache.Status<string, number> = {};
    expect(await cache.fetch('a', { status })).toBe(1);
    expect(status).toMatchObject({ op: 'fetch', fetch: 'get', get: 'hit', cache });
    expect(await cache.fetch('b')).toBeUndefined();
    await expect(cache.forceFetch('b')).rejects.toThrow(new Error('fetch() returned undefined'));
  });

  it('answers undefined when the method does so at once, where lru-cache never answers', async () => {
    const cache = new LRUCache<string, number>({ max: 2, fetchMethod: () => undefined });
    expect(await cache.fetch('a')).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it('refuses a size where there are none, and stores nothing', async () => {
    for (const make of [LRUCache, Peer as unknown as typeof LRUCache]) {
      const cache = new make<string, number>({ max: 2, fetchMethod: async () => 1 });
      await expect(cache.fetch('a', { size: 1 })).rejects.toThrow(TypeError);
      expect(cache.size).toBe(0);
    }
  });

  it('rejects when the value has no size', async () => {
    for (const make of [LRUCache, Peer as unknown as typeof LRUCache]) {
      const cache = new make<string, number>({ maxSize: 2, fetchMethod: async () => 1 });
      await expect(cache.fetch('a')).rejects.toThrow(TypeError);
    }
  });

  it('leaves a value alone that the method has set itself', async () => {
    const cache: LRUCache<string, number> = new LRUCache<string, number>({
      max: 2,
      fetchMethod: async (key) => {
        cache.set(key, 7);
        return 1;
      },
    });
    expect(await cache.fetch('a')).toBe(1);
    expect(cache.get('a')).toBe(7);
    expect(cache.size).toBe(1);
  });

  it('leaves no rejection unhandled when the late value of an aborted fetch is refused', async () => {
    let bring: (value: number) => void = () => undefined;
    const cache = new LRUCache<string, number>({
      maxSize: 5,
      allowStaleOnFetchAbort: true,
      fetchMethod: () => new Promise<number>((resolve) => (bring = resolve)),
    });
    const controller = new AbortController();
    const answer = cache.fetch('a', { signal: controller.signal, ignoreFetchAbort: true });
    controller.abort();
    expect(await answer).toBeUndefined();
    const unhandled: unknown[] = [];
    const listen = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listen);
    bring(1);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });
});
