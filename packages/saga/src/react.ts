/**
 * react: which records follow from something that happened, a settled attempt or a piece of mail.
 *
 * The other half of the pure core: `decide` says what to do, the shell does it, and `react` turns the outcome into
 * records. A fact that comes too late (a result after the decision to undo) gives no record at all; mail always gives
 * one, so it can be marked as seen in the same entry.
 *
 * A timeout and an unknown error are never taken for "it did not happen". They are retried with the same key; when
 * attempts are exhausted, before the pivot everything is undone, the doubtful step included; after it, and for a
 * pivot that must be known, a person is asked. Only `Rejected` is an answer, and even the rejected step is undone.
 */
import { pastReturn } from './decide.ts';
import { nodeState } from './evolve.ts';
import type { RunState } from './evolve.ts';
import { toJson } from './json.ts';
import { summarize } from './errors.ts';
import type { ErrorSummary } from './errors.ts';
import type { JournalRecord } from './records.ts';
import { backoffMs } from './retry.ts';
import type { Graph, NodeDefinition } from './saga.ts';
import type { StoredMail } from './store.ts';
import type { Json } from './types.ts';

/** How one attempt ended. `retry`: in doubt; `rejected`: the participant said no; `park`: ask a person. */
export type AttemptOutcome =
  | { readonly type: 'ok'; readonly result?: Json }
  | { readonly type: 'skipped' }
  | {
      readonly type: 'failed';
      readonly verdict: 'retry' | 'rejected' | 'park' | 'unusable';
      readonly error: ErrorSummary;
    };

export interface Settled {
  readonly step: string;
  readonly undo: boolean;
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  /** How long the attempt took here. */
  readonly tookMs: number;
  /** In [0, 1), drawn for the delay before the next attempt. */
  readonly random: number;
}

/** Empty when it comes too late to count. */
export function onSettled(graph: Graph, state: RunState, event: Settled): readonly JournalRecord[] {
  const definition = graph.nodes.get(event.step);
  const node = nodeState(state, event.step);
  if (definition === undefined) return [];
  if (event.undo) {
    return state.phase === 'undoing' && !node.undone && event.attempt === node.undoAttempts + 1
      ? undoSettled(definition, event)
      : [];
  }
  return state.phase === 'forward' && node.status === 'idle' && event.attempt === node.attempts + 1
    ? runSettled(definition, event)
    : [];
}

function runSettled(definition: NodeDefinition, event: Settled): readonly JournalRecord[] {
  const { step, attempt, outcome, tookMs } = event;
  if (outcome.type === 'skipped') return [{ type: 'skipped', step }];
  if (outcome.type === 'ok') {
    return [
      { type: 'done', step, ...(outcome.result === undefined ? {} : { result: outcome.result }), attempt, tookMs },
    ];
  }
  const { verdict, error } = outcome;
  const { retry } = definition.forward;
  const again = verdict === 'retry' && attempt < retry.maxAttempts;
  const retryInMs = again ? backoffMs(retry, attempt, event.random) : null;
  const failed: JournalRecord = { type: 'failed', step, undo: false, attempt, error, retryInMs, tookMs };
  if (again) return [failed];
  const rejectedPivot = definition.node.kind === 'pivot' && verdict === 'rejected';
  const mayUndo = definition.node.kind !== 'retriable' && definition.undo !== 'retry-until-known';
  if (verdict !== 'park' && (mayUndo || rejectedPivot)) {
    const kind = verdict === 'rejected' ? 'rejected' : 'failed';
    return [failed, { type: 'undoing', reason: { kind, step, message: error.message } }];
  }
  return [failed, { type: 'stuck', step, direction: 'forward', message: stuckMessage(verdict, attempt, error) }];
}

function undoSettled(definition: NodeDefinition, event: Settled): readonly JournalRecord[] {
  const { step, attempt, outcome, tookMs } = event;
  if (outcome.type !== 'failed') return [{ type: 'undone', step, attempt, tookMs }];
  const { verdict, error } = outcome;
  const { retry } = definition.backward;
  const again = verdict === 'retry' && attempt < retry.maxAttempts;
  const retryInMs = again ? backoffMs(retry, attempt, event.random) : null;
  const failed: JournalRecord = { type: 'failed', step, undo: true, attempt, error, retryInMs, tookMs };
  if (again) return [failed];
  return [failed, { type: 'stuck', step, direction: 'undo', message: stuckMessage(verdict, attempt, error) }];
}

