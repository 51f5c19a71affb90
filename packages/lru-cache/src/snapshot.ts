/**
 * Snapshots: going over the entries of a store while anything may happen to it, and taking them elsewhere.
 *
 * Iteration notes the keys first, O(size) memory, and looks each up again when its turn comes: no repeats, no error
 * under any mutation, and what was removed or expired meanwhile is skipped. A dump says how long each entry has left
 * rather than when it ends, since clocks of two processes have nothing to do with each other; only the time between
 * dump and load is measured by the wall, and a wall clock that stepped back counts as no time at all.
 */
import type { SlotStore } from './slot-store.ts';
import type { CacheDump, CacheStats } from './types.ts';

/** Live entries, newest first. */
export function* liveEntries<K, V>(store: SlotStore<K, V>): IterableIterator<[K, V]> {
  const keys: K[] = [];
  for (let slot = store.older(0); slot !== 0; slot = store.older(slot)) keys.push(store.key(slot));
  for (const key of keys) {
    const slot = store.seek(key);
    if (slot !== 0) yield [key, store.value(slot)];
  }
}

/** What a store knows of the figures that a cache tells. */
export function figuresOf<K, V>(
  store: SlotStore<K, V>,
): Pick<CacheStats, 'expired' | 'evictions' | 'size' | 'weight' | 'index'> {
  const { expired, evictions, size, weight, index } = store;
  return { expired, evictions, size, weight, index };
}

/** Live entries, oldest first. O(size). */
export function dumpOf<K, V>(store: SlotStore<K, V>, wallNow: number): CacheDump<K, V> {
  const entries: [K, V, number | null, number][] = [];
  const now = store.clock.now();
  for (let slot = store.oldest(); slot !== 0; slot = store.newer(slot)) {
    const left = store.deadline(slot) - now;
    if (left <= 0) continue;
    entries.push([store.key(slot), store.value(slot), left === Infinity ? null : left, store.weightOf(slot)]);
  }
  return { version: 1, wallNow, entries };
}

/** What of a checked dump is still alive, with the milliseconds each has left; Infinity = never ends. */
export function* survivors<K, V>(
  dump: CacheDump<K, V>,
  wallNow: number,
): IterableIterator<[key: K, value: V, left: number, weight: number]> {
  const away = Math.max(0, wallNow - dump.wallNow);
  for (const [key, value, remainingMs, weight] of dump.entries) {
    const left = remainingMs === null ? Infinity : remainingMs - away;
    if (left > 0) yield [key, value, left, weight];
  }
}
