/**
 * The operations that others are made of: reading an entry, writing one, fetching one, going over all.
 *
 * Each says what it did in a `status`, if there is one; that `get`, `set` and the like were what was asked for is said by
 * the cache, because `fetch`, `memo` and `find` come by here too. The order in which the clock is read, the list
 * changed and callbacks are called is lru-cache's, as far as a program can tell.
 */
import { startFetch } from './background-fetch.ts';
import type { BackgroundFetch } from './background-fetch.ts';
import type { Entries } from './entries.ts';
import { inherit, isPositiveInteger, sizeOf } from './options.ts';
import type { FixedOptions, Settings } from './options.ts';
import { answered } from './status.ts';
import type * as T from './types.ts';
import type { NonNullish } from './types.ts';
import { walk } from './walk.ts';

export class Operations<K extends NonNullish, V extends NonNullish, FC> {
  declare private readonly settings: Settings<K, V>;
  declare private readonly fixed: FixedOptions<K, V, FC>;
  declare private readonly entries: Entries<K, V, FC>;

  constructor(settings: Settings<K, V>, fixed: FixedOptions<K, V, FC>, entries: Entries<K, V, FC>) {
    this.settings = settings;
    this.fixed = fixed;
    this.entries = entries;
  }

  read(k: K, o: T.GetOptionsShape<K, V, FC>, status: T.StatusShape<K, V, FC> | undefined): V | undefined {
    const entries = this.entries;
    const { store, ages } = entries;
    const slot = store.find(k);
    if (slot === 0) {
      if (status !== undefined) status.get = 'miss';
      return undefined;
    }
    const fetching = entries.fetchIn(slot) !== undefined;
    const value = entries.visible(slot);
    ages.tell(status, slot);
    if (ages.isStale(slot)) {
      const allowed = o.allowStale ?? this.settings.allowStale;
      if (status !== undefined) {
        status.get = fetching ? 'stale-fetching' : 'stale';
        if (allowed && value !== undefined) status.returnedStale = true;
      }
      if (!fetching && !(o.noDeleteOnStaleGet ?? this.settings.noDeleteOnStaleGet)) entries.delete(k, 'expire');
      return allowed ? value : undefined;
    }
    if (status !== undefined) status.get = fetching ? 'fetching' : 'hit';
    store.use(slot);
    if (o.updateAgeOnGet ?? this.settings.updateAgeOnGet) ages.restart(slot);
    return value;
  }

  write(
    k: K,
    v: V | undefined,
    o: T.SetOptionsShape<K, V, FC>,
    status: T.StatusShape<K, V, FC> | undefined,
    by?: BackgroundFetch<V>,
  ): void {
    const entries = this.entries;
    if (v === undefined) {
      if (status !== undefined) status.set = 'deleted';
      entries.delete(k, 'delete');
      return;
    }
    answered(status, v);
    const size = this.sizeOf(v, k, o);
    if (size > this.largest()) {
      if (status !== undefined) Object.assign(status, { set: 'miss', maxEntrySizeExceeded: true });
      entries.delete(k, 'set');
      return;
    }
    const quiet = o.noDisposeOnSet ?? this.settings.noDisposeOnSet;
    let slot = entries.store.find(k);
    let reason = slot === 0 ? undefined : entries.replace(slot, v, size, quiet, by, status);
    const fresh = reason === undefined;
    if (reason === undefined) {
      slot = entries.add(k, v, size, status);
      reason = 'add';
    }
    if (status !== undefined) status.set = reason;
    entries.inserted(v, k, reason);
    const keep = !fresh && (o.noUpdateTTL ?? this.settings.noUpdateTTL);
    entries.ages.set(slot, o.ttl ?? this.settings.ttl, o.start, keep);
    entries.ages.tell(status, slot);
    // What a quiet set evicted is told of by the next operation.
    if (!quiet) entries.finish();
  }

  /** 1 where sizes do not matter. */
  private sizeOf(v: V | undefined, k: K, o: T.SetOptionsShape<K, V, FC>): number {
    const calculate = o.sizeCalculation ?? this.settings.sizeCalculation;
    if (!this.entries.sized) {
      if (o.size || calculate !== undefined) throw new TypeError('a size needs maxSize or maxEntrySize; got neither');
      return 1;
    }
    if (v === undefined) return isPositiveInteger(o.size) ? o.size : this.settings.backgroundFetchSize;
    return sizeOf(v, k, o.size, calculate);
  }

  private largest(): number {
    return this.entries.sized
      ? Math.min(this.settings.maxEntrySize || Infinity, this.fixed.maxSize || Infinity)
      : Infinity;
  }

  /** Starts a background fetch in the key's slot. */
  start(
    k: K,
    slot: number,
    stale: V | undefined,
    method: T.FetcherShape<K, V, FC>,
    o: T.FetchOptionsShape<K, V, FC>,
  ): BackgroundFetch<V> {
    const entries = this.entries;
    const options = inherit<K, V, FC>(this.settings, o);
    const fetch = startFetch(entries, method, k, stale, options, o.context as FC, (value, by) =>
      this.write(k, value, options, options.status, by),
    );
    const at = entries.store.find(k);
    if (at !== 0) {
      // Over a value that the method has put there itself, too: lru-cache does, and tells nobody.
      if (at === slot) {
        fetch.slot = slot;
        entries.store.setValue(slot, fetch);
      }
      return fetch;
    }
    const weight = this.sizeOf(undefined, k, o);
    if (weight > this.largest()) {
      entries.finish();
      return fetch;
    }
    fetch.slot = entries.add(k, fetch, weight);
    entries.ages.set(fetch.slot, options.ttl ?? 0);
    if (options.noDisposeOnSet !== true) entries.finish();
    return fetch;
  }

  *each(backwards: boolean, fetching: boolean): Generator<[K, V], void, unknown> {
    const entries = this.entries;
    for (const slot of walk(entries, backwards)) {
      if (!this.settings.allowStale && entries.ages.isStale(slot)) continue;
      const value = !fetching && entries.fetchIn(slot) !== undefined ? undefined : entries.visible(slot);
      if (value === undefined) continue;
      yield [entries.store.key(slot), value];
    }
  }
}