function stuckMessage(verdict: string, attempt: number, error: ErrorSummary): string {
  return verdict === 'retry' ? `attempt ${attempt} was the last: ${error.message}` : `${verdict}: ${error.message}`;
}

export const CANCEL = '$cancel';
export const RESOLVE = '$resolve';

/** The body of `$resolve` mail. */
export interface ResolveBody {
  readonly seq: number;
  readonly by: string;
  readonly action: 'retry' | 'skip' | 'done';
  readonly result?: Json;
}

/** Mail is either taken or leaves word why not; only after the end, when nothing can be written, it gives nothing. */
export function onMail(graph: Graph, state: RunState, mail: StoredMail, bytesMax: number): readonly JournalRecord[] {
  if (state.phase === 'completed' || state.phase === 'compensated') return [];
  const ignored = (why: string): readonly JournalRecord[] => [{ type: 'ignored', mail: mail.n, why }];
  let body: unknown;
  try {
    body = mail.body === '' ? undefined : JSON.parse(mail.body);
  } catch {
    return ignored('not JSON');
  }
  if (mail.key === CANCEL) return cancelled(graph, state, mail.n, String(body));
  if (mail.key === RESOLVE) return resolved(graph, state, body as ResolveBody | null, ignored);
  const definition = graph.nodes.get(mail.key);
  if (definition?.parse === undefined) return ignored(`there is no wait ${mail.key}`);
  const isStuckHere = state.stuck?.step === mail.key;
  if (state.phase !== 'forward' && state.stuck?.direction !== 'forward') return ignored('the run is being undone');
  const { status } = nodeState(state, mail.key);
  if (status === 'done') return ignored('already received');
  const value = parsed(definition.parse, body, bytesMax);
  if (!value.ok) return ignored(value.why);
  const received: JournalRecord = {
    type: 'received',
    name: mail.key,
    ...(value.value === undefined ? {} : { value: value.value }),
    mail: mail.n,
  };
  return isStuckHere ? [{ type: 'resumed', by: 'signal', action: 'signal' }, received] : [received];
}

function cancelled(graph: Graph, state: RunState, mail: number, why: string): readonly JournalRecord[] {
  if (state.phase === 'undoing' || state.stuck?.direction === 'undo') {
    return [{ type: 'ignored', mail, why: 'the run is being undone' }];
  }
  if (pastReturn(graph, state)) return [{ type: 'refused', mail, why: 'too-late' }];
  return [{ type: 'undoing', reason: { kind: 'cancelled', message: why } }];
}

function resolved(
  graph: Graph,
  state: RunState,
  body: ResolveBody | null,
  ignored: (why: string) => readonly JournalRecord[],
): readonly JournalRecord[] {
  const { stuck } = state;
  if (stuck === null || body?.seq !== stuck.seq) return ignored('the run is not stuck there any more');
  const { by, action } = body;
  const resumed: JournalRecord = { type: 'resumed', by, action };
  const { step } = stuck;
  if (action === 'retry') return [resumed];
  if (action === 'skip') {
    return stuck.direction === 'undo' ? [resumed, { type: 'undone', step, by }] : ignored('skip is for undos');
  }
  if (stuck.direction !== 'forward') return ignored('done is for steps going forward');
  const parse = graph.nodes.get(step)?.parse;
  const value =
    parse === undefined ? ({ ok: true, value: body.result } as const) : parsed(parse, body.result, Infinity);
  if (!value.ok) return ignored(value.why);
  const result = value.value === undefined ? {} : { result: value.value };
  return [resumed, { type: 'done', step, ...result, by }];
}

function parsed(parse: (value: unknown) => unknown, value: unknown, bytesMax: number): ReturnType<typeof toJson> {
  try {
    return toJson(parse(value), bytesMax);
  } catch (error) {
    return { ok: false, why: `does not parse: ${summarize(error).message}` };
  }
}
