/** nginx and the ketamas against a second implementation (ketama-naive.ts), over the whole hash space. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fnv1a_32_char, fnv1a_64_char, ketama, md5_32, one_at_a_time } from '../src/compat/ketama.ts';
import type { ForeignRing } from '../src/compat/ketama.ts';
import { nginxConsistent } from '../src/compat/nginx.ts';
import {
  hashes,
  keyHashes,
  ketamaPoints,
  nginxPoints,
  pointOf,
  preferenceOf,
  rangesOf,
  serverOf,
} from './ketama-naive.ts';
import type { Flavour, Points, Server } from './ketama-naive.ts';

const RUNS = process.env['NIGHTLY'] ? 500 : 15;
const flavours: Flavour[] = ['libketama', 'libmemcached', 'libmemcached-weighted', 'libmemcached-spy', 'twemproxy'];

const keys = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.uint8Array());
const someKeys = fc.array(keys, { minLength: 5, maxLength: 20 });

const ids = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('10.0.0.1', 'cache', 'a:1', '::1', 'żółw'),
      fc.constantFrom('', ':', ':11211', ':80', ':x'),
      fc.nat(99),
    )
    .map(([host, port, i]) => (i % 2 === 0 ? `${host}${port}` : `${host}${i}${port}`)),
  fc.constantFrom('unix:/run/a.sock', 'UNIX:b:80', '/run/a.sock', '/run/a:80', 'unix', ':80', 'a\n:1'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
);

const serverLists = (weightMax: number): fc.Arbitrary<Server[]> =>
  fc.uniqueArray(fc.record({ id: ids, weight: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: weightMax })) }), {
    selector: ({ id }) => id,
    minLength: 1,
    maxLength: 12,
  });

function expectSameRing(ring: ForeignRing, points: Points): void {
  const ranks = new Map(ring.nodes.map((node, rank) => [node, rank]));
  const found: number[] = [];
  for (const { start, end, node } of ring.ranges()) {
    found.push(start, end, ranks.get(node)!);
    // No expectation, and not each: there are 100,000s.
    if (found.length % 21 > 0) continue;
    if (ring.locateHash(start) !== node || ring.locateHash(end) !== node)
      throw new Error(`locateHash at ${start}..${end}`);
  }
  const expected = rangesOf(points);
  expect(found.findIndex((value, i) => value !== expected[i])).toBe(-1);
  expect(found).toHaveLength(expected.length);
}

/** By the array alone: the first point that is not below the hash. */
function ownerBy(points: Points, servers: readonly Server[], hash: number): string {
  return servers[serverOf(points.find((at) => pointOf(at) >= hash) ?? points[0]!)]!.id;
}

const bytesOf = (key: string | Uint8Array): Buffer => (typeof key === 'string' ? Buffer.from(key) : Buffer.from(key));

