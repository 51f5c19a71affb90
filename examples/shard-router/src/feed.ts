/** What the world tells the page, five times a second, as the JSON of one server-sent event on /live. */
import type { ProcessState } from '@loadbearing-examples/page-kit/supervised.ts';

/** Slots `from` to `to`, both included, and their owner. */
export interface SlotRun {
  readonly from: number;
  readonly to: number;
  readonly id: string;
}

export interface Feed {
  readonly phase: 'loading' | 'idle' | 'moving' | 'done' | 'failed';
  /** Where the shards live. */
  readonly engine: 'redis' | 'memory';
  readonly servers: number;
  readonly epoch: number;
  /** Number of slots; `owners` covers them, ascending. */
  readonly count: number;
  readonly owners: readonly SlotRun[];
  /** Ids of all shards that exist, in the map or not yet. */
  readonly shards: readonly string[];
  /** Ids that the running migration leads to; null when none runs. */
  readonly goal: readonly string[] | null;
  /** What the mover did last: its step and the slots of the batch. */
  readonly step: {
    readonly kind: 'claim' | 'copy' | 'freeze' | 'switch' | 'clean';
    readonly slots: readonly number[];
  } | null;
  readonly rows: number;
  /** Rows whose owner changed since the migration began, and the least that it could be. */
  readonly movedRows: number;
  readonly optimalRows: number;
  readonly operations: {
    readonly reads: number;
    readonly writes: number;
    readonly deletes: number;
    readonly perSecond: number;
  };
  /** Operations that failed or whose outcome is unknown, because a process was killed or a slot stayed closed. */
  readonly unanswered: number;
  readonly violations: { readonly lost: number; readonly stale: number; readonly resurrected: number };
  readonly p99Ms: number | null;
  readonly idleP99Ms: number | null;
  readonly router: ProcessState;
  readonly mover: ProcessState;
  /** Operations on each slot since the last event, in at most 256 equal groups of neighbouring slots. */
  readonly heat: readonly number[];
}

/** POST /api/shards. Answers 202 with the new epoch, 409 while a migration runs, 400 with `{ error }`. */
export interface ChangeShards {
  readonly action: 'add' | 'remove';
  /** Which to remove; without one, the last. */
  readonly id?: string;
}

/** POST /api/kill: SIGKILL now; the world starts it again. Answers 202. */
export interface Kill {
  readonly process: 'router' | 'mover';
}
