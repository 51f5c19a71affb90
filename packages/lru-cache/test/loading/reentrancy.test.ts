import { describe, expect, it } from 'vitest';
import { LoadingCache } from '../../src/index.ts';

/** A cache with a failure remembered beside `a`'s value 1, which is over at 100 and told of at the next fetch. */
async function withOverdue(
  told: (cache: LoadingCache<string, number>) => void,
): Promise<{ cache: LoadingCache<string, number>; pass: (ms: number) => void }> {
  let now = 0;
  let loads = 0;
  const cache: LoadingCache<string, number> = new LoadingCache<string, number>({
    max: 3,
    ttl: 100,
    errorTtlMs: 1000,
    clock: { now: () => now },
    load: () => {
      if (++loads === 2) throw new Error('the source is down');
      return 40 + loads;
    },
    onRemove: (_, __, reason) => {
      if (reason === 'expire') told(cache);
    },
  });
  cache.set('a', 1).delete('a');
  await cache.fetch('a');
  await expect(cache.fetch('a', { refresh: true })).rejects.toThrow('the source is down');
  return { cache, pass: (ms) => void (now += ms) };
}

describe('a fetch whose key changes while its old value is told of', () => {
  it('loads what was deleted meanwhile, and leaves the freed slot alone', async () => {
    const { cache, pass } = await withOverdue((it) => it.delete('a'));
    pass(200);
    expect(await cache.fetch('a')).toBe(43);
    cache.set('b', 2).set('c', 3).set('d', 4);
    expect([...cache.entries()].map(([key]) => key)).toEqual(['d', 'c', 'b']);
    expect(cache.size).toBe(3);
  });

  it('does not answer with the value of a key that took over the slot', async () => {
    const { cache, pass } = await withOverdue((it) => {
      it.clear();
      it.set('b', 2);
    });
    pass(200);
    expect(await cache.fetch('a')).toBe(43);
    expect(cache.peek('b')).toBe(2);
  });

  it('answers with the value that was set meanwhile', async () => {
    const { cache, pass } = await withOverdue((it) => it.set('a', 7));
    pass(200);
    expect(await cache.fetch('a')).toBe(7);
    expect(cache.stats().loads).toBe(2);
  });
});
