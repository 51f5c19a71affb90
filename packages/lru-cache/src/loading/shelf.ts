/**
 * Shelf: what is held of each key, over the store of slots.
 *
 * A value lies in its slot as it is, with nothing around it. The slot's deadline is when the value is gone for good;
 * its freshness ends a constant before that, the longer of the two stale windows, so no second time is kept. What is
 * not a plain value is a `Mark`: absence, which is one object for all keys, or a failure and what is held beside it, the
 * value of before if there is one. Such a slot lasts as long as the longer-lived of the two; a value that is over leaves
 * at the next look. Marks count toward `max` and weigh 1, or what the value in them weighed; whoever is
 * told of removals never sees them.
 *
 * How long loads took and how early values are refreshed are side arrays, there only when an option needs them.
 */
import { SlotStore } from '../slot-store.ts';
import type { RemovalReason } from '../types.ts';
import { noted } from '../widen.ts';
import { type Held, drawsRefresh, leadOf, standsIn } from './freshness.ts';
import type { Settings } from './options.ts';

export class Mark<V> {
  declare held: Held;
  declare value: V | undefined;
  /** When what is held beside the failure is gone. */
  declare readonly end: number;
  declare readonly error: unknown;
  declare readonly errorUntil: number;

  constructor(held: Held, value: V | undefined, end: number, error: unknown, errorUntil: number) {
    this.held = held;
    this.value = value;
    this.end = end;
    this.error = error;
    this.errorUntil = errorUntil;
  }
}

export class Shelf<K, V> {
  declare readonly store: SlotStore<K, V | Mark<V>>;
  /** From the end of freshness to the end. */
  declare readonly graceMs: number;
  inserts = 0;
  updates = 0;
  rejected = 0;
  declare private readonly settings: Settings<K, V>;
  private readonly absence = new Mark<V>('absent', undefined, Infinity, undefined, -Infinity);
  private loadTimes: Float32Array | undefined;
  private leads: Float32Array | undefined;

  constructor(settings: Settings<K, V>) {
    this.settings = settings;
    this.graceMs = Math.max(settings.staleWhileRevalidateMs, settings.staleIfErrorMs);
    if (settings.xfetchBeta > 0) this.loadTimes = new Float32Array(16);
    if (settings.refreshAhead !== undefined) this.leads = new Float32Array(16);
    // The store would tell the observer of marks too.
    this.store = new SlotStore({ ...settings, observer: undefined, onRemove: farewell(settings) });
  }

  /** The slot of a value that is fresh, 0 = none. Changes nothing. O(1). */
  fresh(key: K): number {
    const { store } = this;
    const slot = store.find(key);
    if (slot === 0) return 0;
    const held = store.value(slot);
    if (held instanceof Mark && held.held !== 'value') return 0;
    const end = held instanceof Mark ? held.end : store.deadline(slot);
    return end === Infinity || store.clock.now() < end - this.graceMs ? slot : 0;
  }

  /** The slot of a key after what is over has gone; 0 = none. Queues removals. O(1). */
  live(key: K, now: number): number {
    const { store } = this;
    const slot = store.find(key);
    if (slot === 0) return 0;
    if (now >= store.deadline(slot)) {
      store.remove(slot, 'expire');
      return 0;
    }
    const mark = this.markIn(slot);
    if (mark !== undefined && now >= mark.end) {
      if (mark.value !== undefined) store.notify(mark.value, key, 'expire');
      mark.held = 'nothing';
      mark.value = undefined;
    }
    return slot;
  }

  /** What is held of a key now; undefined = nothing at all. Changes nothing. O(1). */
  look(key: K, now: number): Held | undefined {
    const slot = this.store.find(key);
    if (slot === 0 || now >= this.store.deadline(slot)) return undefined;
    return now < this.end(slot) ? this.held(slot) : 'nothing';
  }

  /** The value that may be answered in place of a load that failed or is late. Changes nothing. O(1). */
  standIn(key: K): V | undefined {
    const slot = this.store.find(key);
    const fits = this.held(slot) === 'value' && standsIn(this.freshUntil(slot), this.store.clock.now(), this.settings);
    return fits ? this.value(slot) : undefined;
  }

  /** The value of a key that is not gone, fresh or not. Changes nothing. O(1). */
  last(key: K): V | undefined {
    const slot = this.store.find(key);
    return this.look(key, this.store.clock.now()) === 'value' ? this.value(slot) : undefined;
  }

  /** What is held in a slot that `live` answered. */
  held(slot: number): Held {
    return this.markIn(slot)?.held ?? 'value';
  }

