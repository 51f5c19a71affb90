/**
 * What a cache that several processes share must be able to do, and how they tell each other what has changed.
 *
 * The tier keeps text, and guards it with two tokens per key. The **fence** says "nobody has changed this key since":
 * the first `read` that misses makes it, later misses are told the same one, `remove` destroys it, and `fill` stores only
 * while it stands, in one atomic step. So a value loaded before a change can never be stored after it, and neither
 * clocks nor tombstones are needed: a token that is lost, with a flush or by its age, only costs a fill. There is no
 * other way to store: a call that a client gives up may still be on its way, and whichever it is, late it is harmless. The
 * **lease** says "somebody is loading": its holder is the leader, everybody else may wait for what he fills in. It is a
 * courtesy with an end (`leaseMs`), no lock: a leader may die. Both are the lease of Nishtala et al., "Scaling Memcache at
 * Facebook", NSDI'13, 3.2.1, taken apart, since who may store and who should load have different lifetimes.
 *
 * The bus carries invalidations. It may delay, repeat, reorder and lose them: `bus-watch.ts` notices.
 */
export type TierRead =
  | { readonly kind: 'hit'; readonly value: string; /** As the tier measures it. */ readonly remainingMs: number }
  | {
      readonly kind: 'miss';
      readonly fence: string;
      /** May load at once; others had better wait. */ readonly leader: boolean;
    };

/** A store of text shared by processes. Every method may reject; none may take effect in parts. */
export interface RemoteTier {
  /** How long a fence stands after the last miss that was told it. A load that takes longer cannot fill. */
  readonly fenceMs: number;
  /** A miss that finds no lease takes it, for `leaseMs`. A value equal to `unlike` counts as a miss. */
  read(key: string, leaseMs: number, unlike?: string): Promise<TierRead>;
  /** Stores and ends the lease if the fence stands. False = changed since the read, nothing stored. */
  fill(key: string, value: string, ttlMs: number, fence: string): Promise<boolean>;
  /** Removes values, fences and leases; each key in one step, the keys in any order. */
  remove(keys: readonly string[]): Promise<void>;
  /** Ends the lease of a leader who has nothing to fill in. Without it, others wait in vain until the lease ends. */
  release?(key: string): Promise<void>;
  /** The version of each tag: a token made where there is none, kept for `ttlMs` after it was last asked for. */
  versions?(tags: readonly string[], ttlMs: number): Promise<readonly string[]>;
  /** Destroys the versions: the next `versions` answers others. */
  renew?(tags: readonly string[]): Promise<void>;
}

/** What an invalidation is about. `beat`: nothing, the sender is alive; `bye`: nothing, and will send no more. */
export type InvalidationBody =
  | { readonly keys: readonly string[] }
  | { readonly tags: readonly string[] }
  | { readonly all: true }
  | { readonly beat: true }
  | { readonly bye: true };

/**
 * A message. Each sender, one life of one process, numbers its own from 1 without gaps. `seq` 0 is for sources that do
 * not number, such as a server that tells what its clients have changed: nothing is concluded from it.
 */
export type Invalidation = { readonly v: 1; readonly sender: string; readonly seq: number } & InvalidationBody;

/**
 * Carries messages to every subscriber, the sender included: it knows by its own beats that it hears the others.
 *
 * `publish` resolves when the bus has taken the message over. `onState(false)` = messages may be missing from now on,
 * `onState(true)` = connected again; a bus that cannot tell need not call it. `subscribe` returns how to end it.
 *
 * A bus may be inbound only, fed by a server that itself tells what was changed: see `rebroadcast` in the tests of this
 * folder. Then `publish` hands the message back to the own subscriber when everything that the server had said before
 * has arrived.
 */
export interface InvalidationBus {
  publish(message: Invalidation): Promise<void>;
  subscribe(on: (message: Invalidation) => void, onState: (up: boolean) => void): () => void;
}
