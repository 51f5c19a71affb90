/**
 * The host that Envoy picks under its policies RING_HASH and MAGLEV.
 *
 * Source: envoyproxy/envoy, ring_hash_lb.cc and maglev_lb.cc. Both first divide each weight by the sum of all.
 *
 * The ring scales so that the lightest host gets a whole number of points, at least `minimumRingSize` in all, at most
 * `maximumRingSize`; the points of a host are XXH64 of `<host>_0`, `<host>_1`, ... It counts along all hosts: a running
 * target grows by each host's share and points are added until the running count has reached it. So with unequal weights
 * or a ring that is cut, the ORDER of hosts decides who gets the odd point. Owner is the first point at or after the key.
 *
 * The Maglev table is filled as in maglev.ts, with an offset from XXH64 under seed 0 and a skip from seed 1. Envoy sorts
 * the hosts since 1.27.0 (envoyproxy/envoy#28055), by the bytes of what it hashes; before that their order mattered.
 *
 * The hash of a key is XXH64 of its bytes, as for one hash policy (a header, a cookie, an address). Envoy mixes several
 * policies into one number; whoever does that can do it too, with `xxh64`, and hand it to `locateHash`. Left out are
 * `hash_balance_factor`, MURMUR_HASH_2, weights of localities, and the share of hosts that are unhealthy: give the
 * hosts that Envoy would choose among.
 */
import { refuse, requireInteger, shown } from '../errors.ts';
import { fillTable, requirePrime } from '../maglev-table.ts';
import { toNode, toNodes } from '../nodes.ts';
import type { Key, Node, NodeInput } from '../types.ts';
import { xxh64 } from './xxh64.ts';

/** The owners that an Envoy picks. `nodes` keeps the given order. */
export interface EnvoyPlacement<T = unknown> {
  readonly nodes: readonly Node<T>[];
  /** The host for a key under one hash policy. Throws TypeError unless string or Uint8Array. */
  locate(key: Key): Node<T>;
  /** The host for a hash. Throws PlacementError BAD_OPTION unless a bigint in 0..2^64 - 1. */
  locateHash(hash: bigint): Node<T>;
}

export interface EnvoyRingOptions {
  /** An integer in 1..8388608, not above `maximumRingSize`. Default 1024. */
  readonly minimumRingSize?: number | undefined;
  /** An integer in 1..8388608. Default 8388608. */
  readonly maximumRingSize?: number | undefined;
}

export interface EnvoyMaglevOptions {
  /** A prime of at most 5000011. Default 65537. */
  readonly tableSize?: number | undefined;
  /** Whether hosts are sorted first, as since Envoy 1.27.0. Default true. */
  readonly sortHosts?: boolean | undefined;
}

interface Hosts<T> {
  readonly nodes: readonly Node<T>[];
  /** The share of each in the sum of weights. */
  readonly weights: readonly number[];
}

const RING_SIZE_MAX = 2 ** 23;
const TABLE_SIZE_MAX = 5_000_011;

function toHosts<T>(hosts: Iterable<NodeInput<T>>): Hosts<T> {
  // A string is left to be refused as a list of nodes.
  const list = Object(hosts) === hosts && Symbol.iterator in hosts ? [...hosts] : hosts;
  toNodes(list);
  const nodes = Object.freeze(Array.from(list, toNode));
  let sum = 0;
  for (const { id, weight } of nodes) {
    sum += weight;
    if (!Number.isInteger(weight) || sum >= 2 ** 32) {
      refuse('UNSUPPORTED_WEIGHT', `the weight of node ${shown(id)}`, 'an integer, all together below 2^32', weight);
    }
  }
  return { nodes, weights: nodes.map(({ weight }) => weight / sum) };
}

function placement<T>(nodes: readonly Node<T>[], ownerOf: (hash: bigint) => number): EnvoyPlacement<T> {
  const locateHash = (hash: bigint): Node<T> => {
    if (typeof hash === 'bigint' && BigInt.asUintN(64, hash) === hash) return nodes[ownerOf(hash)]!;
    return refuse('BAD_OPTION', 'a hash', 'a bigint in 0..2^64 - 1', hash);
  };
  return { nodes, locate: (key) => locateHash(xxh64(key)), locateHash };
}