  /** The value in a slot, fresh or not; undefined = none. */
  value(slot: number): V | undefined {
    const held = this.store.value(slot);
    return held instanceof Mark ? held.value : held;
  }

  freshUntil(slot: number): number {
    return this.held(slot) === 'value' ? this.end(slot) - this.graceMs : this.end(slot);
  }

  error(slot: number): unknown {
    return this.markIn(slot)?.error;
  }

  /** -Infinity = no failure is remembered. */
  errorUntil(slot: number): number {
    return this.markIn(slot)?.errorUntil ?? -Infinity;
  }

  private markIn(slot: number): Mark<V> | undefined {
    const held = this.store.value(slot);
    return held instanceof Mark ? held : undefined;
  }

  /** When what is held is gone, whatever failure is remembered beside it. */
  private end(slot: number): number {
    return Math.min(this.markIn(slot)?.end ?? Infinity, this.store.deadline(slot));
  }

  /** Whether a hit on this fresh value refreshes it behind: past `refreshAhead`, or drawn by XFetch; never while a failure is remembered. */
  refreshDue(slot: number): boolean {
    const { random, xfetchBeta } = this.settings;
    const now = this.store.clock.now();
    const remaining = this.freshUntil(slot) - now;
    if (now < this.errorUntil(slot) || remaining === Infinity) return false;
    if (remaining <= (this.leads?.[slot] ?? -1)) return true;
    return this.loadTimes !== undefined && drawsRefresh(remaining, this.loadTimes[slot] ?? 0, xfetchBeta, random());
  }

  /** Puts a value in, as the newest, in place of whatever is held. `loadMs`: 0 when it was not loaded. */
  put(key: K, value: V, life: number, weight: number, loadMs: number): void {
    const { max, clock } = this.store;
    const now = clock.now();
    const held = this.live(key, now);
    const known = held !== 0 && this.value(held) !== undefined;
    const slot = this.place(key, held, value, weight, now + life + this.graceMs);
    if (slot === 0) return;
    if (known) this.updates++;
    else this.inserts++;
    this.leads &&= noted(this.leads, slot, leadOf(life, this.settings.refreshAhead ?? 1), max);
    this.loadTimes &&= noted(this.loadTimes, slot, loadMs, max);
  }

  /** The source has no value: the one held leaves, and that there is none may be remembered. */
  putAbsent(key: K): void {
    const { absentTtlMs } = this.settings;
    const now = this.store.clock.now();
    const slot = this.live(key, now);
    if (absentTtlMs > 0) this.place(key, slot, this.absence, 1, now + absentTtlMs);
    else if (slot !== 0) this.store.remove(slot, 'replace');
  }

  /** Remembers a failure beside what is held, which keeps its times. */
  blame(key: K, error: unknown): void {
    const { store } = this;
    const { errorTtlMs } = this.settings;
    if (errorTtlMs === 0) return;
    const now = store.clock.now();
    const until = now + errorTtlMs;
    const slot = this.live(key, now);
    if (slot === 0 || this.held(slot) === 'nothing') {
      this.place(key, slot, new Mark<V>('nothing', undefined, -Infinity, error, until), 1, until);
      return;
    }
    const end = this.end(slot);
    store.setValue(slot, new Mark(this.held(slot), this.value(slot), end, error, until));
    store.setDeadline(slot, Math.max(end, until));
  }

  /** Puts something in place of whatever is held. Its slot; 0 = it is too heavy, and what it would have replaced is out of date all the same. */
  private place(key: K, held: number, put: V | Mark<V>, weight: number, deadline: number): number {
    const { store } = this;
    let slot = held;
    if (weight > this.settings.maxEntryWeight) {
      this.rejected++;
      if (slot !== 0) store.remove(slot, 'replace');
      return 0;
    }
    if (slot === 0) slot = store.insert(key, put, weight);
    else {
      const old = this.value(slot);
      if (old !== undefined && !Object.is(old, put)) store.notify(old, key, 'replace');
      store.replace(slot, put, weight);
    }
    store.setDeadline(slot, deadline);
    return slot;
  }
}

/** Tells of the values that leave, and of nothing else. */
function farewell<K, V>({
  observer,
  onRemove,
}: Settings<K, V>): ((held: V | Mark<V>, key: K, why: RemovalReason) => void) | undefined {
  if (onRemove === undefined && observer?.remove === undefined) return undefined;
  return (held, key, why) => {
    const value = held instanceof Mark ? held.value : held;
    if (value === undefined) return;
    observer?.remove?.(key, why);
    onRemove?.(value, key, why);
  };
}
