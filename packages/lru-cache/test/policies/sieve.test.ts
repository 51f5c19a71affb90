import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/index.ts';
import { sieve } from '../../src/policies/index.ts';

function filled(max: number): { cache: LruCache<string, true>; evicted: string[] } {
  const evicted: string[] = [];
  const onRemove = (_: true, key: string): void => void evicted.push(key);
  const cache = new LruCache<string, true>({ max, policy: sieve(), onRemove });
  return { cache, evicted };
}

describe('sieve', () => {
  it('leaves survivors where they are, and goes on from there', () => {
    const { cache, evicted } = filled(5);
    for (const key of 'abcde') cache.set(key, true);
    for (const key of 'abd') cache.get(key);
    cache.set('f', true);
    expect(evicted).toEqual(['c']);
    // The hand stands at d, whose mark it takes; e has none. a and b, unmarked by now, are behind it and safe.
    cache.set('g', true);
    expect(evicted).toEqual(['c', 'e']);
    // New entries are ahead of the hand: f and g go before a and b, which a ring would have evicted first.
    cache.set('h', true).set('i', true);
    expect(evicted).toEqual(['c', 'e', 'f', 'g']);
    cache.get('h');
    cache.get('i');
    cache.set('j', true);
    expect(evicted.at(-1)).toBe('a');
  });

  it('moves the hand on when the entry under it is deleted', () => {
    const { cache, evicted } = filled(4);
    for (const key of 'abcd') cache.set(key, true);
    cache.get('a');
    cache.set('e', true); // b goes, the hand stands at c
    cache.delete('c');
    cache.set('f', true);
    cache.set('g', true);
    expect(evicted).toEqual(['b', 'c', 'd']);
  });

  it('starts again at the oldest when the newest was deleted under the hand', () => {
    const { cache, evicted } = filled(2);
    cache.set('a', true).set('b', true);
    cache.get('a');
    cache.set('c', true); // a is spared, b goes, the hand stands at the newest
    cache.delete('c');
    cache.set('d', true).set('e', true);
    expect(evicted).toEqual(['b', 'c', 'a']);
  });
});
