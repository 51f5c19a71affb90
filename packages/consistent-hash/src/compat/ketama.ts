/**
 * The owner that a ketama picks: libketama, libmemcached in its three ways, and twemproxy.
 *
 * Source: Jones, libketama (Last.fm, 2007), and the programs that followed it. A server has so many digests, each the
 * MD5 of its name, '-' and a number from 0, and each digest gives four points. With the weights of all servers summing
 * up to W, a server of weight w among n has about 40 * n * w / W digests. The number is computed in 32-bit floats
 * there, step by step, and so it is here: doubles give another number at some sizes (39 instead of 40 digests for 7
 * equal servers), and where floats themselves round down that must stay so.
 *
 * The unweighted libmemcached instead takes 100 points a server, each the hash of such a name. It becomes weighted,
 * points from MD5 and all, as soon as one server has a weight above 1; its keys keep their hash.
 *
 * What a name is differs too. libketama takes it as given. libmemcached and twemproxy drop the port 11211. libmemcached
 * as the Java client Spymemcached names servers puts a slash before the address and never drops the port. The path of a
 * unix socket is followed by ':0' in libmemcached, and by ':' in twemproxy, which measures it with an empty port.
 *
 * Equal points: libmemcached sorts them by the order of its servers; the others leave that to the C library's qsort,
 * and glibc's, a merge sort, keeps the order. So of equal points the first given owns the place, in all flavours.
 *
 * Checked against libmemcached 1.1 and twemproxy 0.5 themselves, 10,000 keys a case; libketama against its source
 * alone.
 */
import { refuse } from '../errors.ts';
import { md5_32, md5Words } from '../hashes/md5.ts';
import { requireHashOptions } from '../nodes.ts';
import type { KeyHash, NodeInput } from '../types.ts';
import { fnv1a_64_char, one_at_a_time } from './char-hashes.ts';
import { foreignRing } from './foreign-ring.ts';
import type { ForeignRing, Recipe } from './foreign-ring.ts';

export type KetamaFlavour = 'libketama' | 'libmemcached' | 'libmemcached-weighted' | 'libmemcached-spy' | 'twemproxy';

export interface KetamaOptions {
  /** Whose ketama. There is no default: they disagree. */
  readonly flavour: KetamaFlavour;
  /**
   * Hash of the keys, and in the unweighted libmemcached of the points. Default as in the program: md5_32, but
   * one_at_a_time for 'libmemcached' and fnv1a_64_char for 'twemproxy'. (For 'libmemcached-spy' that program must be
   * told MEMCACHED_BEHAVIOR_HASH = MD5; without, it is one_at_a_time there too.)
   */
  readonly hash?: KeyHash | undefined;
}

interface Flavour {
  readonly hash: KeyHash;
  /** What the points are made from. */
  readonly nameOf: (id: string) => string;
  /** What 40 times a server's part of the weights is rounded to before it is multiplied by the number of servers. */
  readonly round: (forty: number) => number;
  /** Weighted only if a weight says so. */
  readonly plain?: boolean;
}

const { fround, floor } = Math;
const POINTS_PLAIN = 100;
const WORDS = 4;

/** A unix socket has port 0 there. */
const addressOf = (id: string): string => (id.startsWith('/') ? `${id}:0` : id);
const withPort = (id: string): string => (/:\d+$/.test(addressOf(id)) ? addressOf(id) : `${id}:11211`);
const withoutDefaultPort = (id: string): string => id.replace(/:11211$/, '');

/**
 * C writes `pct * 160 / 4 * n + 1e-10`. A division by 4 is exact, and what is added is too little to survive the
 * rounding of anything near a whole number; neither is repeated here.
 */
const memcached: Flavour = {
  hash: md5_32,
  nameOf: (id) => withoutDefaultPort(addressOf(id)),
  round: fround,
};

