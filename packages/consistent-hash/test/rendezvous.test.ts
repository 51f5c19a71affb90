import { describe, expect, it } from 'vitest';
import { rendezvous } from '../src/rendezvous.ts';

describe('a rendezvous', () => {
  it('gives the values of the wire format', () => {
    const r = rendezvous(['c', 'a', { id: 'b', weight: 2 }]);
    expect(Array.from({ length: 20 }, (_, i) => r.locate(String(i)).id).join('')).toBe('bacbabcbbacabcbbbabb');
    expect(JSON.stringify(r)).toBe(
      '{"v":1,"kind":"rendezvous","hash":"xxh32","seed":0,' +
        '"nodes":[{"id":"a","weight":1},{"id":"b","weight":2},{"id":"c","weight":1}],"fingerprint":"91ed0b2129f43425"}',
    );
  });

  it('has shares in proportion to weights, however large', () => {
    expect([...rendezvous(['a', { id: 'b', weight: 3 }]).shares()]).toEqual([
      ['a', 0.25],
      ['b', 0.75],
    ]);
    const large = rendezvous(['a', 'b'].map((id) => ({ id, weight: 1.7e308 })));
    expect([...large.shares().values()]).toEqual([0.5, 0.5]);
  });

  it.each([0, -1, NaN, Infinity, '2'])('refuses to reweight to %o', (weight) => {
    const r = rendezvous(['a', 'b']);
    expect(() => r.reweight('a', weight as number)).toThrow(expect.objectContaining({ code: 'BAD_WEIGHT' }));
    expect(() => r.reweight('c', 1)).toThrow(expect.objectContaining({ code: 'UNKNOWN_NODE' }));
  });
});

it('has an owner for every key when weights are as small as numbers get', () => {
  const tiny = rendezvous([
    { id: 'a', weight: 1e-309 },
    { id: 'b', weight: 2e-309 },
    { id: 'c', weight: Number.MIN_VALUE },
  ]);
  for (let i = 0; i < 1000; i++) {
    expect(tiny.locate(String(i))).toBeDefined();
    expect([...tiny.preference(String(i))][0]).toBe(tiny.locate(String(i)));
  }
});