describe('nginx', () => {
  it('is the second implementation, whatever servers, weights and keys', () => {
    fc.assert(
      fc.property(serverLists(9), someKeys, (servers, some) => {
        const ring = nginxConsistent(servers);
        const points = nginxPoints(servers);
        expectSameRing(ring, points);
        for (const key of some) {
          const hash = hashes.crc32(bytesOf(key));
          expect(ring.hashOf(key)).toBe(hash);
          expect(ring.locate(key).id).toBe(ownerBy(points, servers, hash));
          expect([...ring.preference(key)].map(({ id }) => id)).toEqual(preferenceOf(points, servers, hash));
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe.each(flavours)('%s', (flavour) => {
  it('is the second implementation, whatever servers, weights and keys', () => {
    fc.assert(
      fc.property(fc.oneof(serverLists(9), serverLists(1000), serverLists(0xffffffff)), someKeys, (servers, some) => {
        const ring = ketama(servers, { flavour });
        const points = ketamaPoints(flavour, servers);
        expectSameRing(ring, points);
        for (const key of some) {
          const hash = keyHashes[flavour](bytesOf(key));
          expect(ring.hashOf(key)).toBe(hash);
          expect(ring.locate(key).id).toBe(ownerBy(points, servers, hash));
          expect([...ring.preference(key)].map(({ id }) => id)).toEqual(preferenceOf(points, servers, hash));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('is the second implementation for 1 to 100 servers, equal and unequal', () => {
    for (let n = 1; n <= 100; n++) {
      for (const weightOf of [() => 1, (i: number) => 1 + ((i * 7) % 5)]) {
        if (weightOf(1) > 1 && n % 20 > 0 && !process.env['NIGHTLY']) continue;
        const servers = Array.from({ length: n }, (_, i) => ({
          id: `10.0.${i}.1:${i % 2 === 0 ? 11_211 : 11_212}`,
          weight: weightOf(i),
        }));
        expectSameRing(ketama(servers, { flavour }), ketamaPoints(flavour, servers));
      }
    }
  });

  // Weights with which one more or one less rounding changes a number of digests; found by search.
  it.each<[string, number[]]>([
    ['the weight', [1149133342, 3944926355, 51496548]],
    ['the sum of weights', [756587050, 1462260143, 3215063888]],
    ['the sum of weights, in libketama', [625929886, 1505599251, 2518705892, 28780769, 112252826, 1414699615]],
    ['the part of the sum', [206, 571, 300, 449, 442, 871, 656, 301, 910, 595, 364]],
    ['the part of the sum, in libketama', [814, 235, 28, 33, 274, 271, 32, 53, 486, 987, 252]],
    ['40 times the part', [134, 523, 756, 385, 970, 927, 792, 245, 86, 699, 148]],
    ['the product', [218, 591, 616, 861, 854, 827, 468, 497, 834, 527, 472]],
    ['the product, in libketama', [454, 283, 876, 257, 474, 927, 176, 277, 654, 299, 988]],
  ])('rounds %s to a float, as C does', (_, weights) => {
    const servers = weights.map((weight, i) => ({ id: `s${i}`, weight }));
    expectSameRing(ketama(servers, { flavour }), ketamaPoints(flavour, servers));
  });
});

it('floats give 7 equal servers 40 digests each, and 47 of them 39: both must stay so', () => {
  const equal = (n: number): Server[] => Array.from({ length: n }, (_, i) => ({ id: `s${i}`, weight: 1 }));
  expect(ketamaPoints('libmemcached-weighted', equal(7))).toHaveLength(7 * 160);
  expect(ketamaPoints('libmemcached-weighted', equal(47))).toHaveLength(47 * 156);
});

it.each([
  [md5_32, hashes.md5],
  [one_at_a_time, hashes.one_at_a_time],
  [fnv1a_32_char, hashes.fnv1a_32],
  [fnv1a_64_char, hashes.fnv1a_64],
])('$name takes bytes of 0x80 and above as C does, strings as their UTF-8 bytes', (keyHash, naive) => {
  fc.assert(
    fc.property(keys, (key) => {
      expect(keyHash.hash(key, 0)).toBe(naive(bytesOf(key)));
    }),
  );
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(keyHash.hash(bytes, 0)).toBe(naive(Buffer.from(bytes)));
  expect(keyHash.hash('é', 1)).toBe(keyHash.hash(new TextEncoder().encode('é'), 1));
  expect(keyHash.hash('é', 1)).not.toBe(keyHash.hash('é', 0));
});

it('another hash of keys is that of the points too in the plain libmemcached, and only of keys elsewhere', () => {
  const servers = ['a', 'b', 'c'];
  const places = (flavour: Flavour, hash?: typeof md5_32): string =>
    JSON.stringify([...ketama(servers, { flavour, hash }).ranges()]);
  expect(places('libmemcached', md5_32)).not.toBe(places('libmemcached'));
  expect(places('libmemcached-weighted', one_at_a_time)).toBe(places('libmemcached-weighted'));
  expect(places('twemproxy', md5_32)).toBe(places('twemproxy'));
});
