/**
 * What every algorithm is: five functions on a few integers.
 *
 * The state of a key is a short vector of non-negative integers, and for a sliding log a ring of times. All zeros (no
 * ring) means full quota. That one rule makes memory manageable: an entry that has drained can be forgotten, and a key
 * never seen needs no entry, without any request being decided differently.
 *
 * States of many keys lie side by side in one array; `at` is the index where this limit's words for this key begin
 * (or, for an algorithm with a ring and no words, the index of its ring). The functions change the state in place, and
 * are otherwise pure: time comes in as `nowMs`, a whole number of milliseconds, and nothing else is read.
 *
 * Time may step back. No function may then give quota away or move a stored time backwards.
 */
import type { Ring } from './ring.ts';

export interface State {
  words: Float64Array;
  rings: (Ring | undefined)[];
}

export interface Algorithm {
  /** Words per key; 0 when the state is a ring. */
  readonly words: 0 | 1 | 2 | 3;
  /** Whether units can be promised to a later time ({@link charge} with `waitMs` above 0). */
  readonly reservable: boolean;
  /** Whether it has a quota to report. A blocklist has none. */
  readonly counts: boolean;
  /** Milliseconds until `cost` fits, if nothing else is spent: 0 = now, Infinity = never. */
  delay(state: State, at: number, nowMs: number, c: Float64Array, cost: number): number;
  /** Spends `cost` at `nowMs + waitMs`, whether or not it fits. */
  charge(state: State, at: number, nowMs: number, c: Float64Array, cost: number, waitMs: number): void;
  /**
   * Gives back what a charge of `cost` at `startMs` still contributes. `lastMs` is the newest time at which any unit
   * of this key, in any of its limits, was promised to start: what was promised after `startMs` relied on the charge.
   */
  credit(state: State, at: number, nowMs: number, c: Float64Array, cost: number, startMs: number, lastMs: number): void;
  /** Whole units left now. */
  remaining(state: State, at: number, nowMs: number, c: Float64Array): number;
  /** Milliseconds until full quota, 0 = drained: this state and all zeros decide alike from now on. */
  reset(state: State, at: number, nowMs: number, c: Float64Array): number;
  /** The newest time at which a unit was promised to start; absent where units only ever start now. */
  newestStart?(state: State, at: number, nowMs: number, c: Float64Array): number;
}
