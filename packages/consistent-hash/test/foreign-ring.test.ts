import { describe, expect, it } from 'vitest';
import { fnv1a_64_char, ketama, md5_32 } from '../src/compat/ketama.ts';
import type { ForeignRing, KetamaFlavour } from '../src/compat/ketama.ts';
import { nginxConsistent } from '../src/compat/nginx.ts';
import { diff } from '../src/index.ts';
import type { KeyHash, NodeInput } from '../src/index.ts';
import { firstOfEqual, nginxChains, pointOf, preferenceOf, serverOf } from './ketama-naive.ts';
import type { Points } from './ketama-naive.ts';

type Maker = (servers: Iterable<NodeInput>) => ForeignRing;

const flavours: KetamaFlavour[] = [
  'libketama',
  'libmemcached',
  'libmemcached-weighted',
  'libmemcached-spy',
  'twemproxy',
];
const makers: [string, Maker][] = [
  ['nginx', nginxConsistent],
  ...flavours.map((flavour): [string, Maker] => [`ketama-${flavour}`, (servers) => ketama(servers, { flavour })]),
];
const keys = Array.from({ length: 300 }, (_, i) => `key:${i}`);
const owners = (ring: ForeignRing): string[] => keys.map((key) => ring.locate(key).id);
const error = (code: string): unknown => expect.objectContaining({ name: 'PlacementError', code });