const FLAVOURS: Readonly<Record<KetamaFlavour, Flavour>> = {
  libketama: {
    hash: md5_32,
    nameOf: (id) => id,
    // C multiplies by the double 40.0 there, and rounds only the product.
    round: (forty) => forty,
  },
  libmemcached: { ...memcached, hash: one_at_a_time, plain: true },
  'libmemcached-weighted': memcached,
  'libmemcached-spy': {
    ...memcached,
    nameOf: (id) => `/${withPort(id)}`,
    plain: true,
  },
  twemproxy: {
    ...memcached,
    hash: fnv1a_64_char,
    nameOf: (id) => (id.startsWith('/') ? `${id}:` : withoutDefaultPort(id)),
  },
};

function recipeOf(kind: string, { nameOf, round, plain = false }: Flavour, hash: KeyHash): Recipe {
  return {
    kind,
    hash,
    dropsEqual: false,
    layout(nodes) {
      const n = nodes.length;
      const total = fround(nodes.reduce((sum, { weight }) => sum + weight, 0));
      // The sum of integers of at least 1.
      const isPlain = plain && total === n;
      const digests = (weight: number): number => floor(fround(round(fround(fround(weight) / total) * 40) * n));
      return {
        counts: nodes.map(({ weight }) => (isPlain ? POINTS_PLAIN : WORDS * digests(weight))),
        eachPoint(id, count, add) {
          const name = nameOf(id);
          if (isPlain) for (let k = 0; k < count; k++) add(hash.hash(`${name}-${k}`, 0) >>> 0);
          else for (let k = 0; k < count / WORDS; k++) for (const word of md5Words(`${name}-${k}`)) add(word >>> 0);
        },
      };
    },
  };
}

/**
 * A ring as libketama, libmemcached or twemproxy builds it. An id is what that program calls the server: 'host:port', a
 * path for a unix socket, the label in twemproxy. Building is O(points * log points), `locate` O(1) expected.
 *
 * A twemproxy label that looks like an address with port 11211, or like a path, is taken for one. With its number a
 * name may have 272 bytes in twemproxy 0.5 (85 before); beyond, that program reads outside its buffer and agrees with
 * nobody.
 *
 * These rings keep ketama's flaw: points follow from a weight's part of the sum, rounded down. So another weight or
 * another number of servers may move keys between two servers that did not change (a tenth of all keys is not rare),
 * and a server of small weight may own nothing. Where no other program must agree, take `ring`.
 *
 * A twemproxy with `hash_tag: "{}"` has `hash: tagged(fnv1a_64_char)` here, and a host that it ejected
 * (`auto_eject_hosts`; in libmemcached too) is taken away by `without`.
 *
 * @throws {PlacementError} what `ring` throws for its nodes; UNSUPPORTED_WEIGHT unless weights are integers; BAD_OPTION
 * for an unknown flavour or what is no hash; TOO_MANY_POINTS above 2^24
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { ketama } from '@loadbearing/consistent-hash/compat/ketama';
 * const cache = ketama(['10.0.0.1:11211', { id: '10.0.0.2:11211', weight: 2 }], { flavour: 'libmemcached-weighted' });
 * assert.equal(cache.locate('user:42').id, '10.0.0.2:11211');
 * ```
 */
export function ketama<T = unknown>(servers: Iterable<NodeInput<T>>, options: KetamaOptions): ForeignRing<T> {
  const { flavour } = options;
  if (!Object.hasOwn(FLAVOURS, flavour)) {
    refuse('BAD_OPTION', 'flavour', `one of ${Object.keys(FLAVOURS).join(', ')}`, flavour);
  }
  const rules = FLAVOURS[flavour];
  const { hash } = requireHashOptions({ hash: options.hash ?? rules.hash });
  return foreignRing(servers, recipeOf(`ketama-${flavour}`, rules, hash));
}

export { fnv1a_32_char, fnv1a_64_char, one_at_a_time } from './char-hashes.ts';
export { md5_32 } from '../hashes/md5.ts';
export type { ForeignRing } from './foreign-ring.ts';
export { PlacementError } from '../errors.ts';
export type { PlacementErrorCode } from '../errors.ts';
export type * from '../types.ts';
