import { describe, expect, it } from 'vitest';
import { envoyMaglev, envoyRing, xxh64 } from '../src/compat/envoy.ts';
import vectors from './vectors/static.json' with { type: 'json' };

const error = (code: string): unknown => expect.objectContaining({ name: 'PlacementError', code });
const U64_MAX = 2n ** 64n - 1n;

/** The vectors name a host by its port. */
const named = (id: string, host: string): boolean => id === host || id.endsWith(`:${host}`);

describe("Envoy's own test cases", () => {
  it.each(vectors.envoyRingHash.rings)('ring of $hosts.0 ...', ({ hosts, min, ring, lookups }) => {
    const built = envoyRing(hosts, { minimumRingSize: min });
    for (const [hash, host] of lookups as [string, string][]) {
      expect(named(built.locateHash(BigInt(hash)).id, host)).toBe(true);
    }
    // One past a point begins what belongs to the next, so the points lie where they lie in Envoy, and no other does.
    (ring as [string, string][]).forEach(([, hash], i) => {
      const [next, point] = ring[(i + 1) % ring.length] as [string, string];
      const from = BigInt(hash) + 1n;
      const to = BigInt(point);
      for (const h of i + 1 < ring.length ? [from, (from + to) / 2n, to] : [from, U64_MAX, 0n, to]) {
        expect(named(built.locateHash(h).id, next)).toBe(true);
      }
    });
    const points = hosts.flatMap((host) => [0, 1].map((i) => xxh64(`${host}_${String(i)}`)));
    expect(points.map(String).toSorted()).toEqual(ring.map(([, hash]) => hash).toSorted());
  });

  it.each(vectors.envoyMaglev.cases)('Maglev of $hosts with $m entries', ({ hosts, weights, m, table }) => {
    const specs = hosts.map((id, i) => ({ id, weight: weights?.[i] }));
    const built = envoyMaglev(specs, { tableSize: m });
    const owners = table.map((_, entry) => hosts.indexOf(built.locateHash(BigInt(entry)).id));
    expect(owners).toEqual(table);
    const last = U64_MAX - (U64_MAX % BigInt(m));
    expect(hosts.indexOf(built.locateHash(last).id)).toBe(table[0]);
    expect(built.nodes.map(({ id }) => id)).toEqual(hosts);
  });
});

describe('envoyMaglev', () => {
  const hosts = Array.from({ length: 12 }, (_, i) => `10.0.0.${String(i)}:80`);
  const owners = (list: string[], sortHosts?: boolean): string[] => {
    const built = envoyMaglev(list, { tableSize: 1009, sortHosts });
    return Array.from({ length: 1009 }, (_, entry) => built.locateHash(BigInt(entry)).id);
  };

  it('does not depend on the order of hosts, as Envoy since 1.27, unless they are left unsorted', () => {
    expect(owners(hosts.toReversed())).toEqual(owners(hosts));
    expect(owners(hosts.toReversed(), false)).not.toEqual(owners(hosts, false));
    expect(owners(hosts.toSorted(), false)).toEqual(owners(hosts));
  });

  it('sorts by UTF-8 bytes, where UTF-16 has another order, and a prefix first', () => {
    const sorted = ['a', 'a:1', 'b', '\uE000', '\uFFFD', '😀', '😀a'];
    expect(sorted.toSorted()).not.toEqual(sorted);
    expect(owners(sorted.toReversed())).toEqual(owners(sorted, false));
  });

  it('leaves hosts without an entry when there are more of them than entries', () => {
    const built = envoyMaglev(hosts, { tableSize: 7 });
    expect(new Set(Array.from({ length: 7 }, (_, i) => built.locateHash(BigInt(i)).id)).size).toBe(7);
  });

  it.runIf(process.env['NIGHTLY'])('takes the largest table of Envoy', () => {
    const built = envoyMaglev(['a', 'b'], { tableSize: 5_000_011 });
    expect(['a', 'b']).toContain(built.locate('k').id);
  });

  it.each([0, 1, -7, 4, 65_535, 5_000_029, 7.5, NaN, Infinity, '7' as unknown as number])(
    'refuses %o as tableSize',
    (tableSize) => {
      const make = (): unknown => envoyMaglev(['a'], { tableSize });
      expect(make).toThrow(error('BAD_OPTION'));
      expect(make).toThrow('tableSize must be a prime of at most 5000011; got ');
    },
  );
});

