/**
 * Going over the entries while the body of the loop may do anything to them.
 *
 * The first step costs O(1), for programs that ask `keys().next()` for the newest key or `rkeys().next()` for the
 * oldest. If there is a second, the keys still to come are noted then, and each is looked up when its turn comes: what
 * has been removed is skipped, what has been used does not come again, what is new does not come at all. (lru-cache
 * follows its links as they are at each step: a `get` in the body can make that go round for ever.)
 */
import type { Entries } from './entries.ts';

/** Slots, newest first or, with `backwards`, oldest first. */
export function* walk<K, V, FC>({ store }: Entries<K, V, FC>, backwards: boolean): Generator<number, void, undefined> {
  const next = (slot: number): number => (backwards ? store.newer(slot) : store.older(slot));
  const first = next(0);
  if (first === 0) return;
  const firstKey = store.key(first);
  const second = next(first);
  const secondKey = store.key(second);
  yield first;
  // Whichever of the two is still where it was leads on.
  const at = [first, second].find((slot, i) => slot !== 0 && store.find(i === 0 ? firstKey : secondKey) === slot);
  const keys: K[] = [];
  for (let slot = at === first ? next(first) : (at ?? 0); slot !== 0; slot = next(slot)) keys.push(store.key(slot));
  for (const key of keys) {
    const slot = store.find(key);
    if (slot !== 0) yield slot;
  }
}
