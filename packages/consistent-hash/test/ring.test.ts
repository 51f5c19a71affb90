import { describe, expect, it } from 'vitest';
import { PlacementError, ring, ringFromJSON, xxh32 } from '../src/index.ts';
import type { PlacementJSON } from '../src/index.ts';

/** What JavaScript callers may hand in, whatever the types say. */
const raw = ring as unknown as (nodes: unknown, options?: unknown) => ReturnType<typeof ring>;
const error = (code: string): unknown => expect.objectContaining({ name: 'PlacementError', code });

describe('ring refuses', () => {
  it.each([
    ['no nodes', [], undefined, 'NO_NODES', /needs a node; got none/],
    ['an empty id', [''], undefined, 'BAD_ID', /non-empty string.*got ""/],
    ['a lone surrogate in an id', ['a\uD800'], undefined, 'BAD_ID', /lone surrogates/],
    ['a number as node', [7], undefined, 'BAD_ID', /got 7/],
    ['null as node', [null], undefined, 'BAD_ID', /got null/],
    ['a node without id', [{ weight: 1 }], undefined, 'BAD_ID', /got undefined/],
    ['an id twice', ['a', 'b', { id: 'a', weight: 2 }], undefined, 'DUPLICATE_ID', /got "a" twice/],
    ['weight 0', [{ id: 'a', weight: 0 }], undefined, 'BAD_WEIGHT', /"a" must be a finite number above 0; got 0/],
    ['weight -1', [{ id: 'a', weight: -1 }], undefined, 'BAD_WEIGHT', /got -1/],
    ['weight NaN', [{ id: 'a', weight: NaN }], undefined, 'BAD_WEIGHT', /got NaN/],
    ['weight Infinity', [{ id: 'a', weight: Infinity }], undefined, 'BAD_WEIGHT', /got Infinity/],
    ['a weight in a string', [{ id: 'a', weight: '2' }], undefined, 'BAD_WEIGHT', /got "2"/],
    ['an empty zone', [{ id: 'a', zone: '' }], undefined, 'BAD_OPTION', /zone of node "a".*got ""/],
    ['a zone that is a number', [{ id: 'a', zone: 3 }], undefined, 'BAD_OPTION', /got 3/],
    ['a string as the list of nodes', 'cache', undefined, 'BAD_OPTION', /list of ids.*got "cache"/],
    ['an object as the list of nodes', { a: 1 }, undefined, 'BAD_OPTION', /got a value of type object/],
    ['nothing as the list of nodes', undefined, undefined, 'BAD_OPTION', /got undefined/],
    ['vnodes 0', ['a'], { vnodes: 0 }, 'BAD_OPTION', /vnodes must be an integer in 1\.\.65536; got 0/],
    ['vnodes 65537', ['a'], { vnodes: 65_537 }, 'BAD_OPTION', /got 65537/],
    ['vnodes 1.5', ['a'], { vnodes: 1.5 }, 'BAD_OPTION', /got 1\.5/],
    ['vnodes in a string', ['a'], { vnodes: '64' }, 'BAD_OPTION', /got "64"/],
    ['seed -1', ['a'], { seed: -1 }, 'BAD_OPTION', /seed must be an integer in 0\.\.4294967295; got -1/],
    ['seed 2^32', ['a'], { seed: 2 ** 32 }, 'BAD_OPTION', /got 4294967296/],
    [
      'a function as hash',
      ['a'],
      { hash: () => 1 },
      'BAD_OPTION',
      /hash must be an object.*got a value of type function/,
    ],
    ['a hash without a name', ['a'], { hash: { hash: () => 1, name: '' } }, 'BAD_OPTION', /got a value of type object/],
    ['more than 2^24 points', [{ id: 'a', weight: 32_769 }], undefined, 'TOO_MANY_POINTS', /at most 16777216; got/],
    ['weights beyond all counting', [{ id: 'a', weight: 1e308 }], undefined, 'TOO_MANY_POINTS', /got Infinity/],
  ])('%s', (_, nodes, options, code, message) => {
    expect(() => raw(nodes, options)).toThrow(error(code));
    expect(() => raw(nodes, options)).toThrow(message);
  });

  it('a list of nodes without end', () => {
    const endless = {
      *[Symbol.iterator]() {
        for (let i = 0; ; i++) yield `n${String(i)}`;
      },
    };
    expect(() => raw(endless)).toThrow(error('TOO_MANY_POINTS'));
  });
});

