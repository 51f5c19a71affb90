/**
 * Trips: requests on their way to the origin, and the requests that wait for one of them (RFC 9111, 4: collapsing).
 *
 * A trip does two things. It may be joined: requests for the same URI and the same selecting fields wait for it, at
 * most `collapseMs`, and then look into the store again. And it may be detached: an invalidation that happens while it
 * is under way forbids it to store what it brings, since the origin may have answered before the change.
 *
 * Waiting is a bet that the answer can be shared. A URI whose last answer could not is remembered (a bounded number of
 * them) and its requests go forward side by side until one can; otherwise each would wait for a stranger's page first,
 * and a popular page that must not be cached would be served one by one.
 */
import { LruCache } from '../lru-cache.ts';
import type { Timers } from '../types.ts';

/**
 * What a trip has to say to those who wait. 'shared': look into the store. 'left': its client went away or its result
 * was forbidden, so somebody else must go. 'unshared', 'late': go yourself, and do not wait again. 'refused': the
 * origin answered with an error that a stale response can stand in for. `error`: the origin could not be asked.
 */
export type TripOutcome = 'shared' | 'left' | 'unshared' | 'late' | 'refused' | { readonly error: unknown };

const UNSHARED_MAX = 1024;

export class Trip {
  declare readonly key: string;
  /** Under which it may be joined; undefined = by nobody. */
  declare readonly joint: string | undefined;
  /** Whether it may store what it brings. */
  attached = true;
  readonly waiters: Set<(outcome: TripOutcome) => void> = new Set();
  private readonly ends: (() => void)[] = [];
  private ended = false;

  constructor(key: string, joint: string | undefined) {
    this.key = key;
    this.joint = joint;
  }

  onEnd(call: () => void): void {
    if (this.ended) call();
    else this.ends.push(call);
  }

  end(): void {
    this.ended = true;
    for (const call of this.ends.splice(0)) call();
  }
}

export class Trips {
  private readonly active = new Set<Trip>();
  private readonly joinable = new Map<string, Trip>();
  private readonly unshared = new LruCache<string, true>({ max: UNSHARED_MAX });
  declare private readonly timers: Timers;
  declare private readonly collapseMs: number;

  constructor(timers: Timers, collapseMs: number) {
    this.timers = timers;
    this.collapseMs = collapseMs;
  }

  /** A trip that a request could wait for. */
  find(key: string, joint: string): Trip | undefined {
    return this.collapseMs === 0 || this.unshared.has(key) ? undefined : this.joinable.get(joint);
  }

  /** Whether somebody is on the way for this. */
  isUnderWay(joint: string): boolean {
    return this.joinable.has(joint);
  }

  start(key: string, joint: string | undefined): Trip {
    const trip = new Trip(key, joint);
    this.active.add(trip);
    if (joint !== undefined && !this.joinable.has(joint)) this.joinable.set(joint, trip);
    return trip;
  }

  /** Calls `done` once, with the trip's outcome or 'late'; the function returned stops waiting. */
  wait(trip: Trip, done: (outcome: TripOutcome) => void): () => void {
    const stop = (): void => {
      trip.waiters.delete(settle);
      this.timers.clear(timer);
    };
    const settle = (outcome: TripOutcome): void => {
      stop();
      done(outcome);
    };
    const timer = this.timers.set(() => {
      // One that takes so long may hang, and then everybody who comes would wait for it first.
      this.close(trip);
      settle('late');
    }, this.collapseMs);
    trip.waiters.add(settle);
    return stop;
  }

  /** Tells the waiters; from now on nobody joins. */
  release(trip: Trip, outcome: TripOutcome): void {
    this.close(trip);
    if (outcome === 'unshared' && trip.joint !== undefined) this.unshared.set(trip.key, true);
    if (outcome === 'shared') this.unshared.delete(trip.key);
    for (const settle of [...trip.waiters]) settle(outcome);
  }

  /** The trip is over: nothing more will be stored. Who still waits is told that its client left. */
  end(trip: Trip): void {
    this.release(trip, 'left');
    this.active.delete(trip);
    trip.end();
  }

  /** Forbids the trips under way for this URI to store. O(trips). */
  detach(key: string): void {
    for (const trip of this.active) {
      if (trip.key !== key) continue;
      trip.attached = false;
      this.release(trip, 'left');
    }
  }

  /** From now on nobody joins. */
  private close(trip: Trip): void {
    if (trip.joint !== undefined && this.joinable.get(trip.joint) === trip) this.joinable.delete(trip.joint);
  }
}
