/**
 * plan: everything a run's next entry says, from what has happened since the last one.
 *
 * Pure: state, settled attempts and mail in; records, the state they lead to, and what may be done once they are
 * durable out. It is `react` and `decide` put together, and the only place where they meet: results first, so what
 * arrived together with a failure still counts and is undone knowing its result; then mail; then whatever `decide`
 * wants written, until it wants nothing more written.
 *
 * `actions` are what `decide` said last, at the same moment. The caller performs these and does not ask again: a
 * second question, a millisecond later, could be answered "first write that the deadline has passed", and a caller
 * that was about to set the timer for that deadline would set none.
 */
import { decide } from './decide.ts';
import type { Action } from './decide.ts';
import { amend } from './evolve.ts';
import type { RunState } from './evolve.ts';
import { onMail, onSettled } from './react.ts';
import type { Settled } from './react.ts';
import type { JournalRecord } from './records.ts';
import type { Graph } from './saga.ts';
import type { StoredMail } from './store.ts';

export interface Happened {
  readonly settled: readonly Settled[];
  readonly mail: readonly StoredMail[];
  /** Whether a handler of this run is still at work. */
  readonly isWorking: boolean;
}

export interface PlanLimits {
  readonly holdMs: number;
  readonly entryBytesMax: number;
  readonly orphanClaimsMax: number;
}

export interface Plan {
  readonly records: readonly JournalRecord[];
  /** The state if the records were durable now. */
  readonly next: RunState;
  /** The last mail that the records answer; 0 for none. */
  readonly mailSeen: number;
  /** What is to be done when the records are durable; empty when the run has ended or is stuck. */
  readonly actions: readonly Exclude<Action, { readonly type: 'write' }>[];
  /** For how long nothing is to be done, when that is worth giving the run up. */
  readonly releaseInMs: number | null;
}

/** @param nowMs the store's time, as far as it is known */
export function plan(graph: Graph, state: RunState, happened: Happened, nowMs: number, limits: PlanLimits): Plan {
  const records: JournalRecord[] = [];
  let next = state;
  const add = (more: readonly JournalRecord[]): void => {
    if (more.length === 0) return;
    records.push(...more);
    next = amend(state.id, next, more, nowMs);
  };

  for (const event of happened.settled) if (event.outcome.type !== 'failed') add(onSettled(graph, next, event));
  for (const event of happened.settled) if (event.outcome.type === 'failed') add(onSettled(graph, next, event));

  let mailSeen = 0;
  for (const mail of happened.mail) {
    add(onMail(graph, next, mail, limits.entryBytesMax));
    mailSeen = mail.n;
  }

  for (;;) {
    const actions = decide(graph, next, nowMs, limits.orphanClaimsMax);
    const write = actions.find((a) => a.type === 'write');
    if (write === undefined) {
      const todo = actions.filter((a) => a.type !== 'write');
      return { records, next, mailSeen, actions: todo, releaseInMs: releaseInMs(todo, happened, nowMs, limits) };
    }
    add(write.records);
  }
}

function releaseInMs(actions: Plan['actions'], happened: Happened, nowMs: number, limits: PlanLimits): number | null {
  if (actions.length === 0 || happened.isWorking) return null;
  let atMs = Infinity;
  for (const action of actions) {
    if (action.type !== 'wake') return null;
    atMs = Math.min(atMs, action.atMs);
  }
  return atMs - nowMs > limits.holdMs ? Math.ceil(atMs - nowMs) : null;
}
