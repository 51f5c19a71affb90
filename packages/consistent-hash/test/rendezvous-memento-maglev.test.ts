/** What rendezvous, memento and maglev promise beyond the laws that all placements share. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maglev, maglevFromJSON } from '../src/maglev.ts';
import { memento, mementoFromJSON } from '../src/memento.ts';
import { rendezvous, rendezvousFromJSON } from '../src/rendezvous.ts';
import type { FromJSONOptions } from '../src/json.ts';
import type { HashOptions, NodeInput, NodeSpec, Placement, PlacementJSON } from '../src/types.ts';
import { xxh32 } from '../src/xxh32.ts';
import { ids, topologies } from './topology.ts';

interface Kind {
  kind: string;
  make: <T = unknown>(nodes: Iterable<NodeInput<T>>, options?: HashOptions) => Placement<T>;
  read: <T = undefined>(json: PlacementJSON, options?: FromJSONOptions<T>) => Placement<T>;
  /** Whether nodes may have weights. */
  isWeighted: boolean;
}

const placements: Kind[] = [
  { kind: 'rendezvous', make: rendezvous, read: rendezvousFromJSON, isWeighted: true },
  { kind: 'memento', make: memento, read: mementoFromJSON, isWeighted: false },
  { kind: 'maglev', make: (nodes, o) => maglev(nodes, { ...o, size: 251 }), read: maglevFromJSON, isWeighted: true },
];

const parameters = { numRuns: process.env['NIGHTLY'] === '1' ? 2000 : 60 };
const keys = Array.from({ length: 40 }, (_, i) => `user:${i}`);
const order = (nodes: Iterable<{ id: string }>): string[] => [...nodes].map(({ id }) => id);
const owners = (placement: Placement): string[] => keys.map((key) => placement.locate(key).id);
const error = (code: string): unknown => expect.objectContaining({ name: 'PlacementError', code });

