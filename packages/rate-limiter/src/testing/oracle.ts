/**
 * What an oracle answers: the law of one limit for one key, in the plainest terms, to compare a store with.
 *
 * Times are whole milliseconds, costs whole units. An oracle knows no bounds, no eviction and no representation.
 */
export interface Oracle {
  /** Milliseconds until `cost` fits: 0 = now, Infinity = never. */
  delay(nowMs: number, cost: number): number;
  /** Spends `cost` at `nowMs + waitMs`, whether or not it fits. */
  charge(nowMs: number, cost: number, waitMs?: number): void;
  /** Gives back a charge of `cost` at `startMs`; `lastMs` = newest start promised in any limit of the key. */
  credit(nowMs: number, cost: number, startMs: number, lastMs: number): void;
  remaining(nowMs: number): number;
  /** Milliseconds until full quota. */
  reset(nowMs: number): number;
  /** The newest time at which a unit was promised to start, at least `nowMs`. */
  newestStart(nowMs: number): number;
}
