import { describe, expect, it } from 'vitest';
import { memento, mementoFromJSON } from '../src/memento.ts';
import { fingerprintOf } from '../src/nodes.ts';
import type { MementoJSON } from '../src/memento.ts';

const error = (code: string): unknown => expect.objectContaining({ name: 'PlacementError', code });
const ten = Array.from({ length: 10 }, (_, i) => `n${i}`);

describe('a memento', () => {
  it('gives the values of the wire format, with its history', () => {
    const m = memento(['e', 'd', 'c', 'b', 'a']).without('b').without('e').without('a').with('x');
    expect(Array.from({ length: 20 }, (_, i) => m.locate(String(i)).id).join('')).toBe('dcccxxcddxddcdcxccxc');
    expect(JSON.stringify(m)).toBe(
      '{"v":1,"kind":"memento","hash":"xxh32","seed":0,"buckets":[2,0,1],"removed":[1,4],' +
        '"nodes":[{"id":"c","weight":1},{"id":"d","weight":1},{"id":"x","weight":1}],"fingerprint":"3d2c48878fd371c5"}',
    );
  });

  it('has a fingerprint of its history: the same nodes by another way are another placement', () => {
    const direct = memento(['a', 'b', 'd']);
    const changed = memento(['a', 'b', 'c', 'd']).without('c');
    expect(changed.nodes).toEqual(direct.nodes);
    expect(changed.fingerprint).not.toBe(direct.fingerprint);
    const [one, other] = [memento(ten).without('n1').without('n2'), memento(ten).without('n2').without('n1')];
    expect(one.fingerprint).not.toBe(other.fingerprint);
    expect(memento(ten).without('n1').without('n2').fingerprint).toBe(one.fingerprint);
  });

  it('forgets the last bucket when none is gone, and remembers it otherwise', () => {
    expect(memento(ten).without('n9').toJSON()).toEqual(memento(ten.slice(0, 9)).toJSON());
    expect(memento(ten).without('n3').without('n9').toJSON().removed).toEqual([3, 9]);
  });

  it('fills the bucket freed last, then the one before, and grows when none is left', () => {
    const m = memento(ten).without('n3').without('n9').without('n0');
    expect(m.with('x').toJSON().removed).toEqual([3, 9]);
    const full = m.with('x').with('y').with('z');
    expect(full.toJSON().removed).toEqual([]);
    const inBuckets = full.toJSON().buckets.map((rank) => full.nodes[rank]!.id);
    expect(inBuckets).toEqual(['x', 'n1', 'n2', 'z', 'n4', 'n5', 'n6', 'n7', 'n8', 'y']);
    expect(full.with('w').toJSON().buckets).toHaveLength(11);
  });

  it('can shrink to one node and grow again', () => {
    let m = memento(ten);
    for (const id of ten.slice(1)) m = m.without(id);
    expect([0, 1, 2 ** 31, 0xffffffff].map((hash) => m.locateHash(hash).id)).toEqual(['n0', 'n0', 'n0', 'n0']);
    for (const id of ten.slice(1).toReversed()) m = m.with(id);
    expect(m.fingerprint).toBe(memento(ten).fingerprint);
  });

  it('keeps its history to itself: neither the JSON it came from nor the one it gives can change it', () => {
    const given = JSON.parse(JSON.stringify(memento(ten).without('n3').without('n5'))) as { removed: number[] };
    const text = JSON.stringify(given);
    const m = mementoFromJSON(given as unknown as MementoJSON);
    given.removed.length = 0;
    (m.toJSON().removed as number[]).length = 0;
    expect(JSON.stringify(m.with('x').without('x'))).toBe(text);
  });

  it('has expected shares of 1/N', () => {
    expect([...memento(ten).without('n4').shares().values()]).toEqual(Array<number>(9).fill(1 / 9));
  });

  it('refuses weights, on each way in', () => {
    const json = memento(['a', 'b']).toJSON();
    const weighted = { ...json, nodes: [{ id: 'a', weight: 2 }, json.nodes[1]!] };
    expect(() => memento(['a', { id: 'b', weight: 2 }])).toThrow(error('UNSUPPORTED_WEIGHT'));
    expect(() => memento(['a', { id: 'b', weight: 2 }])).toThrow(/the weight of node "b" must be 1; got 2/);
    expect(() => memento(['a']).with({ id: 'b', weight: 0.5 })).toThrow(error('UNSUPPORTED_WEIGHT'));
    expect(() => mementoFromJSON(weighted)).toThrow(error('UNSUPPORTED_WEIGHT'));
    expect(memento([{ id: 'a', weight: 1 }]).nodes).toHaveLength(1);
  });
});

describe('mementoFromJSON refuses, even with a fingerprint that fits,', () => {
  // Six nodes in eight buckets: 2 went first, then 5.
  const good = memento(ten.slice(0, 8)).without('n2').without('n5').toJSON();
  const forged = (change: object): MementoJSON => {
    const { fingerprint: _, ...content } = { ...good, ...change };
    return { ...content, fingerprint: fingerprintOf(content) };
  };

  it.each<[string, object]>([
    ['a bucket too few', { buckets: good.buckets.slice(1) }],
    ['a bucket too many', { buckets: [...good.buckets, 6] }],
    ['no bucket', { buckets: [] }],
    ['a node in two buckets', { buckets: [0, 0, 2, 3, 4, 5] }],
    ['a node that is not there', { buckets: [0, 1, 2, 3, 4, 6] }],
    ['a negative place', { buckets: [-1, 1, 2, 3, 4, 5] }],
    ['a broken place', { buckets: [0.5, 1, 2, 3, 4, 5] }],
    ['a place in a string', { buckets: ['0', 1, 2, 3, 4, 5] }],
    ['a place of null', { buckets: [null, 1, 2, 3, 4, 5] }],
    ['a bucket that went twice', { removed: [2, 2] }],
    ['a bucket beyond the last', { removed: [2, 8] }],
    ['a negative bucket', { removed: [2, -1] }],
    ['a broken bucket', { removed: [2, 5.5] }],
    ['a bucket in a string', { removed: [2, '5'] }],
    ['buckets that are no list', { buckets: 6 }],
    ['buckets in an object', { buckets: { length: 6 } }],
    ['removed that is no list', { removed: null }],
    ['a list without end', { removed: Array.from({ length: 2 ** 20 }, (_, i) => i) }],
  ])('%s', (_, change) => {
    expect(() => mementoFromJSON(forged(change))).toThrow(error('BAD_JSON'));
    expect(() => mementoFromJSON(forged(change))).toThrow(/must name each node once|must be of type array/);
  });

  it('and without one', () => {
    for (const change of [{ removed: [5, 2] }, { removed: [2] }, { buckets: good.buckets.toReversed() }]) {
      expect(() => mementoFromJSON({ ...good, ...change })).toThrow(error('BAD_JSON'));
    }
  });

  it('nothing that fits: whatever was forged so is a memento that works', () => {
    const read = mementoFromJSON(forged({ removed: [5, 2], buckets: good.buckets.toReversed() }));
    const found = new Set(Array.from({ length: 200 }, (_, i) => read.locate(`k${i}`).id));
    expect(found.size).toBe(6);
    expect(mementoFromJSON(forged({})).fingerprint).toBe(good.fingerprint);
  });
});
