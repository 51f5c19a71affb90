/**
 * evolve: the state of a run is the fold of its journal.
 *
 * Pure, and without the definition: a journal can be folded by a process that does not know the saga. The state holds
 * facts only (what is done, what failed how often, until when something waits); what follows from them is `decide`'s
 * business. Invariant: folding the stored journal gives the same state as the one a worker holds in memory after its
 * last append. There is no other state: a run that is not in memory has lost nothing.
 *
 * Times are sums of an entry's stamp and a journaled duration, so timers, deadlines, attempt counters and delays go
 * on where they were when another worker takes over.
 *
 * A record that cannot follow what came before (a step done twice, an undo before the decision, anything after the
 * end) is refused with SAGA_CORRUPT_JOURNAL. That is the second of a pair of checks: `decide` never asks for such a
 * record, and `evolve` never believes one.
 */
import { corrupt } from './records.ts';
import type { JournalEntry, JournalRecord } from './records.ts';
import type { Json, Reason } from './types.ts';

export interface NodeState {
  readonly status: 'idle' | 'waiting' | 'elapsed' | 'done' | 'skipped';
  /** Kept beside `status`: which stage was the current one must still be known while undoing. */
  readonly undone: boolean;
  /** Present in every state, so all nodes have one shape: the journal of a saga is folded twice per entry. */
  readonly result: Json | undefined;
  /** Failed attempts since the step was reached or resumed. */
  readonly attempts: number;
  readonly retryAtMs: number;
  readonly undoAttempts: number;
  readonly undoRetryAtMs: number;
  /** Of a wait or sleep that has begun. */
  readonly dueAtMs: number;
}

export interface Stuck {
  readonly step: string;
  readonly direction: 'forward' | 'undo';
  readonly message: string;
  /** The entry that says so: a resolution answers this one and no later one. */
  readonly seq: number;
}

export interface RunState {
  readonly id: string;
  readonly phase: 'forward' | 'undoing' | 'stuck' | 'completed' | 'compensated';
  readonly nextSeq: number;
  /** The seq of the last claim; 0 while the first owner has it. */
  readonly fence: number;
  /** Of the last entry. */
  readonly atMs: number;
  readonly input: Json;
  readonly by: string;
  readonly deadlineAtMs: number | null;
  readonly overdue: boolean;
  readonly reason: Reason | null;
  readonly stuck: Stuck | null;
  /** Owners that died in a row without any progress between. */
  readonly orphans: number;
  /** Only nodes that something was journaled about. */
  readonly nodes: ReadonlyMap<string, NodeState>;
}

export const IDLE: NodeState = {
  status: 'idle',
  undone: false,
  result: undefined,
  attempts: 0,
  retryAtMs: 0,
  undoAttempts: 0,
  undoRetryAtMs: 0,
  dueAtMs: 0,
};

export const nodeState = (state: RunState, step: string): NodeState => state.nodes.get(step) ?? IDLE;

/** A state that is being made: one copy per entry, however many records it holds. */
type Draft = { -readonly [K in keyof RunState]: RunState[K] } & { nodes: Map<string, NodeState> };

/**
 * The state after one more entry; the one before stays as it is. O(number of steps).
 *
 * @throws SagaError SAGA_CORRUPT_JOURNAL when the entry cannot follow.
 */
export function evolve(id: string, state: RunState | null, entry: JournalEntry): RunState {
  if (entry.seq !== (state?.nextSeq ?? 0)) throw corrupt(id, entry.seq, `expected seq ${state?.nextSeq ?? 0}`);
  const claim = entry.records.some((r) => r.type === 'claimed');
  const fence = claim ? entry.seq : (state?.fence ?? 0);
  if (entry.fence !== fence) throw corrupt(id, entry.seq, `fence ${entry.fence}, but the last claim is ${fence}`);
  if (claim && entry.records.length !== 1) throw corrupt(id, entry.seq, 'a claim is alone in its entry');
  const draft = draftOf(id, state, entry.records, entry.atMs);
  draft.nextSeq = entry.seq + 1;
  draft.fence = fence;
  draft.atMs = entry.atMs;
  return draft;
}

/** The state that these records would lead to if they were the next entry, stamped `atMs`. */
export function amend(id: string, state: RunState, records: readonly JournalRecord[], atMs: number): RunState {
  return draftOf(id, state, records, atMs);
}

function draftOf(id: string, state: RunState | null, records: readonly JournalRecord[], atMs: number): Draft {
  let draft = state === null ? null : { ...state, nodes: new Map(state.nodes) };
  for (const record of records) {
    if (draft === null) draft = begin(id, record, atMs);
    else apply(draft, record, atMs);
  }
  if (draft === null) throw corrupt(id, 0, 'entry 0 is empty');
  return draft;
}

/** The state of a whole journal. */
export function fold(id: string, entries: readonly JournalEntry[]): RunState {
  let state: RunState | null = null;
  for (const entry of entries) state = evolve(id, state, entry);
  if (state === null) throw corrupt(id, 0, 'the journal is empty');
  return state;
}

