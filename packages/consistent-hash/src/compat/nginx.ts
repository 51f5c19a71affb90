/**
 * The owner that nginx picks: `upstream { hash $key consistent; server ...; }`.
 *
 * Source: ngx_http_upstream_hash_module, which follows Perl's Cache::Memcached::Fast. A server of weight w has 160 * w
 * points, each the CRC-32 of host, a zero byte, port and the four bytes of the point before it; the first follows 0.
 * So the points of a server are a chain, and a weight makes the chain longer. Of equal points one is kept, the first
 * in the order of the configuration (nginx leaves that to the C library's qsort, and glibc's, a merge sort, keeps the
 * order). The key's hash is its CRC-32.
 *
 * Checked against nginx 1.22 itself: 10,000 keys, equal and unequal weights, addresses, names and unix sockets.
 */
import type { Key, KeyHash, NodeInput } from '../types.ts';
import { crc32, crc32Register, crc32Word } from './crc.ts';
import { foreignRing } from './foreign-ring.ts';
import type { ForeignRing, Recipe } from './foreign-ring.ts';

const POINTS_PER_WEIGHT = 160;

const crc32Hash: KeyHash = /* @__PURE__ */ Object.freeze({ name: 'crc32', hash: (key: Key): number => crc32(key) });

/** The register after host, zero byte and port. A port is what digits follow the last colon; there may be none. */
function registerOf(server: string): number {
  const unix = /^unix:/i.test(server);
  const split = unix ? server : server.replace(/:(?=\d*$)/, '\0');
  return crc32Register(-1, unix ? `${server.slice(5)}\0` : split === server ? `${server}\0` : split);
}

function eachPoint(id: string, count: number, add: (point: number) => void): void {
  const register = registerOf(id);
  for (let left = count, point = 0; left > 0; left--) {
    point = ~crc32Word(register, point) >>> 0;
    add(point);
  }
}

const recipe: Recipe = {
  kind: 'nginx',
  hash: crc32Hash,
  dropsEqual: true,
  layout: (nodes) => ({ counts: nodes.map(({ weight }) => weight * POINTS_PER_WEIGHT), eachPoint }),
};

/**
 * nginx's consistent hash. An id is the server as the configuration writes it: '10.0.0.1:8080', 'cache-a',
 * 'unix:/run/a.sock'. Leave out servers marked `backup`; pass over those that are down by `exclude` of `locateN`. The
 * key is what the `hash` directive evaluates to. Building is O(points * log points), `locate` O(1) expected.
 *
 * Another weight lengthens or shortens one chain only, so keys move to and from that server alone, except where points
 * are equal.
 *
 * @throws {PlacementError} what `ring` throws for its nodes; UNSUPPORTED_WEIGHT unless weights are integers;
 * TOO_MANY_POINTS when they add up to more than 104,857
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { nginxConsistent } from '@loadbearing/consistent-hash/compat/nginx';
 * const upstream = nginxConsistent(['10.0.0.1:8080', { id: '10.0.0.2:8080', weight: 3 }]);
 * assert.equal(upstream.locate('/index.html').id, '10.0.0.1:8080');
 * ```
 */
export function nginxConsistent<T = unknown>(servers: Iterable<NodeInput<T>>): ForeignRing<T> {
  return foreignRing(servers, recipe);
}

export type { ForeignRing } from './foreign-ring.ts';
export { PlacementError } from '../errors.ts';
export type { PlacementErrorCode } from '../errors.ts';
export type * from '../types.ts';
