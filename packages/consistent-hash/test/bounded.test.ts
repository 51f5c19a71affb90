import { describe, expect, it } from 'vitest';
import { bounded } from '../src/bounded.ts';
import { ring } from '../src/ring.ts';

const error = (code: string): unknown => expect.objectContaining({ name: 'PlacementError', code });
const shards = ring(['a', 'b', { id: 'c', weight: 2 }]);

describe('bounded', () => {
  it('leaves a key with its owner while there is room', () => {
    const b = bounded(shards, { c: 1000 });
    for (let i = 0; i < 200; i++) {
      const key = `user:${String(i)}`;
      expect(b.acquire(key).node).toBe(shards.locate(key));
    }
  });

  it('spreads the places of a single key by weight when c is near 1', () => {
    const b = bounded(shards, { c: 1.000001 });
    for (let i = 0; i < 400; i++) b.acquire('the same');
    for (const { id, weight } of shards.nodes) expect(Math.abs(b.loadOf(id) - 100 * weight)).toBeLessThanOrEqual(1);
  });

  it('has a capacity of 1.25 of the mean without options, the place asked for counted in and rounded up', () => {
    const b = bounded(ring(['x', 'y']));
    const [first, second] = [...b.placement.preference('k')].map(({ id }) => id);
    const owners = Array.from({ length: 8 }, () => b.acquire('k').node.id);
    // ceil(1.25 * n / 2) for the n-th place: 1, 2, 2, 3, 4, 4, 5, 5.
    expect(owners).toEqual([first, first, second, first, first, second, first, second]);
  });

  it('releases a lease once, however often it is called', () => {
    const b = bounded(shards);
    const leases = [b.acquire('k'), b.acquire('k')];
    leases[0]!.release();
    leases[0]!.release();
    expect(b.total).toBe(1);
    leases[1]!.release();
    expect(b.total).toBe(0);
  });

  it('keeps loads by id when nodes change, and lets those of a node that is gone drain', () => {
    const b = bounded(shards);
    const leases = Array.from({ length: 40 }, (_, i) => b.acquire(String(i)));
    const load = b.loadOf('c');
    expect(load).toBeGreaterThan(0);
    b.use(shards.without('c').with('d'));
    expect(b.loadOf('c')).toBe(load);
    expect(b.total).toBe(40);
    for (let i = 0; i < 100; i++) expect(b.acquire(String(i)).node.id).not.toBe('c');
    for (const lease of leases) lease.release();
    expect(b.loadOf('c')).toBe(0);
    expect(b.total).toBe(100);
    expect(b.loadOf('never heard of')).toBe(0);
  });

  it.each([1, 0, -2, 0.99, NaN, Infinity, '2' as unknown as number, null as unknown as number])(
    'refuses %o as c',
    (c) => {
      expect(() => bounded(shards, { c })).toThrow(error('BAD_OPTION'));
      expect(() => bounded(shards, { c })).toThrow(/c must be finite and above 1; got /);
    },
  );

  it('refuses a key of the wrong type and counts nothing', () => {
    const b = bounded(shards);
    expect(() => b.acquire(7 as unknown as string)).toThrow(TypeError);
    expect(b.total).toBe(0);
  });
});