function begin(id: string, record: JournalRecord, atMs: number): Draft {
  if (record.type !== 'started') throw corrupt(id, 0, `entry 0 must be started, not ${record.type}`);
  return {
    id,
    phase: 'forward',
    nextSeq: 0,
    fence: 0,
    atMs,
    input: record.input,
    by: record.by,
    deadlineAtMs: record.deadlineMs === undefined ? null : atMs + record.deadlineMs,
    overdue: false,
    reason: null,
    stuck: null,
    orphans: 0,
    nodes: new Map(),
  };
}

function apply(state: Draft, record: JournalRecord, atMs: number): void {
  const must = (holds: boolean): void => {
    if (!holds) {
      const about = 'step' in record ? ` ${record.step}` : 'name' in record ? ` ${record.name}` : '';
      throw corrupt(state.id, state.nextSeq, `${record.type}${about} cannot follow in phase ${state.phase}`);
    }
  };
  must(state.phase !== 'completed' && state.phase !== 'compensated');
  switch (record.type) {
    case 'started':
      throw corrupt(state.id, state.nextSeq, 'started twice');
    case 'claimed':
      if (record.orphan) state.orphans++;
      return;
    case 'refused':
    case 'ignored':
      return;
    case 'overdue':
      must(!state.overdue && state.deadlineAtMs !== null);
      state.overdue = true;
      return;
    case 'done': {
      const node = nodeState(state, record.step);
      must(state.phase === 'forward' && node.status === 'idle');
      put(state, record.step, { ...node, status: 'done', result: record.result });
      return;
    }
    case 'skipped':
      must(state.phase === 'forward' && nodeState(state, record.step).status === 'idle');
      put(state, record.step, { ...nodeState(state, record.step), status: 'skipped' });
      return;
    case 'failed': {
      const node = nodeState(state, record.step);
      const retryAtMs = atMs + (record.retryInMs ?? 0);
      if (record.undo) {
        must(state.phase === 'undoing' && !node.undone && record.attempt === node.undoAttempts + 1);
        put(state, record.step, { ...node, undoAttempts: record.attempt, undoRetryAtMs: retryAtMs });
        return;
      }
      must(state.phase === 'forward' && node.status === 'idle' && record.attempt === node.attempts + 1);
      put(state, record.step, { ...node, attempts: record.attempt, retryAtMs });
      return;
    }
    case 'waiting': {
      const node = nodeState(state, record.name);
      must(state.phase === 'forward' && node.status === 'idle');
      put(state, record.name, { ...node, status: 'waiting', dueAtMs: atMs + record.ms });
      return;
    }
    case 'elapsed': {
      const node = nodeState(state, record.name);
      must(state.phase === 'forward' && node.status === 'waiting');
      put(state, record.name, { ...node, status: 'elapsed' });
      return;
    }
    case 'received': {
      // Also before its wait is reached, and while the run is stuck elsewhere: mail is never lost.
      const node = nodeState(state, record.name);
      must(forwards(state) && node.status !== 'done' && node.status !== 'skipped');
      put(state, record.name, { ...node, status: 'done', result: record.value });
      return;
    }
    case 'undoing':
      must(forwards(state));
      state.phase = 'undoing';
      state.reason = record.reason;
      state.stuck = null;
      state.orphans = 0;
      return;
    case 'undone':
      must(state.phase === 'undoing' && !nodeState(state, record.step).undone);
      put(state, record.step, { ...nodeState(state, record.step), undone: true });
      return;
    case 'stuck':
      must(state.phase === (record.direction === 'forward' ? 'forward' : 'undoing'));
      state.phase = 'stuck';
      state.stuck = { step: record.step, direction: record.direction, message: record.message, seq: state.nextSeq };
      return;
    case 'resumed': {
      must(state.phase === 'stuck');
      const { stuck } = state;
      if (stuck === null) return;
      const node = nodeState(state, stuck.step);
      state.phase = stuck.direction === 'forward' ? 'forward' : 'undoing';
      state.stuck = null;
      const again: NodeState =
        stuck.direction === 'undo'
          ? { ...node, undoAttempts: 0, undoRetryAtMs: 0 }
          : { ...node, status: 'idle', attempts: 0, retryAtMs: 0 };
      put(state, stuck.step, again);
      return;
    }
    case 'completed':
      must(state.phase === 'forward');
      state.phase = 'completed';
      return;
    case 'compensated':
      must(state.phase === 'undoing');
      state.phase = 'compensated';
  }
}

/** Everything that puts a node's state is progress, so a crash loop is over. */
function put(state: Draft, step: string, node: NodeState): void {
  state.orphans = 0;
  state.nodes.set(step, node);
}

const forwards = (state: RunState): boolean =>
  state.phase === 'forward' || (state.phase === 'stuck' && state.stuck?.direction === 'forward');

/** Results by name as handlers see them; a skipped step and a step without result have no member. */
export function resultsOf(state: RunState): Record<string, Json> {
  const results: Record<string, Json> = {};
  for (const [name, node] of state.nodes) {
    if (node.status === 'done' && node.result !== undefined) results[name] = node.result;
  }
  return results;
}
