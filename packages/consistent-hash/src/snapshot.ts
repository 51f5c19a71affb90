/**
 * What all placements have in common once owner and order of preference are known: hashing of keys, replicas, JSON and
 * fingerprint. An algorithm adds `locate` and `locateHash`, its order, and the parameters that its JSON carries.
 *
 * The two lookups are left to each class on purpose. One method shared by six classes would see six shapes of object,
 * and the engine compiles such a method into a search for the shape; a class of its own keeps it to one.
 */
import { requireKey } from './key-bytes.ts';
import { fingerprintOf, nodesToJSON } from './nodes.ts';
import { countZones, take } from './take.ts';
import type { Key, KeyHash, LocateOptions, Node, PlacementJSON } from './types.ts';

/** The hash of a key under a seed. Throws TypeError unless string or Uint8Array. */
export function hashKey(key: Key, hash: KeyHash, seed: number): number {
  if (typeof key !== 'string') requireKey(key);
  return hash.hash(key, seed) >>> 0;
}

export abstract class Snapshot<T, J extends PlacementJSON> {
  abstract readonly kind: J['kind'];
  readonly nodes: readonly Node<T>[];
  /** `nodes` not frozen: reading an element of a frozen array costs as much as the rest of a lookup. */
  protected readonly byRank: readonly Node<T>[];
  protected readonly hash: KeyHash;
  protected readonly seed: number;
  private readonly zones: number;
  private print: string | undefined;

  /** @param nodes checked, frozen and sorted */
  constructor(nodes: readonly Node<T>[], hash: KeyHash, seed: number) {
    this.nodes = nodes;
    this.byRank = [...nodes];
    this.hash = hash;
    this.seed = seed;
    this.zones = countZones(nodes);
  }

  /** All nodes in the order of preference of a hash, the owner first. Lazy. */
  protected abstract order(hash: number): Iterator<Node<T>>;

  /** The fields that this kind adds to its JSON, in the order that the fingerprint is defined over. */
  protected abstract parameters(): object;

  hashOf(key: Key): number {
    return hashKey(key, this.hash, this.seed);
  }

  locateN(key: Key, n: number, options: LocateOptions<T> = {}): Node<T>[] {
    return take(this.preference(key), this.zones, n, options);
  }

  preference(key: Key): Iterable<Node<T>> {
    const hash = this.hashOf(key);
    return { [Symbol.iterator]: () => this.order(hash) };
  }

  /** Made when it is first asked for: a ring changed ten times pays for no nine of them. */
  get fingerprint(): string {
    return (this.print ??= fingerprintOf(this.content()));
  }

  /** What decides the owners. */
  private content(): object {
    const { kind, hash, seed, nodes } = this;
    return { v: 1, kind, hash: hash.name, seed, ...this.parameters(), nodes: nodesToJSON(nodes) };
  }

  toJSON(): J {
    return { ...this.content(), fingerprint: this.fingerprint } as unknown as J;
  }
}
