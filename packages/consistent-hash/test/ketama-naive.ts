/**
 * The rings of nginx and of every ketama once more, as their C code reads: native hashes, every float operation on its
 * own, points in a sorted array of objects. Nothing is shared with the code under test.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface Server {
  readonly id: string;
  readonly weight: number;
}

/** Points and their servers, sorted: point * 2^20 + server, which is exact in a double. */
export type Points = Float64Array;

const SERVERS_MAX = 2 ** 20;
const sorted = (pairs: number[]): Points => Float64Array.from(pairs).sort();
const pair = (point: number, server: number): number => point * SERVERS_MAX + server;
export const pointOf = (at: number): number => Math.floor(at / SERVERS_MAX);
export const serverOf = (at: number): number => at % SERVERS_MAX;

const known = new Map<string, number[]>();

/** The four words of a digest. Kept, because many rings ask for the same names. */
function md5(name: string): number[] {
  let words = known.get(name);
  if (words === undefined) {
    const digest = createHash('md5').update(name).digest();
    words = [0, 4, 8, 12].map((at) => digest.readUInt32LE(at));
    known.set(name, words);
  }
  return words;
}

const word = (x: bigint): bigint => BigInt.asUintN(32, x);

export const hashes = {
  md5: (key: Buffer): number => createHash('md5').update(key).digest().readUInt32LE(),
  crc32: (key: Buffer): number => crc32(key),
  one_at_a_time: (key: Buffer): number => {
    let value = 0;
    for (let i = 0; i < key.length; i++) {
      value = (value + key.readInt8(i)) >>> 0;
      value = (value + (value << 10)) >>> 0;
      value = (value ^ (value >>> 6)) >>> 0;
    }
    value = (value + (value << 3)) >>> 0;
    value = (value ^ (value >>> 11)) >>> 0;
    return (value + (value << 15)) >>> 0;
  },
  fnv1a_32: (key: Buffer): number => {
    let value = 0x811c9dc5n;
    for (let i = 0; i < key.length; i++) value = word((value ^ word(BigInt(key.readInt8(i)))) * 0x01000193n);
    return Number(value);
  },
  fnv1a_64: (key: Buffer): number => {
    let value = word(0xcbf29ce484222325n);
    for (let i = 0; i < key.length; i++) {
      value = word((value ^ word(BigInt(key.readInt8(i)))) * word(0x100000001b3n));
    }
    return Number(value);
  },
};

/** All of them, equal ones too. */
export function nginxChains(servers: readonly Server[]): Points {
  const pairs = servers.flatMap(({ id, weight }, server) => {
    const address = /^(.*):([0-9]*)$/s.exec(id);
    const [host, port] = /^unix:/i.test(id) ? [id.slice(5), ''] : address ? [address[1], address[2]] : [id, ''];
    const previous = Buffer.alloc(4);
    return Array.from({ length: 160 * weight }, () => {
      const point = crc32(Buffer.concat([Buffer.from(`${host}\0${port}`), previous]));
      previous.writeUInt32LE(point);
      return pair(point, server);
    });
  });
  return sorted(pairs);
}

export function nginxPoints(servers: readonly Server[]): Points {
  return firstOfEqual(nginxChains(servers));
}

export function firstOfEqual(points: Points): Points {
  return points.filter((at, i, all) => i === 0 || pointOf(at) !== pointOf(all[i - 1]!));
}

export type Flavour = 'libketama' | 'libmemcached' | 'libmemcached-weighted' | 'libmemcached-spy' | 'twemproxy';

export const keyHashes: Record<Flavour, (key: Buffer) => number> = {
  libketama: hashes.md5,
  libmemcached: hashes.one_at_a_time,
  'libmemcached-weighted': hashes.md5,
  'libmemcached-spy': hashes.md5,
  twemproxy: hashes.fnv1a_64,
};

function nameOf(flavour: Flavour, id: string): string {
  if (flavour === 'libketama') return id;
  if (flavour === 'twemproxy') return id.startsWith('/') ? `${id}:` : id.endsWith(':11211') ? id.slice(0, -6) : id;
  const match = /^(.*):([0-9]+)$/s.exec(id);
  const [host, port] = id.startsWith('/') ? [id, '0'] : match ? [match[1], match[2]] : [id, '11211'];
  if (flavour === 'libmemcached-spy') return `/${host}:${port}`;
  return port === '11211' ? host! : `${host}:${port}`;
}

const float = Math.fround;

function digestCount(flavour: Flavour, weight: number, total: number, n: number): number {
  const pct = float(float(weight) / float(total));
  if (flavour === 'libketama') {
    // floorf(pct * 40.0 * (float)numservers), a product of doubles
    const product = pct * 40.0 * float(n);
    return Math.floor(float(product));
  }
  // floorf((float)(pct * 160 / 4 * (float)nlive_server + 0.0000000001))
  const points = float(pct * float(160));
  const quarter = float(points / float(4));
  const product = float(quarter * float(n));
  const more = float(product + 0.0000000001);
  return Math.floor(more);
}

export function ketamaPoints(flavour: Flavour, servers: readonly Server[]): Points {
  const mayBePlain = flavour === 'libmemcached' || flavour === 'libmemcached-spy';
  const weighted = !mayBePlain || servers.some(({ weight }) => weight > 1);
  const total = servers.map(({ weight }) => weight).reduce((a, b) => a + b);
  const points: number[] = [];
  for (const [server, { id, weight }] of servers.entries()) {
    const name = nameOf(flavour, id);
    const count = weighted ? digestCount(flavour, weight, total, servers.length) : 100;
    for (let k = 0; k < count; k++) {
      const text = `${name}-${k}`;
      if (weighted) for (const point of md5(text)) points.push(pair(point, server));
      else
        points.push(pair(flavour === 'libmemcached' ? hashes.one_at_a_time(Buffer.from(text)) : md5(text)[0]!, server));
    }
  }
  return sorted(points);
}

/** Each interval of hashes and its server, flat: start, end, server. A point's hashes end with it. */
export function rangesOf(points: Points): number[] {
  const ranges: number[] = [];
  let start = 0;
  const put = (end: number, server: number): void => {
    if (ranges.at(-1) === server) ranges[ranges.length - 2] = end;
    else ranges.push(start, end, server);
    start = end + 1;
  };
  for (const at of points) if (pointOf(at) >= start) put(pointOf(at), serverOf(at));
  // Behind the last point begins the first one's.
  if (start <= 0xffffffff) put(0xffffffff, serverOf(points[0]!));
  return ranges;
}

/** Servers in the order in which a walk from `hash` meets them; then those without a point. */
export function preferenceOf(points: Points, servers: readonly Server[], hash: number): string[] {
  const first = points.findIndex((at) => pointOf(at) >= hash);
  const turned = first < 0 ? points : [...points.slice(first), ...points.slice(0, first)];
  const met = new Set([...turned].map(serverOf));
  return [...new Set([...met, ...servers.keys()])].map((server) => servers[server]!.id);
}
