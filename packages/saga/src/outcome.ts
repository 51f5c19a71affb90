/**
 * Outcome: what those who wait for a run get to know.
 *
 * An end is final; stuck is not: somebody must `resolve` the run, and then its outcome can be waited for again.
 */
import { SagaError } from './errors.ts';
import { fold, resultsOf } from './evolve.ts';
import type { RunState } from './evolve.ts';
import { decodeRun } from './records.ts';
import type { StoredRun } from './store.ts';
import type { Reason } from './types.ts';

export type Outcome<Res> =
  | { readonly status: 'completed'; readonly results: Res }
  | { readonly status: 'compensated'; readonly reason: Reason }
  /** Not an end: somebody must `resolve` it; then `result()` can be waited on again. */
  | {
      readonly status: 'stuck';
      readonly step: string;
      readonly direction: 'forward' | 'undo';
      readonly message: string;
    };

/** Null while the run goes on. */
export function stateOutcome(state: RunState): Outcome<unknown> | null {
  if (state.phase === 'completed') return { status: 'completed', results: resultsOf(state) };
  if (state.phase === 'compensated') return { status: 'compensated', reason: state.reason! };
  if (state.stuck === null) return null;
  const { step, direction, message } = state.stuck;
  return { status: 'stuck', step, direction, message };
}

/** @throws SagaError SAGA_UNKNOWN_KIND when the run is of another kind. */
export function outcomeOf(kind: string, run: StoredRun): Outcome<unknown> | null {
  if (run.kind !== kind) throw new SagaError('SAGA_UNKNOWN_KIND', `run ${run.id} is of kind ${run.kind}, not ${kind}`);
  // Stuck with unread mail: somebody has answered, and a worker is about to look.
  if (run.status === 'open' || (run.status === 'stuck' && run.mail.length > 0)) return null;
  return stateOutcome(fold(run.id, decodeRun(run).entries));
}
