/**
 * The vocabulary: a key, a node, and a placement that says which node owns which key.
 *
 * Every algorithm of this package answers through `Placement`. Three properties hold for all of them and are not
 * repeated at each method. A placement is an immutable snapshot: a change returns a new one, so that old and new can
 * be held side by side while data moves. It is never empty, so `locate` never has to answer "nobody". And it depends
 * on nothing but nodes, parameters and key: no clock, no randomness, no order of insertion.
 *
 * A narrower type adds what only some algorithms can promise: `Weighted` a change of weight, `Ranged` the exact
 * intervals of the hash space, which is what `diff` compares.
 */

/** What is placed. A string means its UTF-8 bytes, always; a lone surrogate counts as U+FFFD. */
export type Key = string | Uint8Array;

/** A node as the caller describes it. */
export interface NodeSpec<T = unknown> {
  /** Non-empty, unique, without lone surrogates. Names the node in every process, so no position and no order. */
  readonly id: string;
  /** Relative share of the keys, finite and above 0. Default 1. */
  readonly weight?: number | undefined;
  /** What fails together: a rack, a data centre, a region. Without one, a node counts as a zone of its own. */
  readonly zone?: string | undefined;
  /** Anything of the caller's, such as a connection. Kept by reference; no part of fingerprint or JSON. */
  readonly data?: T | undefined;
}

/** `'a'` is `{ id: 'a' }`. */
export type NodeInput<T = unknown> = string | NodeSpec<T>;

/** A node of a placement. Frozen. */
export interface Node<T = unknown> {
  readonly id: string;
  readonly weight: number;
  readonly zone: string | undefined;
  readonly data: T | undefined;
}

/** A hash of keys. Taken modulo 2^32, and it must be well mixed in the TOP bits: they decide the owner. */
export interface KeyHash {
  /** Part of the fingerprint: two processes agree only if they name the same hash. */
  readonly name: string;
  hash(key: Key, seed: number): number;
}

export interface HashOptions {
  /** Hash of the keys. Default xxh32. The points of nodes always come from xxh32. */
  readonly hash?: KeyHash | undefined;
  /** Unsigned 32-bit integer, of keys and nodes alike. Default 0. */
  readonly seed?: number | undefined;
}

export interface LocateOptions<T = unknown> {
  /** 'zone': no second node of a zone before every zone has one. Default 'node'. */
  readonly distinctBy?: 'node' | 'zone' | undefined;
  /** Nodes to pass over, such as those known to be down. Called at most once for each node. */
  readonly exclude?: ((node: Node<T>) => boolean) | undefined;
}

/** A node in JSON: `data` is left out. */
export interface NodeJSON {
  readonly id: string;
  readonly weight: number;
  readonly zone?: string;
}

/** A placement in JSON, enough to build the same placement elsewhere. */
export interface PlacementJSON {
  readonly v: 1;
  readonly kind: string;
  readonly hash: string;
  readonly seed: number;
  readonly nodes: readonly NodeJSON[];
  readonly fingerprint: string;
}

/** Which node owns a key. */
export interface Placement<T = unknown> {
  /** The algorithm: 'ring'. */
  readonly kind: string;
  /** 16 hex digits over kind, parameters and nodes: equal fingerprints give equal owners for every key. */
  readonly fingerprint: string;
  /** Sorted by id (UTF-16 code units), never empty. */
  readonly nodes: readonly Node<T>[];
  /** Where the key falls in the hash space, in 0..2^32 - 1. Throws TypeError unless string or Uint8Array. */
  hashOf(key: Key): number;
  /** The owner. Throws TypeError unless string or Uint8Array. */
  locate(key: Key): Node<T>;
  /** The owner of every key with this hash. Throws PlacementError BAD_OPTION unless an integer in 0..2^32 - 1. */
  locateHash(hash: number): Node<T>;
  /**
   * The owner and its successors, `n` different nodes in the order of preference; fewer only if fewer are eligible.
   * The answer for n is the beginning of the answer for n + 1.
   *
   * Throws PlacementError BAD_OPTION for an `n` that is no integer >= 0 and for options it does not know.
   */
  locateN(key: Key, n: number, options?: LocateOptions<T>): Node<T>[];
  /** All nodes in the key's order of preference, the owner first. Lazy: take as many as needed. */
  preference(key: Key): Iterable<Node<T>>;
  /** The fraction of the hash space of each node, in order of id. They add up to 1. */
  shares(): ReadonlyMap<string, number>;
  /** With one node more. Throws PlacementError as the maker does; DUPLICATE_ID if the id is there already. */
  with(node: NodeInput<T>): Placement<T>;
  /** With one node less. Throws PlacementError UNKNOWN_NODE, or NO_NODES for the last one. */
  without(id: string): Placement<T>;
  toJSON(): PlacementJSON;
}

/** A placement whose weights can change one by one. */
export interface Weighted<T = unknown> extends Placement<T> {
  /** With another weight for one node. Throws PlacementError UNKNOWN_NODE or BAD_WEIGHT. */
  reweight(id: string, weight: number): Weighted<T>;
}

/** An interval of the hash space, both ends included, and its owner. */
export interface HashRange<T = unknown> {
  readonly start: number;
  readonly end: number;
  readonly node: Node<T>;
}

/** A placement that is a list of intervals of the hash space. */
export interface Ranged<T = unknown> extends Placement<T> {
  /** Ascending, without gap or overlap, from 0 to 2^32 - 1. */
  ranges(): Iterable<HashRange<T>>;
}