describe('a ring refuses', () => {
  const r = ring(['a', { id: 'b', weight: 2, zone: 'x' }]);

  it.each<[string, () => unknown, string]>([
    ['a node that is there already', () => r.with('a'), 'DUPLICATE_ID'],
    ['to lose a node it does not have', () => r.without('c'), 'UNKNOWN_NODE'],
    ['to lose its last node', () => r.without('a').without('b'), 'NO_NODES'],
    ['to reweight a node it does not have', () => r.reweight('c', 1), 'UNKNOWN_NODE'],
    ['weight 0 for a node', () => r.reweight('a', 0), 'BAD_WEIGHT'],
    ['more points by reweight', () => r.reweight('a', 1e6), 'TOO_MANY_POINTS'],
    ['more points by a node more', () => r.with({ id: 'c', weight: 1e6 }), 'TOO_MANY_POINTS'],
    ['n = -1', () => r.locateN('k', -1), 'BAD_OPTION'],
    ['n = 1.5', () => r.locateN('k', 1.5), 'BAD_OPTION'],
    ['n = NaN', () => r.locateN('k', NaN), 'BAD_OPTION'],
    ['distinctBy rack', () => r.locateN('k', 1, { distinctBy: 'rack' as 'zone' }), 'BAD_OPTION'],
    ['exclude as a list', () => r.locateN('k', 1, { exclude: ['a'] as unknown as () => boolean }), 'BAD_OPTION'],
    ['a negative hash', () => r.locateHash(-1), 'BAD_OPTION'],
    ['a hash of 2^32', () => r.locateHash(2 ** 32), 'BAD_OPTION'],
    ['a hash of NaN', () => r.locateHash(NaN), 'BAD_OPTION'],
  ])('%s', (_, act, code) => {
    expect(act).toThrow(error(code));
  });

  it.each([1, null, undefined, {}, ['k']])('%o as a key, whatever the hash', (key) => {
    const custom = ring(['a'], { hash: { name: 'length', hash: () => 1 } });
    for (const placement of [r, custom]) {
      expect(() => placement.locate(key as string)).toThrow(TypeError);
      expect(() => placement.locateN(key as string, 1)).toThrow(TypeError);
      expect(() => placement.preference(key as string)).toThrow(TypeError);
    }
  });
});

describe('a ring', () => {
  it('gives the values of the wire format', () => {
    const r = ring(['c', 'a', 'b']);
    expect(r.fingerprint).toBe('b7d54f9f5589ad15');
    expect(Array.from({ length: 20 }, (_, i) => r.locate(String(i)).id).join('')).toBe('bcacbaacacbbbbacbaac');
    expect([...r.shares().values()].map((share) => share.toFixed(5))).toEqual(['0.35087', '0.33963', '0.30950']);
    expect(JSON.stringify(r)).toBe(
      '{"v":1,"kind":"ring","hash":"xxh32","seed":0,"vnodes":512,"nodes":[{"id":"a","weight":1},' +
        '{"id":"b","weight":1},{"id":"c","weight":1}],"fingerprint":"b7d54f9f5589ad15"}',
    );
  });

  it('means the UTF-8 bytes of a string key, of any length', () => {
    const r = ring(['a', 'b', 'c', 'd']);
    for (const key of ['', 'é', '😀', 'x'.repeat(100_000), 'é'.repeat(100_000)]) {
      expect(r.locate(key)).toBe(r.locate(new TextEncoder().encode(key)));
    }
  });

  it('sorts and freezes its nodes, and hands out the data it was given', () => {
    const connection = { open: true };
    const r = ring([{ id: 'b', data: connection }, 'a', { id: 'B', weight: 2, zone: 'z' }]);
    expect(r.nodes).toEqual([
      { id: 'B', weight: 2, zone: 'z', data: undefined },
      { id: 'a', weight: 1, zone: undefined, data: undefined },
      { id: 'b', weight: 1, zone: undefined, data: connection },
    ]);
    expect(r.nodes[2]!.data).toBe(connection);
    const [first] = r.nodes;
    expect([r, r.with('c'), r.without('a'), r.reweight('a', 2)].every(({ nodes }) => Object.isFrozen(nodes))).toBe(
      true,
    );
    expect(Object.isFrozen(first)).toBe(true);
    expect(ring(r.nodes).fingerprint).toBe(r.fingerprint);
  });

  it('is not changed by with, without and reweight', () => {
    const r = ring(['a', 'b', 'c'], { vnodes: 16 });
    const before = JSON.stringify([r, [...r.ranges()]]);
    r.with('d').without('a').reweight('b', 3);
    expect(JSON.stringify([r, [...r.ranges()]])).toBe(before);
  });

  it('keeps zone and data of a node that is reweighted', () => {
    expect(ring([{ id: 'a', zone: 'z', data: 5 }]).reweight('a', 2).nodes).toEqual([
      { id: 'a', weight: 2, zone: 'z', data: 5 },
    ]);
  });

  it('never leaves a node without points, however small its weight', () => {
    const r = ring(['a', { id: 'b', weight: 1e-9 }]);
    expect(r.shares().get('b')).toBeGreaterThan(0);
  });

  it('gives everything to its only node', () => {
    const r = ring(['a'], { vnodes: 1 });
    expect([0, 1, 2 ** 31, 0xffffffff].map((hash) => r.locateHash(hash).id)).toEqual(['a', 'a', 'a', 'a']);
    expect([...r.ranges()].map(({ start, end }) => [start, end])).toEqual([[0, 0xffffffff]]);
    expect(r.shares()).toEqual(new Map([['a', 1]]));
  });

  it('takes the largest number of points of a node', () => {
    const r = ring(['a', 'b'], { vnodes: 65_536 });
    expect(Math.abs(r.shares().get('a')! - 0.5)).toBeLessThan(0.01);
  });

  it('hashes keys with the hash it was given, taken modulo 2^32, and nodes with xxh32', () => {
    const signed = { name: 'signed', hash: (key: string | Uint8Array, seed: number) => xxh32.hash(key, seed) | 0 };
    const [own, plain] = [ring(['a', 'b', 'c'], { hash: signed, seed: 9 }), ring(['a', 'b', 'c'], { seed: 9 })];
    for (let i = 0; i < 100; i++) expect(own.locate(String(i)).id).toBe(plain.locate(String(i)).id);
    expect(own.fingerprint).not.toBe(plain.fingerprint);
    expect(ringFromJSON(own.toJSON(), { hashes: [signed] }).fingerprint).toBe(own.fingerprint);
  });

  it('places another way under another seed', () => {
    const ids = ['a', 'b', 'c', 'd'];
    const [x, y] = [ring(ids), ring(ids, { seed: 1 })];
    const moved = Array.from({ length: 1000 }, (_, i) => String(i)).filter((k) => x.locate(k).id !== y.locate(k).id);
    expect(moved.length).toBeGreaterThan(600);
  });

  it('keeps 1/sqrt(vnodes) of balance', () => {
    const shares = [
      ...ring(Array.from({ length: 100 }, (_, i) => `n${String(i)}`))
        .shares()
        .values(),
    ];
    const variance = shares.reduce((sum, share) => sum + (share * 100 - 1) ** 2, 0) / 100;
    expect(Math.sqrt(variance) * Math.sqrt(512)).toBeLessThan(1.3);
    expect(Math.sqrt(variance) * Math.sqrt(512)).toBeGreaterThan(0.7);
  });

  it('iterates a preference as often as asked', () => {
    const preference = ring(['a', 'b', 'c']).preference('k');
    expect([...preference]).toEqual([...preference]);
  });
});