describe.each(placements.map((p) => [p.kind, p] as const))('a %s', (kind, { make, read, isWeighted }) => {
  const topology = topologies.map(({ nodes, seed }) => ({
    seed,
    nodes: isWeighted ? nodes : nodes.map(({ weight: _, ...rest }): NodeSpec => rest),
  }));
  const withPick = topology.chain((t) =>
    fc.tuple(fc.constant(t), fc.nat(t.nodes.length - 1), fc.double({ min: 0.01, max: 4, noNaN: true })),
  );

  it('locates n nodes as its preference has them, without the excluded, zones first if asked', () => {
    fc.assert(
      fc.property(topology, fc.nat(14), fc.boolean(), fc.boolean(), ({ nodes, seed }, n, byZone, excluding) => {
        const built = make(nodes, { seed });
        const down = new Set(excluding ? order(nodes).filter((_, i) => i % 3 === 0) : []);
        const exclude = ({ id }: { id: string }): boolean => down.has(id);
        for (const key of keys.slice(0, 10)) {
          const eligible = [...built.preference(key)].filter((node) => !exclude(node));
          const zoneOf = (node: (typeof eligible)[number]): unknown => node.zone ?? node;
          const isFirst = (node: (typeof eligible)[number]): boolean =>
            !byZone || eligible.find((other) => zoneOf(other) === zoneOf(node)) === node;
          const expected = [...eligible.filter(isFirst), ...eligible.filter((node) => !isFirst(node))].slice(0, n);
          const chosen = built.locateN(key, n, { distinctBy: byZone ? 'zone' : 'node', exclude });
          expect(order(chosen)).toEqual(order(expected));
          expect(
            order(built.locateN(key, n + 1, { distinctBy: byZone ? 'zone' : 'node', exclude })).slice(0, n),
          ).toEqual(order(chosen));
        }
      }),
      parameters,
    );
  });

  it('survives JSON with the same owners, the same fingerprint and the data that is handed in', () => {
    fc.assert(
      fc.property(withPick, ([{ nodes, seed }, pick]) => {
        const whole = make(nodes, { seed });
        const before = nodes.length === 1 ? whole : whole.without(nodes[pick]!.id);
        const after = read(JSON.parse(JSON.stringify(before)), { data: (id) => `connection to ${id}` });
        expect(JSON.stringify(after)).toBe(JSON.stringify(before));
        expect(owners(after)).toEqual(owners(before));
        expect(keys.map((key) => order(after.preference(key)))).toEqual(
          keys.map((key) => order(before.preference(key))),
        );
        for (const { id, data } of after.nodes) expect(data).toBe(`connection to ${id}`);
      }),
      parameters,
    );
  });

  it('is the same again when a change is taken back, and not changed itself', () => {
    fc.assert(
      fc.property(withPick, ids, ([{ nodes, seed }, pick, weight], id) => {
        const built = make(nodes, { seed });
        const text = JSON.stringify(built);
        const picked = nodes[pick]!;
        if (nodes.every((node) => node.id !== id)) {
          expect(JSON.stringify(built.with({ id, zone: 'w' }).without(id))).toBe(text);
        }
        if (nodes.length > 1) expect(JSON.stringify(built.without(picked.id).with(picked))).toBe(text);
        if ('reweight' in built && typeof built.reweight === 'function') {
          const there = built.reweight(picked.id, weight) as typeof built & {
            reweight: (i: string, w: number) => unknown;
          };
          expect(JSON.stringify(there.reweight(picked.id, picked.weight ?? 1))).toBe(text);
        }
        expect(JSON.stringify(built)).toBe(text);
      }),
      parameters,
    );
  });

  it('has another fingerprint whenever ids, weights, zones or seed differ', () => {
    fc.assert(
      fc.property(withPick, ids, ([{ nodes, seed }, pick, weight], id) => {
        const base = make(nodes, { seed }).fingerprint;
        const edit = (change: object): string =>
          make(
            nodes.map((node, i) => (i === pick ? { ...node, ...change } : node)),
            { seed },
          ).fingerprint;
        expect(make(nodes, { seed: (seed ^ 2) >>> 0 }).fingerprint).not.toBe(base);
        expect(edit({ zone: 'elsewhere' })).not.toBe(base);
        if (isWeighted && weight !== (nodes[pick]!.weight ?? 1)) expect(edit({ weight })).not.toBe(base);
        if (nodes.every((node) => node.id !== id)) expect(edit({ id })).not.toBe(base);
        expect(base).toMatch(/^[0-9a-f]{16}$/);
      }),
      parameters,
    );
  });

  it('gives everything to its only node', () => {
    const built = make(['a']);
    expect([0, 1, 2 ** 31, 0xffffffff].map((hash) => built.locateHash(hash).id)).toEqual(['a', 'a', 'a', 'a']);
    expect(order(built.locateN('k', 5))).toEqual(['a']);
    expect(built.locateN('k', 1, { exclude: () => true })).toEqual([]);
    expect(built.shares()).toEqual(new Map([['a', 1]]));
  });

  it('hashes keys with the hash it was given, taken modulo 2^32', () => {
    const signed = { name: 'signed', hash: (key: string | Uint8Array, seed: number) => xxh32.hash(key, seed) | 0 };
    const [own, plain] = [make(['a', 'b', 'c'], { hash: signed, seed: 9 }), make(['a', 'b', 'c'], { seed: 9 })];
    expect(owners(own)).toEqual(owners(plain));
    expect(own.fingerprint).not.toBe(plain.fingerprint);
    expect(read(own.toJSON(), { hashes: [signed] }).fingerprint).toBe(own.fingerprint);
    expect(() => read(own.toJSON())).toThrow(error('HASH_MISMATCH'));
  });

  describe('refuses', () => {
    const built = make(['a', { id: 'b', zone: 'x' }]);
    it.each<[string, () => unknown, string]>([
      ['an empty zone', () => make([{ id: 'a', zone: '' }]), 'BAD_OPTION'],
      ['null as node', () => make([null as unknown as string]), 'BAD_ID'],
      ['a node without id that comes', () => built.with({ id: '' }), 'BAD_ID'],
      ['n = NaN', () => built.locateN('k', NaN), 'BAD_OPTION'],
      ['a hash of 2^32', () => built.locateHash(2 ** 32), 'BAD_OPTION'],
      ['a hash of NaN', () => built.locateHash(NaN), 'BAD_OPTION'],
    ])('%s', (_, act, code) => {
      expect(act).toThrow(error(code));
    });

    it.each([1, null, {}])('%o as a key, whatever the hash', (key) => {
      const custom = make(['a'], { hash: { name: 'length', hash: () => 1 } });
      for (const placement of [built, custom]) {
        expect(() => placement.hashOf(key as string)).toThrow(TypeError);
        expect(() => placement.locate(key as string)).toThrow(TypeError);
        expect(() => placement.locateN(key as string, 1)).toThrow(TypeError);
        expect(() => placement.preference(key as string)).toThrow(TypeError);
      }
    });

    const good = make(['a', { id: 'b', zone: 'x' }, 'c']).toJSON();
    it.each<[string, unknown, string]>([
      ['text that was not parsed', JSON.stringify(good), 'BAD_JSON'],
      ['an array', [], 'BAD_JSON'],
      ['no nodes at all', { ...good, nodes: undefined }, 'BAD_JSON'],
      ['a missing node', { ...good, nodes: good.nodes.slice(1) }, 'BAD_JSON'],
      ['an edited id', { ...good, nodes: [{ id: 'aa', weight: 1 }, ...good.nodes.slice(1)] }, 'BAD_JSON'],
      ['an edited fingerprint', { ...good, fingerprint: '0'.repeat(16) }, 'BAD_JSON'],
      ['no fingerprint', { ...good, fingerprint: undefined }, 'BAD_JSON'],
      ['no seed', { ...good, seed: undefined }, 'BAD_JSON'],
      ['a node that is null', { ...good, nodes: [null] }, 'BAD_ID'],
    ])('in JSON %s', (_, json, code) => {
      expect(() => read(json as PlacementJSON)).toThrow(error(code));
    });

    it('in JSON any field taken away', () => {
      for (const field of Object.keys(good)) {
        const { [field]: _, ...rest } = good as unknown as Record<string, unknown>;
        expect(() => read(rest as unknown as PlacementJSON)).toThrow(
          expect.objectContaining({ name: 'PlacementError' }),
        );
      }
    });
  });

  it('says its kind, sorts its nodes and freezes them', () => {
    const built = make([{ id: 'b', data: 7 }, 'a', { id: 'B', zone: 'z' }]);
    expect(built.kind).toBe(kind);
    expect(order(built.nodes)).toEqual(['B', 'a', 'b']);
    expect(built.locateN('k', 3).find(({ id }) => id === 'b')?.data).toBe(7);
    expect(Object.isFrozen(built.nodes)).toBe(true);
    expect(Object.isFrozen(built.with('c').nodes)).toBe(true);
  });
});
