/**
 * Ages: when each entry's ttl began, how long it is, and what time it is.
 *
 * Stale means `now - start > ttl`: an entry as old as its ttl is still good. An entry without ttl has the ttl 0.
 * Nothing is kept until the first ttl is set. A reading of the clock is kept for `ttlResolution` milliseconds, by a
 * timer; readings that become a start are always fresh. The native caches keep one deadline per slot instead; here
 * both parts have to be told (`dump`, `status`) and set (`start`, `noUpdateTTL`) one by one.
 */
import { systemTimers } from '../environment.ts';
import { Autopurge } from './autopurge.ts';
import type { EntryShape as Entry, Perf, StatusShape as Status } from './types.ts';

/** Read anew whenever they matter: both may be assigned. */
export interface AgeSettings {
  readonly ttlResolution: number;
  readonly ttlAutopurge: boolean;
}

export class Ages {
  declare private readonly perf: Perf;
  declare private readonly settings: AgeSettings;
  declare private readonly purge: (slot: number) => void;
  private readonly starts: number[] = [];
  private readonly ttls: number[] = [];
  /** Whether any ttl was ever set. */
  private on = false;
  private autopurge: Autopurge | undefined;
  /** 0 = to be asked. */
  private reading = 0;

  /** `purge` is called with a slot that has become stale, when ttlAutopurge is on. */
  constructor(perf: Perf, settings: AgeSettings, purge: (slot: number) => void) {
    this.perf = perf;
    this.settings = settings;
    this.purge = purge;
  }

  begin(): void {
    if (this.on) return;
    this.on = true;
    if (!this.settings.ttlAutopurge) return;
    this.autopurge = new Autopurge(this.perf, (slot) => {
      if (this.isStale(slot)) this.purge(slot);
      else this.autopurge?.schedule(slot, this.left(slot) + 1);
    });
  }

  /** Gives a slot a ttl, 0 = none; with `keep`, only learns that there are such things. */
  set(slot: number, ttl: number, start?: number, keep = false): void {
    if (ttl !== 0) this.begin();
    if (!this.on || keep || slot === 0) return;
    const { starts, ttls } = this;
    while (starts.length <= slot) {
      starts.push(0);
      ttls.push(0);
    }
    starts[slot] = ttl === 0 ? 0 : (start ?? this.perf.now());
    ttls[slot] = ttl;
    if (ttl === 0) this.autopurge?.cancel(slot);
    else this.autopurge?.schedule(slot, ttl + 1);
  }

  /** The ttl begins again. */
  restart(slot: number): void {
    if (this.ttls[slot]) this.starts[slot] = this.perf.now();
  }

  /** The slot is no longer used. */
  forget(slot: number): void {
    this.autopurge?.cancel(slot);
  }

  isStale(slot: number): boolean {
    return this.on && this.left(slot) < 0;
  }

  /** Milliseconds until stale, negative once it is; Infinity = never. */
  left(slot: number): number {
    const ttl = this.ttls[slot];
    return ttl ? ttl - (this.now() - (this.starts[slot] as number)) : Infinity;
  }

  tell<K, V, FC>(status: Status<K, V, FC> | undefined, slot: number): void {
    const ttl = this.ttls[slot];
    if (status === undefined || !ttl) return;
    const start = this.starts[slot] as number;
    const now = this.now();
    Object.assign(status, { ttl, start, now, remainingTTL: ttl - (now - start) });
  }

  /** What is left, for `info`. */
  inform<V>(entry: Entry<V>, slot: number): void {
    const ttl = this.ttls[slot];
    if (!ttl) return;
    Object.assign(entry, { ttl: ttl - (this.perf.now() - (this.starts[slot] as number)), start: Date.now() });
  }

  /** The ttl and the wall-clock time at which it began, for `dump`. */
  export<V>(entry: Entry<V>, slot: number): void {
    if (!this.on) return;
    const age = this.perf.now() - (this.starts[slot] ?? 0);
    Object.assign(entry, { ttl: this.ttls[slot] ?? 0, start: Math.floor(Date.now() - age) });
  }

  /** The start, by `perf`, of what began at this wall-clock time. */
  import(start: number | undefined): number | undefined {
    return start === undefined ? undefined : this.perf.now() - (Date.now() - start);
  }

  private now(): number {
    if (this.reading !== 0) return this.reading;
    const now = this.perf.now();
    if (this.settings.ttlResolution > 0) {
      this.reading = now;
      systemTimers.set(() => (this.reading = 0), this.settings.ttlResolution);
    }
    return now;
  }
}
