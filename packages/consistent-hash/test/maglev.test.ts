import { describe, expect, it } from 'vitest';
import { maglev, maglevFromJSON } from '../src/maglev.ts';

const error = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ name: 'PlacementError', code, message: expect.stringMatching(message) });
const seven = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

describe('a maglev', () => {
  it('gives the values of the wire format', () => {
    const m = maglev(['c', 'a', { id: 'b', weight: 2 }]);
    expect(Array.from({ length: 20 }, (_, i) => m.locate(String(i)).id).join('')).toBe('bbcbacbcaaacacbbaaca');
    expect(JSON.stringify(m)).toBe(
      '{"v":1,"kind":"maglev","hash":"xxh32","seed":0,"size":65537,' +
        '"nodes":[{"id":"a","weight":1},{"id":"b","weight":2},{"id":"c","weight":1}],"fingerprint":"955bf261a6d795ae"}',
    );
  });

  it.each([2, 3, 5, 7, 251, 65_537])('takes the prime %i as size', (size) => {
    expect(maglev(['a', 'b'], { size }).size).toBe(size);
  });

  // 6889 is 83 * 83, 1018081 is 1009 * 1009, 16752649 is 4093 * 4093: nothing smaller divides them.
  it.each([4, 9, 25, 65_536, 6889, 1_018_081, 16_752_649, 16_777_215])('refuses %i as size: no prime', (size) => {
    expect(() => maglev(['a'], { size })).toThrow(
      error('BAD_OPTION', /size must be a prime of at most 16777216; got \d+/),
    );
  });

  it.each([1, 0, -7, 2.5, NaN, '7', 2 ** 24 + 43])('refuses %o as size', (size) => {
    expect(() => maglev(['a'], { size: size as number })).toThrow(
      error('BAD_OPTION', /size must be a prime of at most 16777216; got/),
    );
  });

  it('refuses more nodes than entries, on each way in', () => {
    const full = maglev(seven, { size: 7 });
    expect(new Set([0, 1, 2, 3, 4, 5, 6].map((hash) => full.locateHash(hash).id))).toEqual(new Set(seven));
    const small = error('TABLE_TOO_SMALL', /8 nodes need a size of as many; got 7/);
    expect(() => maglev([...seven, 'h'], { size: 7 })).toThrow(small);
    expect(() => full.with('h')).toThrow(small);
    const json = { ...full.toJSON(), nodes: [...full.toJSON().nodes, { id: 'h', weight: 1 }] };
    expect(() => maglevFromJSON(json)).toThrow(small);
  });

  it('gives every node an entry, however small its weight', () => {
    for (const weight of [1e-300, 5e-324]) {
      const m = maglev([...seven, { id: 'tiny', weight }], { size: 11 });
      expect(m.shares().get('tiny')).toBeGreaterThan(0);
    }
  });

  it('keeps its size through all changes', () => {
    const m = maglev(seven, { size: 251 }).with('h').without('a').reweight('b', 3);
    expect(m.size).toBe(251);
    expect(m.nodes.find(({ id }) => id === 'b')?.weight).toBe(3);
    expect(() => m.reweight('b', 0)).toThrow(error('BAD_WEIGHT', /got 0/));
    expect(() => m.reweight('zz', 1)).toThrow(error('UNKNOWN_NODE', /"zz"/));
  });

  it('has another fingerprint for another size', () => {
    expect(maglev(seven, { size: 251 }).fingerprint).not.toBe(maglev(seven, { size: 257 }).fingerprint);
  });

  it.each([
    [257, 'BAD_JSON'],
    ['251', 'BAD_JSON'],
    [undefined, 'BAD_JSON'],
    [250, 'BAD_OPTION'],
    [2 ** 25, 'BAD_OPTION'],
  ])('refuses in JSON a size of %o', (size, code) => {
    const json = { ...maglev(seven, { size: 251 }).toJSON(), size };
    expect(() => maglevFromJSON(json)).toThrow(expect.objectContaining({ code }));
  });
});
