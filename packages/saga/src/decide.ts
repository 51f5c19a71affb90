/**
 * decide: what a run must do next, from its state alone.
 *
 * Stages are executed in order; the nodes of the current stage that are not settled are *enabled*. Going back, the
 * undo set is every done compensable node and every enabled one: an enabled step is in doubt, because its request may
 * have been applied, or may still arrive, although no answer was seen. The step that was rejected is in it too: a
 * delayed duplicate of its request could still be accepted. Stages are undone backwards, the nodes of one stage at
 * the same time, each stage only when all of the one after it are undone.
 *
 * The point of no return is a done pivot, or an enabled pivot that is `retry-until-known`: from then on deadline and
 * cancel undo nothing.
 *
 * The caller performs an action only when the entry that justifies it is durable; `write` actions are to be written
 * first, and asking again with the state after them gives the rest. Every state that has not ended gives at least one
 * action, a `wake`, or is stuck: nothing is forgotten (Chassaing's Decider pattern, with the journal as event store).
 */
import { nodeState } from './evolve.ts';
import type { RunState } from './evolve.ts';
import type { JournalRecord } from './records.ts';
import type { Graph, NodeDefinition } from './saga.ts';

export type Action =
  | { readonly type: 'write'; readonly records: readonly JournalRecord[] }
  | { readonly type: 'run'; readonly step: string; readonly attempt: number }
  | { readonly type: 'undo'; readonly step: string; readonly attempt: number }
  /** Ask again at this time of the store, unless something happens before. */
  | { readonly type: 'wake'; readonly atMs: number };

/** The first stage with an unsettled node; `stages.length` when all are settled. O(number of steps). */
export function currentStage(graph: Graph, state: RunState): number {
  const { stages } = graph;
  for (let i = 0; i < stages.length; i++) {
    for (const node of stages[i]!) {
      const { status } = nodeState(state, node.name);
      const settled = status === 'done' || status === 'skipped' || (status === 'elapsed' && node.kind === 'sleep');
      if (!settled) return i;
    }
  }
  return stages.length;
}

/** Whether deadline and cancel come too late. */
export function pastReturn(graph: Graph, state: RunState): boolean {
  const stage = currentStage(graph, state);
  for (const { node, undo, stage: at } of graph.nodes.values()) {
    if (node.kind !== 'pivot') continue;
    if (nodeState(state, node.name).status === 'done') return true;
    if (at === stage && undo === 'retry-until-known') return true;
  }
  return false;
}

/** What is to be undone, whether already undone or not. */
export function undoSet(graph: Graph, state: RunState): readonly NodeDefinition[] {
  const current = currentStage(graph, state);
  const set: NodeDefinition[] = [];
  for (const definition of graph.nodes.values()) {
    if (typeof definition.undo !== 'function') continue;
    const { status } = nodeState(state, definition.node.name);
    if (status === 'done' || (status === 'idle' && definition.stage === current)) set.push(definition);
  }
  return set;
}

/**
 * @param nowMs the store's time, as far as it is known
 * @param orphanClaimsMax how many owners may die in a row at the same place before a person is asked
 */
export function decide(graph: Graph, state: RunState, nowMs: number, orphanClaimsMax: number): readonly Action[] {
  switch (state.phase) {
    case 'forward':
      return forward(graph, state, nowMs, orphanClaimsMax);
    case 'undoing':
      return backward(graph, state, nowMs, orphanClaimsMax);
    case 'stuck':
    case 'completed':
    case 'compensated':
      return [];
  }
}

function forward(graph: Graph, state: RunState, nowMs: number, orphanClaimsMax: number): readonly Action[] {
  const stage = currentStage(graph, state);
  if (stage === graph.stages.length) return [{ type: 'write', records: [{ type: 'completed' }] }];
  const actions: Action[] = [];
  const final = pastReturn(graph, state);

  if (state.deadlineAtMs !== null && !state.overdue) {
    if (nowMs < state.deadlineAtMs) actions.push({ type: 'wake', atMs: state.deadlineAtMs });
    else if (final) return [{ type: 'write', records: [{ type: 'overdue' }] }];
    else {
      const reason = { kind: 'deadline', message: 'the deadline of the run has passed' } as const;
      return [{ type: 'write', records: [{ type: 'undoing', reason }] }];
    }
  }

  for (const node of graph.stages[stage]!) {
    const { name } = node;
    const at = nodeState(state, name);
    if (node.kind === 'wait' || node.kind === 'sleep') {
      if (at.status === 'idle') return [{ type: 'write', records: [{ type: 'waiting', name, ms: node.ms ?? 0 }] }];
      if (at.status === 'waiting' && nowMs < at.dueAtMs) actions.push({ type: 'wake', atMs: at.dueAtMs });
      else return [{ type: 'write', records: timedOut(name, at.status === 'waiting', node.kind, final) }];
    } else if (at.status === 'idle') {
      if (state.orphans > orphanClaimsMax) return [poison(name, 'forward', state.orphans)];
      if (nowMs < at.retryAtMs) actions.push({ type: 'wake', atMs: at.retryAtMs });
      else actions.push({ type: 'run', step: name, attempt: at.attempts + 1 });
    }
  }
  return actions;
}

function timedOut(name: string, first: boolean, kind: 'wait' | 'sleep', final: boolean): readonly JournalRecord[] {
  const elapsed: readonly JournalRecord[] = first ? [{ type: 'elapsed', name }] : [];
  if (kind === 'sleep') return elapsed;
  const message = `no signal ${name} came in time`;
  return final
    ? [...elapsed, { type: 'stuck', step: name, direction: 'forward', message }]
    : [...elapsed, { type: 'undoing', reason: { kind: 'wait-timeout', step: name, message } }];
}

function backward(graph: Graph, state: RunState, nowMs: number, orphanClaimsMax: number): readonly Action[] {
  const open = undoSet(graph, state).filter((d) => !nodeState(state, d.node.name).undone);
  if (open.length === 0) return [{ type: 'write', records: [{ type: 'compensated' }] }];
  const stage = Math.max(...open.map((d) => d.stage));
  const actions: Action[] = [];
  for (const { node, stage: at } of open) {
    if (at !== stage) continue;
    if (state.orphans > orphanClaimsMax) return [poison(node.name, 'undo', state.orphans)];
    const { undoAttempts, undoRetryAtMs } = nodeState(state, node.name);
    if (nowMs < undoRetryAtMs) actions.push({ type: 'wake', atMs: undoRetryAtMs });
    else actions.push({ type: 'undo', step: node.name, attempt: undoAttempts + 1 });
  }
  return actions;
}

function poison(step: string, direction: 'forward' | 'undo', orphans: number): Action {
  const message = `${orphans} workers in a row died here without any progress`;
  return { type: 'write', records: [{ type: 'stuck', step, direction, message }] };
}
