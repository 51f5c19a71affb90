/**
 * An order's journal as the page draws it: each step with when it ran and when it was undone. Pure.
 *
 * The bars are the saga package's; here they become one row a step, with its attempts from the first to the last
 * joined. What is going on at this moment is in no journal: it follows from the first step without an end.
 */
import type { Journal } from '@loadbearing/saga';
import { timeline } from '@loadbearing/saga/picture';
import type { OrderStatus, StepView } from '../live-state.ts';

type Draft = { -readonly [K in keyof StepView]: StepView[K] };

export interface Progress {
  readonly status: OrderStatus;
  readonly startedMs: number;
  readonly endedMs?: number;
  /** Why it was undone or is stuck. */
  readonly reason?: string;
  readonly steps: readonly StepView[];
}

export function progress(journal: Journal, stepNames: readonly string[]): Progress {
  const steps = stepNames.map((name): Draft => ({ name, status: 'waiting', attempts: 0 }));
  const first = journal.entries[0]?.atMs ?? 0;
  const last = journal.entries.at(-1)?.atMs ?? first;
  for (const { step: name, lane, fromMs, toMs, outcome, attempt } of timeline(journal)) {
    const step = steps.find((one) => one.name === name);
    if (step === undefined || toMs === null) continue;
    if (lane === 'forward') {
      step.startMs ??= fromMs;
      step.endMs = toMs;
      step.attempts = attempt;
      step.status = outcome === 'done' ? 'done' : 'failed';
    } else if (lane === 'undo') {
      step.undoStartMs ??= fromMs;
      step.undoEndMs = toMs;
      if (outcome === 'undone') step.status = 'undone';
    }
  }
  const undoing = journal.entries.flatMap((entry) => entry.records).find((record) => record.type === 'undoing');
  const stuck = journal.entries.flatMap((entry) => entry.records).findLast((record) => record.type === 'stuck');
  const status = statusOf(journal, undoing !== undefined);
  markCurrent(steps, status, last);
  const reason = status === 'stuck' ? stuck?.message : undoing?.reason.message;
  return {
    status,
    startedMs: first,
    ...(status === 'completed' || status === 'compensated' ? { endedMs: last } : {}),
    ...(reason === undefined ? {} : { reason }),
    steps,
  };
}

function statusOf({ status }: Journal, isUndoing: boolean): OrderStatus {
  if (status !== 'open') return status;
  return isUndoing ? 'undoing' : 'running';
}

function markCurrent(steps: readonly Draft[], status: OrderStatus, sinceMs: number): void {
  if (status === 'running') {
    const current = steps.find((step) => step.status !== 'done');
    if (current === undefined) return;
    current.status = 'running';
    current.startMs ??= sinceMs;
    delete current.endMs;
  } else if (status === 'undoing') {
    // A step that failed is undone too: its request may have been carried out all the same.
    const current = steps.findLast(({ status: done }) => done === 'done' || done === 'failed');
    if (current === undefined) return;
    current.status = 'undoing';
    current.undoStartMs ??= sinceMs;
    delete current.undoEndMs;
  }
}