describe.each(makers)('%s', (kind, make) => {
  const servers = ['s2', { id: 's10', weight: 3, zone: 'x', data: { pool: 1 } }, { id: 's1', zone: 'x' }, 's3'];
  const ring = make(servers);

  it('keeps the given order in nodes, shares and JSON', () => {
    const order = ['s2', 's10', 's1', 's3'];
    expect(ring.nodes.map(({ id }) => id)).toEqual(order);
    expect([...ring.shares().keys()]).toEqual(order);
    expect(ring.toJSON().nodes.map(({ id }) => id)).toEqual(order);
    expect(Object.isFrozen(ring.nodes)).toBe(true);
  });

  it('says what it is, and counts the order of servers into its fingerprint', () => {
    expect(ring.kind).toBe(kind);
    expect(ring.toJSON()).toMatchObject({ v: 1, kind, seed: 0, fingerprint: ring.fingerprint });
    expect(ring.toJSON().nodes[1]).toEqual({ id: 's10', weight: 3, zone: 'x' });
    expect(make([...servers].reverse()).fingerprint).not.toBe(ring.fingerprint);
    expect(make(ring.toJSON().nodes).fingerprint).toBe(ring.fingerprint);
    expect(owners(make(ring.toJSON().nodes))).toEqual(owners(ring));
  });

  it('after with and without is the ring of the new list, data and all', () => {
    const more = ring.with({ id: 's0', weight: 2 });
    expect(more.fingerprint).toBe(make([...servers, { id: 's0', weight: 2 }]).fingerprint);
    expect(owners(more)).toEqual(owners(make([...servers, { id: 's0', weight: 2 }])));
    const less = more.without('s2');
    expect(less.nodes.map(({ id }) => id)).toEqual(['s10', 's1', 's3', 's0']);
    expect(owners(less)).toEqual(owners(make([...servers.slice(1), { id: 's0', weight: 2 }])));
    expect(less.nodes[0]!.data).toEqual({ pool: 1 });
  });

  it('prefers every server once, the owner first, and looks into zones', () => {
    for (const key of keys.slice(0, 50)) {
      const order = [...ring.preference(key)];
      expect(order[0]).toBe(ring.locate(key));
      expect(ring.locateHash(ring.hashOf(key))).toBe(order[0]);
      expect(new Set(order).size).toBe(4);
      expect(ring.locateN(key, 9)).toEqual(order);
      const apart = ring.locateN(key, 3, { distinctBy: 'zone' }).map(({ id, zone }) => zone ?? id);
      expect(new Set(apart).size).toBe(3);
      expect(ring.locateN(key, 1, { exclude: (node) => node === order[0] })).toEqual([order[1]]);
    }
  });

  it('has shares that add up to 1 and are those of its ranges', () => {
    const counted = new Map(ring.nodes.map(({ id }) => [id, 0]));
    let next = 0;
    for (const { start, end, node } of ring.ranges()) {
      expect(start).toBe(next);
      next = end + 1;
      counted.set(node.id, counted.get(node.id)! + (end - start + 1) / 2 ** 32);
    }
    expect(next).toBe(2 ** 32);
    expect(ring.shares()).toEqual(counted);
    expect([...counted.values()].reduce((a, b) => a + b)).toBe(1);
  });

  it('can be compared by diff: owners change exactly where it says', () => {
    const after = ring.with('s4');
    const moves = diff(ring, after);
    for (const key of keys) {
      const hash = ring.hashOf(key);
      const move = moves.find(({ start, end }) => start <= hash && hash <= end);
      expect([ring.locate(key).id, after.locate(key).id]).toEqual([
        move?.from ?? ring.locate(key).id,
        move?.to ?? ring.locate(key).id,
      ]);
    }
  });

  it.each<[string, () => unknown, string]>([
    ['no servers', () => make([]), 'NO_NODES'],
    ['a string as list', () => make('cache'), 'BAD_OPTION'],
    ['an object as list', () => make({ a: 1 } as unknown as string[]), 'BAD_OPTION'],
    ['null as a server', () => make([null as unknown as string]), 'BAD_ID'],
    ['an empty id', () => make(['a', '']), 'BAD_ID'],
    ['an id twice', () => make(['a', 'b', 'a']), 'DUPLICATE_ID'],
    ['weight 0', () => make([{ id: 'a', weight: 0 }]), 'BAD_WEIGHT'],
    ['weight 1.5', () => make([{ id: 'a', weight: 1.5 }]), 'UNSUPPORTED_WEIGHT'],
    ['weight 2^32', () => make([{ id: 'a', weight: 2 ** 32 }]), 'UNSUPPORTED_WEIGHT'],
    ['a server that is there', () => ring.with('s1'), 'DUPLICATE_ID'],
    ['to lose a server it has not', () => ring.without('s4'), 'UNKNOWN_NODE'],
    ['to lose its last server', () => make(['a']).without('a'), 'NO_NODES'],
    ['a hash of 2^32', () => ring.locateHash(2 ** 32), 'BAD_OPTION'],
  ])('refuses %s', (_, act, code) => {
    expect(act).toThrow(error(code));
  });

  it('takes a list that can be read once', () => {
    const once = (function* () {
      yield* servers;
    })();
    expect(make(once).fingerprint).toBe(ring.fingerprint);
  });

  it.each([1, null, undefined, {}])('refuses %o as a key', (key) => {
    expect(() => ring.locate(key as string)).toThrow(TypeError);
    expect(() => ring.preference(key as string)).toThrow(TypeError);
  });
});