describe('envoyRing', () => {
  it.each([
    ['minimumRingSize must be an integer in 1..8388608; got 0', { minimumRingSize: 0 }],
    ['minimumRingSize must be an integer in 1..8388608; got 8388609', { minimumRingSize: 8_388_609 }],
    ['maximumRingSize must be an integer in 1..8388608; got 8388609', { maximumRingSize: 8_388_609 }],
    ['maximumRingSize must be an integer in 1..8388608; got 0.5', { maximumRingSize: 0.5 }],
    ['minimumRingSize must be an integer in 1..100; got 1024', { maximumRingSize: 100 }],
  ])('refuses an option: %s', (message, options) => {
    expect(() => envoyRing(['a'], options)).toThrow(error('BAD_OPTION'));
    expect(() => envoyRing(['a'], options)).toThrow(message);
  });

  it('never is larger than it may be, and then some hosts own nothing', () => {
    const hosts = Array.from({ length: 10 }, (_, i) => `h${String(i)}`);
    const built = envoyRing(hosts, { minimumRingSize: 1, maximumRingSize: 3 });
    const owners = new Set(Array.from({ length: 200 }, (_, i) => built.locate(String(i)).id));
    expect([...owners].toSorted()).toEqual(['h0', 'h3', 'h6']);
  });
});

describe.each([
  ['envoyRing', envoyRing],
  ['envoyMaglev', envoyMaglev],
] as const)('%s', (_, make) => {
  const built = make([
    { id: 'b', data: 1 },
    { id: 'a', weight: 3, zone: 'x', data: 2 },
  ]);

  it('keeps the given order of hosts and what belongs to them', () => {
    expect(built.nodes).toEqual([
      { id: 'b', weight: 1, zone: undefined, data: 1 },
      { id: 'a', weight: 3, zone: 'x', data: 2 },
    ]);
    expect(Object.isFrozen(built.nodes)).toBe(true);
    function* once(): Generator<string> {
      yield 'b';
      yield 'a';
    }
    expect(make(once()).nodes.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('locates a key by its XXH64, string or bytes', () => {
    for (let i = 0; i < 200; i++) {
      const key = `żółw:${String(i)}`;
      expect(built.locate(key)).toBe(built.locateHash(xxh64(key)));
      expect(built.locate(new TextEncoder().encode(key))).toBe(built.locate(key));
    }
    expect(() => built.locate(5 as unknown as string)).toThrow(TypeError);
  });

  it.each([-1n, U64_MAX + 1n, 5, '5', undefined])('refuses %o as a hash', (hash) => {
    expect(() => built.locateHash(hash as bigint)).toThrow(error('BAD_OPTION'));
    expect(() => built.locateHash(hash as bigint)).toThrow('a hash must be a bigint in 0..2^64 - 1; got ');
  });

  it.each<[string, unknown, string]>([
    ['no hosts', [], 'NO_NODES'],
    ['a host twice', ['a', 'b', 'a'], 'DUPLICATE_ID'],
    ['an empty id', [''], 'BAD_ID'],
    ['a string as hosts', 'ab', 'BAD_OPTION'],
    ['nothing as hosts', undefined, 'BAD_OPTION'],
    ['null as hosts', null, 'BAD_OPTION'],
    ['weight 0', [{ id: 'a', weight: 0 }], 'BAD_WEIGHT'],
    ['weight 1.5', [{ id: 'a', weight: 1.5 }], 'UNSUPPORTED_WEIGHT'],
    ['weights of 2^32 together', ['a', { id: 'b', weight: 2 ** 32 - 1 }], 'UNSUPPORTED_WEIGHT'],
  ])('refuses %s', (_name, hosts, code) => {
    expect(() => make(hosts as string[])).toThrow(error(code));
  });
});
