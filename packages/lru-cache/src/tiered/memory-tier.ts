/**
 * A tier in this process: for tests, for a single machine, and as the shortest implementation to read.
 *
 * Nothing but the cells of `fence.ts` in a bounded cache. A cell that is evicted takes its value, fence and lease along,
 * which a tier may always do: a lost value is a miss, a lost fence a refused fill, a lost lease one load more. Methods
 * are atomic because they run to their end before they return.
 */
import { requireDuration, requireFunction, requireMethods } from '../check.ts';
import { exactClock, systemRandom } from '../environment.ts';
import { LruCache } from '../lru-cache.ts';
import type { Clock } from '../types.ts';
import { type Cell, emptyCell, fill, read } from './fence.ts';
import type { RemoteTier } from './remote-tier.ts';
import { token } from './token.ts';

export interface MemoryTierOptions {
  /** Most keys, and most tags, an integer in 1..2^26. Default 10000. */
  readonly max?: number;
  /** Milliseconds, default 60000. */
  readonly fenceMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface MemoryTier extends Required<RemoteTier> {
  /** Loses everything, as a store does that is restarted. */
  flush(): void;
}

/**
 * A tier in this process. Every call is O(1), or O(keys) with several.
 *
 * @throws TypeError or RangeError when an option is of the wrong type or out of range.
 */
export function memoryTier(options: MemoryTierOptions = {}): MemoryTier {
  const { max = 10_000 } = options;
  const fenceMs = requireDuration('fenceMs', options.fenceMs ?? 60_000);
  const clock = requireMethods('clock', options.clock, ['now']) ?? exactClock;
  const random = requireFunction('random', options.random) ?? systemRandom;
  const cells = new LruCache<string, Cell>({ max, clock });
  const tags = new LruCache<string, string>({ max, clock });
  const cell = (key: string): Cell => cells.get(key) ?? emptyCell;
  return {
    fenceMs,
    async read(key, leaseMs, unlike) {
      const [next, answer] = read(cell(key), clock.now(), { token: token(random), fenceMs, leaseMs, unlike });
      cells.set(key, next);
      return answer;
    },
    async fill(key, value, ttlMs, fence) {
      const next = fill(cell(key), clock.now(), value, ttlMs, fence);
      if (next !== undefined) cells.set(key, next);
      return next !== undefined;
    },
    async remove(keys) {
      for (const key of keys) cells.delete(key);
    },
    async release(key) {
      cells.set(key, { ...cell(key), leaseUntil: -Infinity });
    },
    async versions(names, ttlMs) {
      return names.map((tag) => {
        const version = tags.get(tag) ?? token(random);
        tags.set(tag, version, { ttl: ttlMs });
        return version;
      });
    },
    async renew(names) {
      for (const tag of names) tags.delete(tag);
    },
    flush() {
      cells.clear();
      tags.clear();
    },
  };
}
