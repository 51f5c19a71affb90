/**
 * The words of the engine: options, handles, outcomes.
 *
 * An engine that was opened is a worker: it claims and executes runs. One that was not is a client: it starts runs
 * (for workers to take), signals, cancels, resolves, reads and waits. Expected outcomes are values; what is thrown is
 * a mistake of the caller or the end of the store.
 */
import type { Outcome } from './outcome.ts';
import type { Journal } from './records.ts';
import type { RunPage, RunQuery, SagaStore, SendAnswer } from './store.ts';
import type { Clock } from './system.ts';
import type { Telemetry } from './telemetry.ts';
import type { Json, Saga } from './types.ts';

export interface EngineOptions {
  readonly store: SagaStore;
  /** The definitions this engine knows; a worker takes runs of exactly these kinds. */
  readonly sagas: readonly Saga[];
  /** A name for people; a random incarnation is added. Default: `worker`. */
  readonly worker?: string;
  /** After how long without a sign of life another worker may take the runs over, 1 000 to 600 000. Default: 30 000. */
  readonly leaseMs?: number;
  /** Runs in memory, 1 to 100 000; beyond it `start` leaves runs to whoever has room. Default: 4096. */
  readonly activeMax?: number;
  /** A run that waits longer than this is given back to the store meanwhile. Default: 5 000. */
  readonly holdMs?: number;
  /** How often to look for work, and for ends, without a hint, 1 to 600 000. Default: 1 000. */
  readonly pollMs?: number;
  /** Largest input, result or signal as JSON, 1 024 to 1 048 576. Default: 262 144. */
  readonly entryBytesMax?: number;
  /** How many workers in a row may die at one place before the run is stuck, 0 to 1 000. Default: 5. */
  readonly orphanClaimsMax?: number;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly telemetry?: Telemetry;
}

export interface Handle<Res> {
  readonly id: string;
  /** False when a run with this id and input was there before. */
  readonly created: boolean;
  /**
   * Waits for the end, or until the run is stuck. Also for ends that came before the call, in whichever process.
   *
   * @throws SagaError SAGA_UNKNOWN_RUN, SAGA_UNKNOWN_KIND (the run is of another kind), SAGA_CLOSED; the signal's
   *   reason when aborted, which stops the waiting, not the run.
   */
  result(o?: { readonly signal?: AbortSignal }): Promise<Outcome<Res>>;
}

/** What a person decides about a stuck run. `skip` is for undos; `done` for steps, with the result they are to have. */
export type Resolution = { readonly by: string } & (
  { readonly action: 'retry' } | { readonly action: 'skip' } | { readonly action: 'done'; readonly result: Json }
);

export interface Engine {
  /** Becomes a worker. @throws what the store throws; SagaError SAGA_CLOSED. */
  open(): Promise<void>;

  /**
   * Starts a run, once per id: the same id with the same input answers `created: false` and disturbs nothing.
   * Resolves when the run is as durable as the store makes it.
   *
   * @throws SagaError SAGA_ID_CONFLICT when the id is taken by another kind or input, SAGA_INPUT_TOO_LARGE,
   *   SAGA_UNKNOWN_KIND, SAGA_CLOSED, SAGA_STORE_FAILED; and what `parse` throws: nothing is stored then.
   */
  start<N extends string, In, Res, W>(
    saga: Saga<N, In, Res, W>,
    input: In,
    o: { readonly id: string },
  ): Promise<Handle<Res>>;

  /** A handle on a run by its id, whether it exists or not. */
  handle<N extends string, In, Res, W>(saga: Saga<N, In, Res, W>, id: string): Handle<Res>;

  /**
   * Gives a waiting run what it waits for, or will wait for. Sent twice with one `dedupe` (default: the name of the
   * wait) it counts once.
   *
   * @throws what the wait's `parse` throws; SagaError SAGA_INPUT_TOO_LARGE.
   */
  signal<N extends string, In, Res, W, K extends keyof W & string>(
    saga: Saga<N, In, Res, W>,
    id: string,
    wait: K,
    value: W[K],
    o?: { readonly dedupe?: string },
  ): Promise<'accepted' | Exclude<SendAnswer, 'stored'>>;

  /** Asks for the run to be undone. A race with the pivot is settled by the journal and shown by `result()`. */
  cancel(id: string, why: string): Promise<'requested' | 'too-late' | 'ended' | 'unknown'>;

  /**
   * Answers a stuck run. `not-stuck` also when somebody has answered it already.
   *
   * @throws TypeError when the action does not fit the direction the run is stuck in.
   */
  resolve(id: string, decision: Resolution): Promise<'accepted' | 'not-stuck' | 'unknown'>;

  journal(id: string): Promise<Journal | null>;
  list(query: RunQuery): Promise<RunPage>;

  /** Forgets runs that ended before this time of the store; answers how many. */
  prune(endedBeforeMs: number): Promise<number>;

  /**
   * Stops: no new work, running handlers get `graceMs` (5 000) to settle and are then aborted, and open runs are
   * handed to other workers. The store stays open; it belongs to the caller.
   */
  close(o?: { readonly graceMs?: number }): Promise<void>;
}