describe('ketama', () => {
  it.each<[unknown, RegExp]>([
    [undefined, /flavour must be one of libketama, .*got undefined/],
    ['toString', /got "toString"/],
    ['Twemproxy', /got "Twemproxy"/],
  ])('has no flavour %o', (flavour, message) => {
    expect(() => ketama(['a'], { flavour: flavour as KetamaFlavour })).toThrow(message);
  });

  it('refuses what is no hash', () => {
    const hash = (() => 1) as unknown as KeyHash;
    expect(() => ketama(['a'], { flavour: 'twemproxy', hash })).toThrow(error('BAD_OPTION'));
  });

  it('names its hash in the fingerprint', () => {
    const ring = ketama(['a', 'b'], { flavour: 'twemproxy' });
    expect(ring.toJSON().hash).toBe('fnv1a_64_char');
    expect(ring.fingerprint).toBe(ketama(['a', 'b'], { flavour: 'twemproxy', hash: fnv1a_64_char }).fingerprint);
    expect(ring.fingerprint).not.toBe(ketama(['a', 'b'], { flavour: 'twemproxy', hash: md5_32 }).fingerprint);
  });

  it('gives a server of little weight nothing, as the programs do, and prefers it last', () => {
    const ring = ketama([{ id: 'tiny' }, { id: 'a', weight: 5000 }, { id: 'b', weight: 5000 }], {
      flavour: 'libmemcached-weighted',
    });
    expect(ring.shares().get('tiny')).toBe(0);
    for (const key of keys) expect(ring.locateN(key, 3)[2]!.id).toBe('tiny');
  });

  it('becomes weighted in the plain libmemcached with the first weight above 1', () => {
    const plain = ketama(['a', 'b', 'c'], { flavour: 'libmemcached', hash: md5_32 });
    const heavy = ['a', 'b', { id: 'c', weight: 2 }];
    const weighted = ketama(heavy, { flavour: 'libmemcached-weighted' });
    expect([...plain.with({ id: 'd', weight: 2 }).without('d').ranges()]).toEqual([...plain.ranges()]);
    expect([...ketama(heavy, { flavour: 'libmemcached', hash: md5_32 }).ranges()]).toEqual([...weighted.ranges()]);
  });

  it('gives equal points to the server that was given first, a walk meets the others next', () => {
    // Only 16 points exist.
    const hash: KeyHash = { name: 'few', hash: (key) => (md5_32.hash(key, 0) & 15) * 0x10000000 };
    for (const ids of [
      ['b', 'a', 'c'],
      ['c', 'b', 'a'],
    ]) {
      const ring = ketama(ids, { flavour: 'libmemcached', hash });
      for (const key of keys) expect([...ring.preference(key)].map(({ id }) => id)).toEqual(ids);
    }
  });
});

const serverCount = (points: Points): number => new Set([...points].map(serverOf)).size;

/** Four bytes with this CRC-32: each step of the register taken back, by the remainder whose top byte it shows. */
function keyWithCrc32(crc: number): Uint8Array {
  const remainders = Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = (byte >>> 1) ^ (byte & 1 ? 0xedb88320 : 0);
    return byte >>> 0;
  });
  let register = ~crc >>> 0;
  for (let i = 0; i < 4; i++) {
    const byte = remainders.findIndex((remainder) => remainder >>> 24 === register >>> 24);
    register = (((register ^ remainders[byte]!) << 8) | byte) >>> 0;
  }
  const key = Buffer.alloc(4);
  key.writeUInt32LE(~register >>> 0);
  return key;
}

describe('nginx', () => {
  it('of equal points keeps the first, for a walk too', () => {
    // Names found by search.
    const servers = ['a37', 'b37', 'c37'].map((id) => ({ id, weight: 60 }));
    const chains = nginxChains(servers);
    const points = firstOfEqual(chains);
    const ring = nginxConsistent(servers);
    // Two servers in one point and the third in the next: there a walk tells whether the second is gone.
    const telling = [...chains.keys()].filter(
      (i) => i > 0 && pointOf(chains[i]!) === pointOf(chains[i - 1]!) && serverCount(chains.slice(i - 1, i + 2)) === 3,
    );
    expect(telling.length).toBeGreaterThan(0);
    for (const i of telling) {
      const key = keyWithCrc32(pointOf(chains[i]!));
      expect(ring.hashOf(key)).toBe(pointOf(chains[i]!));
      expect([...ring.preference(key)].map(({ id }) => id)).toEqual(preferenceOf(points, servers, ring.hashOf(key)));
    }
  });

  it('reads no server behind one that it refuses', () => {
    const servers = (function* () {
      yield 'a';
      yield '';
      throw new Error('read on');
    })();
    expect(() => nginxConsistent(servers)).toThrow(error('BAD_ID'));
  });

  it('refuses more than 2^24 points', () => {
    expect(
      nginxConsistent([{ id: 'a', weight: 1000 }])
        .shares()
        .get('a'),
    ).toBe(1);
    expect(() => nginxConsistent([{ id: 'a', weight: 104_858 }])).toThrow(error('TOO_MANY_POINTS'));
    expect(() => nginxConsistent([{ id: 'a', weight: 104_858 }])).toThrow(/at most 16777216; got 16777280/);
  });
});
