/**
 * The keys that get a large share of all requests, counted in little memory, and how far to spread each.
 *
 * No placement helps when one key is the load: its owner gets all of it. Such keys are few, so they can be counted.
 * Source: Misra and Gries, "Finding repeated elements" (1982). There are `counters` counters; a key without one takes a
 * free one, and when none is free every counter loses one and so does the key. A decrement is taken from `counters + 1`
 * different keys at once, so after `total` records there were at most `total / (counters + 1)` of them, and no counter is
 * more than that below the truth; it is never above.
 *
 * We depart in two ways. A record may count more than one. And counts age: after every `window` records all are halved,
 * so a key that was hot last week is forgotten. Counts are rounded down, which puts them up to a half below the truth;
 * one more decrement on the books covers that.
 *
 * It knows the records of one process only.
 */
import { requireInteger } from './errors.ts';

export interface HotKeysOptions {
  /** How many keys `top` lists, an integer in 1..4096. Default 16. */
  readonly k?: number | undefined;
  /**
   * Keys counted at a time, an integer in k..65536; their shares are wrong by at most
   * one in so many. Four for each node see every key that `parts` would spread. Default 8 k.
   */
  readonly counters?: number | undefined;
  /** Records between two halvings of all counts, an integer in 1..2^32. Default 100,000. */
  readonly window?: number | undefined;
}

export interface HotKey {
  readonly key: string;
  /** Of all that was recorded; never more than the true share. */
  readonly share: number;
  /** The true share is at most this much larger. */
  readonly error: number;
}

export interface HotKeys {
  /**
   * Counts a key. O(1) amortised for a `count` of 1, else O(counters).
   *
   * Throws TypeError for a key that is no string, PlacementError BAD_OPTION for a count that is no integer in 1..2^32.
   */
  record(key: string, count?: number): void;
  /** The `k` keys with the largest shares, the largest first. O(counters * log counters). */
  top(): HotKey[];
  /** The share of a key, which is too low by no more than the `error` that `top` tells; 0 when it has no counter. */
  share(key: string): number;
  /**
   * Among how many of `nodes` nodes to spread a key: 1 for nearly all, more for one whose share would weigh on a node,
   * all of them for the hottest. Take that many by `locateN` and one of those by `leastLoaded`. Of the first few records
   * every key has a large share: ask only once there are some thousands.
   *
   * Throws PlacementError BAD_OPTION unless nodes is an integer in 1..2^20.
   */
  parts(key: string, nodes: number): number;
}

/**
 * Counts of keys, none yet. Bounded memory: `counters` keys and their counts.
 *
 * @throws {PlacementError} BAD_OPTION
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { hotKeys } from '@loadbearing/consistent-hash';
 * const hot = hotKeys();
 * for (let i = 0; i < 9000; i++) hot.record(i % 3 === 0 ? 'popular' : `user:${String(i)}`);
 * assert.equal(hot.top()[0]?.key, 'popular'); // a third of all
 * assert.equal(hot.parts('popular', 10), 10);
 * assert.equal(hot.parts('user:1', 10), 1);
 * ```
 */
export function hotKeys(options: HotKeysOptions = {}): HotKeys {
  const k = requireInteger('k', options.k ?? 16, 1, 4096);
  const counters = requireInteger('counters', options.counters ?? 8 * k, k, 65_536);
  const window = requireInteger('window', options.window ?? 100_000, 1, 2 ** 32);
  const counts = new Map<string, number>();
  /** Halved with the counts, exactly. */
  let total = 0;
  /** How often every counter lost one; halved too. No count is further below the truth. */
  let decrements = 0;
  /** Records until the next halving. */
  let left = window;

  const change = (next: (counted: number) => number): void => {
    counts.forEach((counted, key) => {
      const value = next(counted);
      if (value > 0) counts.set(key, value);
      else counts.delete(key);
    });
  };

  const share = (key: string): number => (counts.get(key) ?? 0) / (total || 1);

  return {
    record(key, count = 1) {
      if (typeof key !== 'string') throw new TypeError(`a key must be a string; got ${typeof key}`);
      total += requireInteger('count', count, 1, 2 ** 32);
      counts.set(key, (counts.get(key) ?? 0) + count);
      if (counts.size > counters) {
        // One too many: all lose as much as the least of them has, which is the newcomer if it counts 1.
        let loss = count;
        if (count > 1) for (const counted of counts.values()) loss = Math.min(loss, counted);
        decrements += loss;
        change((counted) => counted - loss);
      }
      if (--left > 0) return;
      left = window;
      total /= 2;
      decrements = decrements / 2 + 1;
      change((counted) => Math.floor(counted / 2));
    },

    top() {
      const keys = [...counts.keys()].sort((a, b) => share(b) - share(a)).slice(0, k);
      return keys.map((key) => ({ key, share: share(key), error: decrements / total }));
    },

    share,

    parts(key, nodes) {
      const load = share(key) * requireInteger('nodes', nodes, 1, 2 ** 20);
      return load <= 0.25 ? 1 : Math.min(nodes, Math.ceil(8 * load));
    },
  };
}

export { PlacementError } from './errors.ts';
export type { PlacementErrorCode } from './errors.ts';
