/**
 * What every placement promises, whatever its algorithm, over random topologies. The law that matters most, no needless
 * move, is counted in needless-moves.model.test.ts; what one algorithm promises alone stands in its own file.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysOf, kinds, topologyOf } from './kinds.ts';
import type { RandomTopology } from './kinds.ts';

const RUNS = process.env['NIGHTLY'] === undefined ? 25 : 400;
const keys = keysOf(60);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const idsOf = (nodes: Iterable<{ id: string }>): string[] => [...nodes].map(({ id }) => id);

describe.each(kinds)('$kind', (kind) => {
  const topologies = topologyOf(kind);
  const check = (law: (topology: RandomTopology) => void): void => {
    fc.assert(fc.property(topologies, law), { numRuns: RUNS });
  };

  it('depends on the set of nodes and not on their order', () => {
    fc.assert(
      fc.property(
        topologies.chain((t) => fc.tuple(fc.constant(t), fc.shuffledSubarray(t.nodes, { minLength: t.nodes.length }))),
        ([{ nodes, seed }, shuffled]) => {
          const [one, other] = [kind.make(nodes, { seed }), kind.make(shuffled, { seed })];
          expect(other.fingerprint).toBe(one.fingerprint);
          expect(idsOf(other.nodes)).toEqual(idsOf(nodes).sort());
          for (const key of keys) expect(other.locate(key).id).toBe(one.locate(key).id);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('places a string as its UTF-8 bytes, and a key as its hash', () => {
    check(({ nodes, seed }) => {
      const placement = kind.make(nodes, { seed });
      for (const key of [...keys, 'é', '😀', '\uD800', '']) {
        const owner = placement.locate(key);
        expect(placement.locate(encode(key))).toBe(owner);
        expect(placement.locateHash(placement.hashOf(key))).toBe(owner);
      }
    });
  });

  it('prefers every node once, the owner first, and locateN begins that order', () => {
    check(({ nodes, seed }) => {
      const placement = kind.make(nodes, { seed });
      for (const key of keys.slice(0, 20)) {
        const order = [...placement.preference(key)];
        expect(order[0]).toBe(placement.locate(key));
        expect(idsOf(order).sort()).toEqual(idsOf(placement.nodes));
        for (const n of [0, 1, 2, nodes.length, nodes.length + 3]) {
          expect(placement.locateN(key, n)).toEqual(order.slice(0, n));
        }
      }
    });
  });

  it('spreads n nodes over min(n, zones) zones, without excluded ones, one more at a time', () => {
    check(({ nodes, seed }) => {
      const placement = kind.make(nodes, { seed });
      const zoneOf = ({ id, zone }: { id: string; zone?: string | undefined }): string => zone ?? `alone ${id}`;
      for (const key of keys.slice(0, 10)) {
        const down = placement.locate(key);
        const up = placement.nodes.filter((node) => node !== down);
        const zones = new Set(up.map(zoneOf)).size;
        for (let n = 0; n <= nodes.length; n++) {
          const found = placement.locateN(key, n, { distinctBy: 'zone', exclude: (node) => node === down });
          expect(new Set(found).size).toBe(Math.min(n, up.length));
          expect(new Set(found.slice(0, zones).map(zoneOf)).size).toBe(Math.min(n, zones));
          const more = placement.locateN(key, n + 1, { distinctBy: 'zone', exclude: (node) => node === down });
          expect(more.slice(0, n)).toEqual(found);
        }
        expect(placement.locateN(key, 3, { exclude: () => true })).toEqual([]);
      }
    });
  });

  it('gives all shares, which add up to 1', () => {
    check(({ nodes, seed }) => {
      const shares = kind.make(nodes, { seed }).shares();
      expect([...shares.keys()]).toEqual(idsOf(nodes).sort());
      expect([...shares.values()].every((share) => share >= 0)).toBe(true);
      expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    });
  });

  it('survives JSON, and the reader refuses any other content', () => {
    check(({ nodes, seed }) => {
      const placement = kind.make(nodes, { seed });
      const text = JSON.stringify(placement);
      const read = kind.read(JSON.parse(text), { data: (id) => `connection to ${id}` });
      expect(read.fingerprint).toBe(placement.fingerprint);
      expect(JSON.stringify(read)).toBe(text);
      for (const key of keys) {
        expect(read.locate(key).id).toBe(placement.locate(key).id);
        expect(read.locate(key).data).toBe(`connection to ${placement.locate(key).id}`);
      }
      expect(() => kind.read({ ...JSON.parse(text), seed: (seed + 1) >>> 0 }, {})).toThrow(
        expect.objectContaining({ code: 'BAD_JSON' }),
      );
    });
  });

  it('has another fingerprint with another seed, zone or node', () => {
    check(({ nodes, seed }) => {
      const prints = [
        kind.make(nodes, { seed }),
        kind.make(nodes, { seed: (seed ^ 1) >>> 0 }),
        kind.make([...nodes, 'one more'], { seed }),
        kind.make([{ ...nodes[0]!, zone: 'elsewhere' }, ...nodes.slice(1)], { seed }),
      ].map(({ fingerprint }) => fingerprint);
      expect(new Set(prints).size).toBe(prints.length);
      for (const print of prints) expect(print).toMatch(/^[0-9a-f]{16}$/);
    });
  });

  it('is a frozen snapshot: a change returns another and leaves it alone', () => {
    check(({ nodes, seed }) => {
      const placement = kind.make(nodes, { seed });
      const before = JSON.stringify(placement);
      const owners = keys.map((key) => placement.locate(key).id);
      const grown = placement.with('one more');
      expect(idsOf(grown.nodes)).toContain('one more');
      expect(idsOf(grown.without('one more').nodes)).toEqual(idsOf(placement.nodes));
      expect(JSON.stringify(placement)).toBe(before);
      expect(keys.map((key) => placement.locate(key).id)).toEqual(owners);
      expect(Object.isFrozen(placement.nodes)).toBe(true);
      expect(placement.nodes.every((node) => Object.isFrozen(node))).toBe(true);
    });
  });

  it.each([
    ['no nodes', () => kind.make([], {}), 'NO_NODES'],
    ['a string of nodes', () => kind.make('abc' as never, {}), 'BAD_OPTION'],
    ['an empty id', () => kind.make([''], {}), 'BAD_ID'],
    ['a number as id', () => kind.make([{ id: 7 as never }], {}), 'BAD_ID'],
    ['a lone surrogate', () => kind.make(['\uDC00'], {}), 'BAD_ID'],
    ['the same id twice', () => kind.make(['a', { id: 'a' }], {}), 'DUPLICATE_ID'],
    ['weight NaN', () => kind.make([{ id: 'a', weight: NaN }], {}), 'BAD_WEIGHT'],
    ['weight 0', () => kind.make([{ id: 'a', weight: 0 }], {}), 'BAD_WEIGHT'],
    ['weight -1', () => kind.make([{ id: 'a', weight: -1 }], {}), 'BAD_WEIGHT'],
    ['weight Infinity', () => kind.make([{ id: 'a', weight: Infinity }], {}), 'BAD_WEIGHT'],
    ['a seed of 2^32', () => kind.make(['a'], { seed: 2 ** 32 }), 'BAD_OPTION'],
    ['a hash that is none', () => kind.make(['a'], { hash: (() => 1) as never }), 'BAD_OPTION'],
    ['an id that is there', () => kind.make(['a'], {}).with('a'), 'DUPLICATE_ID'],
    ['an unknown id', () => kind.make(['a', 'b'], {}).without('c'), 'UNKNOWN_NODE'],
    ['the last node', () => kind.make(['a'], {}).without('a'), 'NO_NODES'],
    ['a hash of -1', () => kind.make(['a'], {}).locateHash(-1), 'BAD_OPTION'],
    ['a hash of 1.5', () => kind.make(['a'], {}).locateHash(1.5), 'BAD_OPTION'],
    ['n = -1', () => kind.make(['a'], {}).locateN('k', -1), 'BAD_OPTION'],
    ['distinctBy: rack', () => kind.make(['a'], {}).locateN('k', 1, { distinctBy: 'rack' as never }), 'BAD_OPTION'],
    ['JSON of nothing', () => kind.read(null as never, {}), 'BAD_JSON'],
    ['JSON of another kind', () => kind.read({ ...kind.make(['a'], {}).toJSON(), kind: 'x' }, {}), 'BAD_JSON'],
    ['JSON of version 2', () => kind.read({ ...kind.make(['a'], {}).toJSON(), v: 2 as never }, {}), 'BAD_JSON'],
    ['an unknown hash', () => kind.read({ ...kind.make(['a'], {}).toJSON(), hash: 'md6' }, {}), 'HASH_MISMATCH'],
  ])('refuses %s', (_, act, code) => {
    expect(act).toThrow(expect.objectContaining({ name: 'PlacementError', code }));
  });

  it.each([[7], [null], [undefined], [{}], [['a']], [new ArrayBuffer(1)], [new Uint16Array(1)]])(
    'has no place for the key %s',
    (key) => {
      const placement = kind.make(['a', 'b'], {});
      for (const act of [
        () => placement.locate(key as never),
        () => placement.hashOf(key as never),
        () => placement.locateN(key as never, 1),
        () => [...placement.preference(key as never)],
      ]) {
        expect(act).toThrow(TypeError);
      }
    },
  );

  it('places a key of 100,000 characters', () => {
    const placement = kind.make(['a', 'b', 'c'], {});
    for (const key of ['x'.repeat(100_000), 'ż'.repeat(100_000)]) {
      expect(placement.locate(key)).toBe(placement.locate(encode(key)));
    }
  });
});
