/** Several observers where the cache takes one: each is told in the order given. */
import type { CacheObserver } from '../types.ts';

export function combineObservers<K>(...observers: readonly CacheObserver<K>[]): CacheObserver<K> {
  return {
    miss: (key) => {
      for (const observer of observers) observer.miss?.(key);
    },
    remove: (key, reason) => {
      for (const observer of observers) observer.remove?.(key, reason);
    },
    loadStart: (key) => {
      for (const observer of observers) observer.loadStart?.(key);
    },
    loadEnd: (key, ms, outcome) => {
      for (const observer of observers) observer.loadEnd?.(key, ms, outcome);
    },
  };
}