/**
 * Envoy's RING_HASH. An id is what Envoy hashes a host by: the address as `10.0.0.1:8080`, or the hostname with
 * `use_hostname_for_hashing`, or the `hash_key` of its metadata; the order of hosts is that of the endpoints. Building
 * takes some microseconds a point, `locate` as many for its hash and O(log points) on top.
 *
 * @throws {PlacementError} what `ring` throws for its nodes; BAD_OPTION; UNSUPPORTED_WEIGHT unless weights are integers
 * that add up to at most 2^32 - 1
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { envoyRing } from '@loadbearing/consistent-hash/compat/envoy';
 * const upstream = envoyRing(['10.0.0.1:8080', { id: '10.0.0.2:8080', weight: 2 }]);
 * assert.ok(upstream.nodes.includes(upstream.locate('session-42')));
 * ```
 */
export function envoyRing<T = unknown>(
  hosts: Iterable<NodeInput<T>>,
  { minimumRingSize = 1024, maximumRingSize = RING_SIZE_MAX }: EnvoyRingOptions = {},
): EnvoyPlacement<T> {
  const most = requireInteger('maximumRingSize', maximumRingSize, 1, RING_SIZE_MAX);
  const least = requireInteger('minimumRingSize', minimumRingSize, 1, most);
  const { nodes, weights } = toHosts(hosts);
  const lightest = weights.reduce((a, b) => Math.min(a, b));
  const scale = Math.min(Math.ceil(lightest * least) / lightest, most);
  const owners = new Map<bigint, number>();
  let target = 0;
  let count = 0;
  nodes.forEach(({ id }, i) => {
    target += scale * weights[i]!;
    for (let j = 0; count < target; j++, count++) {
      const point = xxh64(`${id}_${j}`);
      // Of equal points the first given stays. Envoy leaves that to its sort; 64 bits hardly ever collide.
      if (!owners.has(point)) owners.set(point, i);
    }
  });
  const points = BigUint64Array.from(owners.keys()).sort();
  const ranks = Uint32Array.from(points, (point) => owners.get(point)!);
  return placement(nodes, (hash) => {
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (points[middle]! < hash) low = middle + 1;
      else high = middle;
    }
    return ranks[low === points.length ? 0 : low]!;
  });
}

/** Ranks in the order of UTF-8 bytes, which is that of code points and not always that of `<` on strings. */
function byBytes(nodes: readonly Node[]): number[] {
  const encoder = new TextEncoder();
  // Three digits for every byte, so that the order of texts is that of bytes.
  const texts = nodes.map(({ id }) => Array.from(encoder.encode(id), (byte) => byte + 256).join());
  return [...nodes.keys()].sort((a, b) => (texts[a]! < texts[b]! ? -1 : 1));
}

/**
 * Envoy's MAGLEV; for ids see `envoyRing`. With more hosts than entries some own nothing, as in Envoy. Building is
 * O(size log size) for weights of one order of magnitude; `locate` costs its hash.
 *
 * @throws {PlacementError} what `ring` throws for its nodes; BAD_OPTION; UNSUPPORTED_WEIGHT unless weights are integers
 * that add up to at most 2^32 - 1
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { envoyMaglev } from '@loadbearing/consistent-hash/compat/envoy';
 * const upstream = envoyMaglev(['10.0.0.1:8080', '10.0.0.2:8080']);
 * const other = envoyMaglev(['10.0.0.2:8080', '10.0.0.1:8080']);
 * assert.equal(upstream.locate('session-42').id, other.locate('session-42').id);
 * ```
 */
export function envoyMaglev<T = unknown>(
  hosts: Iterable<NodeInput<T>>,
  { tableSize = 65_537, sortHosts = true }: EnvoyMaglevOptions = {},
): EnvoyPlacement<T> {
  requirePrime('tableSize', tableSize, TABLE_SIZE_MAX);
  const { nodes, weights } = toHosts(hosts);
  const order = sortHosts ? byBytes(nodes) : [...nodes.keys()];
  const entries = BigInt(tableSize);
  const turns = order.map((rank) => {
    const { id } = nodes[rank]!;
    const skip = Number(xxh64(id, 1n) % (entries - 1n)) + 1;
    return { offset: Number(xxh64(id) % entries), skip, weight: weights[rank]! };
  });
  const table = fillTable(turns, tableSize);
  return placement(nodes, (hash) => order[table[Number(hash % entries)]!]!);
}

export { xxh64 } from './xxh64.ts';
export { PlacementError } from '../errors.ts';
export type { PlacementErrorCode } from '../errors.ts';
export type * from '../types.ts';
