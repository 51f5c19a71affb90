/**
 * What a limiter asks of a store that lives in its process.
 *
 * A store keeps the state of many keys for one list of limits and runs the transition on it. Binding gives each
 * limiter a space of its own: two limiters on one store object never see each other's keys.
 */
import type { Limit } from './limits.ts';
import type { Op, Outcome } from './transition.ts';

export interface StoreSpec {
  readonly name: string;
  readonly limits: readonly Limit[];
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
}

export interface SyncStore {
  readonly sync: true;
  bind(spec: StoreSpec): BoundSyncStore;
}
