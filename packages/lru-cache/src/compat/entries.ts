/**
 * Entries: the slots with what lru-cache promises about them: who is told when a value comes or goes, and in which order.
 *
 * `dispose` is called in place, while the entry is still held; `disposeAfter` when the operation is over, in the same
 * order. That is why entries are evicted from here, before the store would have to: the store tells of removals when
 * they are over. Room is made before an entry is weighed, so both bounds hold whenever a callback looks.
 *
 * A slot holds a value or the background fetch that will bring one. Such a fetch is aborted with its entry; the value it
 * would replace is disposed of when the entry is evicted or overwritten, but not when it is deleted (lru-cache's rule).
 *
 * A callback that changes the cache in the middle of an operation breaks the rules, but not the cache: after each call it
 * is looked whether the entry is still there.
 */
import { SlotStore } from '../slot-store.ts';
import { Ages } from './ages.ts';
import type { AgeSettings } from './ages.ts';
import { BackgroundFetch } from './background-fetch.ts';
import type { FixedOptions } from './options.ts';
import type {
  DisposeReasonShape as DisposeReason,
  DisposeTask,
  EntryShape as Entry,
  InsertReasonShape as InsertReason,
  StatusShape as Status,
} from './types.ts';
import { walk } from './walk.ts';

export class Entries<K, V, FC> {
  declare readonly store: SlotStore<K, V | BackgroundFetch<V>>;
  declare readonly ages: Ages;
  /** Whether entries have sizes; otherwise each weighs 1, and no one is told. */
  declare readonly sized: boolean;
  declare private readonly fixed: FixedOptions<K, V, FC>;
  private readonly tasks: DisposeTask<K, V>[] = [];

  constructor(fixed: FixedOptions<K, V, FC>, settings: AgeSettings, sized: boolean) {
    this.fixed = fixed;
    this.sized = sized;
    this.store = new SlotStore({ max: fixed.bound, maxWeight: Infinity, clock: fixed.perf });
    this.ages = new Ages(fixed.perf, settings, (slot) => {
      this.take(slot, 'expire');
      this.finish();
    });
  }

  get weight(): number {
    return this.sized ? this.store.weight : 0;
  }

  /** The background fetch in a slot. */
  fetchIn(slot: number): BackgroundFetch<V> | undefined {
    if (this.fixed.fetchMethod === undefined) return undefined;
    const held = this.store.value(slot);
    return held instanceof BackgroundFetch ? held : undefined;
  }

  /** What a reader may see: the value, or the one that a background fetch will replace. */
  visible(slot: number): V | undefined {
    const held = this.store.value(slot);
    return held instanceof BackgroundFetch ? held.stale : held;
  }

  /** What can be told of the value in a slot, if there is one. */
  entry(slot: number): Entry<V> | undefined {
    const value = slot === 0 ? undefined : this.visible(slot);
    if (value === undefined) return undefined;
    return this.sized ? { value, size: this.store.weightOf(slot) } : { value };
  }

  /** Puts in a key that is not held. 0 when a callback has taken it out again. */
  add(key: K, value: V | BackgroundFetch<V>, weight: number, status?: Status<K, V, FC>): number {
    const { store } = this;
    while (store.size >= this.fixed.bound) this.take(store.oldest(), 'evict');
    const meanwhile = store.find(key);
    if (meanwhile !== 0) this.release(meanwhile);
    // It stands in the list while room is made for what it weighs, as in lru-cache.
    const slot = store.insert(key, value, this.sized ? 0 : 1);
    return this.resize(slot, key, weight, status) ? slot : 0;
  }

  /**
   * Stores a value in the place of another; `by` is the fetch that brings it, which need not be aborted. Undefined when
   * a callback has taken the entry out.
   */
  replace(
    slot: number,
    value: V,
    weight: number,
    tellNobody: boolean,
    by: BackgroundFetch<V> | undefined,
    status: Status<K, V, FC> | undefined,
  ): InsertReason | undefined {
    const { store } = this;
    const key = store.key(slot);
    store.use(slot);
    if (store.value(slot) === value) return 'update';
    const fetch = this.fetchIn(slot);
    const old = this.visible(slot);
    if (fetch !== by && !tellNobody) fetch?.abort('replaced');
    if (status !== undefined && old !== undefined) status.oldValue = old;
    if (old !== undefined && old !== value && !tellNobody) this.dispose(old, key, 'set');
    if (!this.resize(slot, key, weight, status)) return undefined;
    store.setValue(slot, value);
    return old === undefined ? 'add' : old === value ? 'update' : 'replace';
  }

  /** Tells of an entry and takes it out, unless a callback has done so. Its value, or the stale one of its fetch. */
  take(slot: number, reason: DisposeReason): V | undefined {
    const key = this.store.key(slot);
    const value = this.visible(slot);
    this.tell(slot, reason);
    if (this.store.find(key) === slot) this.release(slot);
    return value;
  }

  /** Whether there was anything to remove. */
  delete(key: K, reason: DisposeReason): boolean {
    const slot = this.store.find(key);
    if (slot !== 0) this.take(slot, reason);
    this.finish();
    return slot !== 0;
  }

  /** Tells of all first, as lru-cache does, then takes them out. */
  clear(): void {
    for (const slot of walk(this, true)) this.tell(slot, 'delete');
    for (let slot = this.store.oldest(); slot !== 0; slot = this.store.oldest()) this.release(slot);
    this.finish();
  }

  inserted(value: V, key: K, reason: InsertReason): void {
    this.fixed.onInsert?.(value, key, reason);
  }

  /** The operation is over: calls `disposeAfter` for what it disposed of. */
  finish(): void {
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) {
      this.fixed.disposeAfter?.(...task);
    }
  }

  /** Gives an entry its weight, and evicts others first until that fits. False when it is not there any more. */
  private resize(slot: number, key: K, weight: number, status: Status<K, V, FC> | undefined): boolean {
    const { store } = this;
    const most = this.fixed.maxSize || Infinity;
    const held = (): boolean => store.find(key) === slot;
    if (!this.sized) return held();
    while (held() && store.size > 1 && store.weight - store.weightOf(slot) + weight > most) {
      const oldest = store.oldest();
      this.take(oldest === slot ? store.newer(slot) : oldest, 'evict');
    }
    if (!held()) return false;
    store.reweigh(slot, weight);
    if (status !== undefined) Object.assign(status, { entrySize: weight, totalCalculatedSize: store.weight });
    return true;
  }

  /** Aborts a fetch, disposes of a value; and of what the fetch would replace, if it is evicted. */
  private tell(slot: number, reason: DisposeReason): void {
    const evicted = reason === 'evict';
    const key = this.store.key(slot);
    const value = this.visible(slot);
    const fetch = this.fetchIn(slot);
    fetch?.abort(evicted ? 'evicted' : 'deleted');
    if (value !== undefined && (evicted || fetch === undefined)) this.dispose(value, key, reason);
  }

  private dispose(value: V, key: K, reason: DisposeReason): void {
    this.fixed.dispose?.(value, key, reason);
    if (this.fixed.disposeAfter !== undefined) this.tasks.push([value, key, reason]);
  }

  private release(slot: number): void {
    this.ages.forget(slot);
    this.store.remove(slot, 'delete');
  }
}