describe('ringFromJSON refuses', () => {
  const good = ring(['a', { id: 'b', weight: 2, zone: 'x' }], { vnodes: 64 }).toJSON();
  const read = (json: unknown): unknown => ringFromJSON(json as PlacementJSON);

  it.each<[string, unknown, string]>([
    ['text that was not parsed', JSON.stringify(good), 'BAD_JSON'],
    ['null', null, 'BAD_JSON'],
    ['an array', [], 'BAD_JSON'],
    ['another version', { ...good, v: 2 }, 'BAD_JSON'],
    ['another kind', { ...good, kind: 'slots' }, 'BAD_JSON'],
    ['no nodes at all', { ...good, nodes: undefined }, 'BAD_JSON'],
    ['an edited weight', { ...good, nodes: [{ id: 'a', weight: 3 }, good.nodes[1]] }, 'BAD_JSON'],
    ['a missing node', { ...good, nodes: good.nodes.slice(1) }, 'BAD_JSON'],
    ['edited vnodes', { ...good, vnodes: 65 }, 'BAD_JSON'],
    ['an edited seed', { ...good, seed: 1 }, 'BAD_JSON'],
    ['an edited fingerprint', { ...good, fingerprint: '0'.repeat(16) }, 'BAD_JSON'],
    ['no fingerprint', { ...good, fingerprint: undefined }, 'BAD_JSON'],
    ['vnodes in a string', { ...good, vnodes: '64' }, 'BAD_JSON'],
    ['no seed', { ...good, seed: undefined }, 'BAD_JSON'],
    ['an unknown hash', { ...good, hash: 'crc32' }, 'HASH_MISMATCH'],
    ['an empty list of nodes', { ...good, nodes: [] }, 'NO_NODES'],
    ['a node that is null', { ...good, nodes: [null] }, 'BAD_ID'],
    ['a weight of null', { ...good, nodes: [{ id: 'a', weight: 'x' }] }, 'BAD_WEIGHT'],
    ['vnodes out of range', { ...good, vnodes: 1e9 }, 'BAD_OPTION'],
  ])('%s', (_, json, code) => {
    expect(() => read(json)).toThrow(error(code));
  });

  it('nothing that toJSON gave', () => {
    expect((read(good) as { fingerprint: string }).fingerprint).toBe(good.fingerprint);
  });
});

describe('PlacementError', () => {
  it('is an Error with a code, and shortens what it shows', () => {
    const caught = ((): unknown => {
      try {
        return raw([{ id: 'a', weight: 'x'.repeat(10_000) }]);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(caught).toBeInstanceOf(PlacementError);
    expect(caught).toBeInstanceOf(Error);
    expect((caught as Error).message.length).toBeLessThan(200);
  });
});
