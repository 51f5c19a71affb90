/**
 * What a limiter asks of a store: the state of many keys for one list of limits, and the transition run on it.
 *
 * Binding gives each limiter a space of its own: two limiters on one store object never see each other's keys, and a
 * limiter whose limits have changed begins anew, because the numbers it would find mean something else. The fingerprint
 * says which limits the numbers belong to.
 *
 * A store in this process answers at once and is told the time. A store elsewhere answers later and tells the time
 * itself: the clocks of those who share it may differ, its own is one.
 */
import type { Clock } from './environment.ts';
import { fingerprintOf, type Limit } from './limits.ts';
import type { Op, Outcome } from './transition.ts';

export interface StoreSpec {
  /** The limiter's namespace. */
  readonly name: string;
  readonly limits: readonly Limit[];
  /** 8 hexadecimal digits that differ, almost surely, when the limits differ. */
  readonly fingerprint: string;
  /** The limiter's clock. */
  readonly clock: Clock;
}

export function specFor(name: string, limits: readonly Limit[], clock: Clock): StoreSpec {
  return { name, limits, fingerprint: fingerprintOf(limits), clock };
}

export interface BoundSyncStore {
  /** Applies one operation at `nowMs` and writes the answer into `out`. */
  apply(key: string, op: Op, cost: number, arg: number, nowMs: number, out: Outcome): void;
  /** `apply` of a take of which only `ok` is asked: the hot path, which should allocate nothing. */
  tryTake(key: string, cost: number, nowMs: number): boolean;
  /** Forgets the key: it has full quota and is not blocked. */
  reset(key: string): void;
  /** Keys held in this process. */
  readonly size: number;
  /** Keys forgotten although their quota was not yet full again, because the store was. Counts up. */
  readonly evictedLive: number;
  /** The clock by which its states are kept, when others share them; the limiter's default, then. */
  readonly clock?: Clock;
}

export interface SyncStore {
  readonly sync: true;
  bind(spec: StoreSpec): BoundSyncStore;
}

/**
 * The answer of a store elsewhere. It tells the time, since who waits for `startMs` has to know how far off that is:
 * `startMs - nowMs`, whatever the clocks of store and process.
 */
export interface AsyncOutcome extends Outcome {
  /** The store's time at which the operation was applied. */
  nowMs: number;
}

export interface BoundAsyncStore {
  /**
   * Applies one operation at the store's time. The outcome is a new object. Rejects when the store fails or answers
   * what is no outcome; what becomes of the operation is then unknown.
   */
  apply(key: string, op: Op, cost: number, arg: number): Promise<AsyncOutcome>;
  /** Forgets the key. */
  reset(key: string): Promise<void>;
  /** A refusal of a take that the store need not be asked about, because it gave it a moment ago. */
  recall?(key: string, cost: number): Outcome | undefined;
}

export interface AsyncStore {
  readonly sync: false;
  bind(spec: StoreSpec): BoundAsyncStore;
}
