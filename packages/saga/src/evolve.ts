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
  readonly result?: Json;
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
  attempts: 0,
  retryAtMs: 0,
  undoAttempts: 0,
  undoRetryAtMs: 0,
  dueAtMs: 0,
};

export const nodeState = (state: RunState, step: string): NodeState => state.nodes.get(step) ?? IDLE;

/**
 * The state after one more entry. O(number of steps).
 *
 * @throws SagaError SAGA_CORRUPT_JOURNAL when the entry cannot follow.
 */
export function evolve(id: string, state: RunState | null, entry: JournalEntry): RunState {
  if (entry.seq !== (state?.nextSeq ?? 0)) throw corrupt(id, entry.seq, `expected seq ${state?.nextSeq ?? 0}`);
  const claim = entry.records.some((r) => r.type === 'claimed');
  const fence = claim ? entry.seq : (state?.fence ?? 0);
  if (entry.fence !== fence) throw corrupt(id, entry.seq, `fence ${entry.fence}, but the last claim is ${fence}`);
  if (claim && entry.records.length !== 1) throw corrupt(id, entry.seq, 'a claim is alone in its entry');
  const next = amend(id, state, entry.records, entry.atMs);
  return { ...next, nextSeq: entry.seq + 1, fence, atMs: entry.atMs };
}

/** The state that these records would lead to if they were the next entry, stamped `atMs`. */
export function amend(id: string, state: RunState | null, records: readonly JournalRecord[], atMs: number): RunState {
  let next = state;
  for (const record of records) next = next === null ? begin(id, record, atMs) : apply(next, record, atMs);
  if (next === null) throw corrupt(id, 0, 'entry 0 is empty');
  return next;
}

/** The state of a whole journal. */
export function fold(id: string, entries: readonly JournalEntry[]): RunState {
  let state: RunState | null = null;
  for (const entry of entries) state = evolve(id, state, entry);
  if (state === null) throw corrupt(id, 0, 'the journal is empty');
  return state;
}

function begin(id: string, record: JournalRecord, atMs: number): RunState {
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

function apply(state: RunState, record: JournalRecord, atMs: number): RunState {
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
      return { ...state, orphans: record.orphan ? state.orphans + 1 : state.orphans };
    case 'refused':
    case 'ignored':
      return state;
    case 'overdue':
      must(!state.overdue && state.deadlineAtMs !== null);
      return { ...state, overdue: true };
    case 'done': {
      const node = nodeState(state, record.step);
      must(state.phase === 'forward' && node.status === 'idle');
      return put(state, record.step, { ...node, ...resultOf(record), status: 'done' });
    }
    case 'skipped':
      must(state.phase === 'forward' && nodeState(state, record.step).status === 'idle');
      return put(state, record.step, { ...nodeState(state, record.step), status: 'skipped' });
    case 'failed': {
      const node = nodeState(state, record.step);
      const retryAtMs = atMs + (record.retryInMs ?? 0);
      if (record.undo) {
        must(state.phase === 'undoing' && !node.undone && record.attempt === node.undoAttempts + 1);
        return put(state, record.step, { ...node, undoAttempts: record.attempt, undoRetryAtMs: retryAtMs });
      }
      must(state.phase === 'forward' && node.status === 'idle' && record.attempt === node.attempts + 1);
      return put(state, record.step, { ...node, attempts: record.attempt, retryAtMs });
    }
    case 'waiting': {
      const node = nodeState(state, record.name);
      must(state.phase === 'forward' && node.status === 'idle');
      return put(state, record.name, { ...node, status: 'waiting', dueAtMs: atMs + record.ms });
    }
    case 'elapsed': {
      const node = nodeState(state, record.name);
      must(state.phase === 'forward' && node.status === 'waiting');
      return put(state, record.name, { ...node, status: 'elapsed' });
    }
    case 'received': {
      // Also before its wait is reached, and while the run is stuck elsewhere: mail is never lost.
      const node = nodeState(state, record.name);
      must(forwards(state) && node.status !== 'done' && node.status !== 'skipped');
      return put(state, record.name, { ...node, ...valueOf(record), status: 'done' });
    }
    case 'undoing':
      must(forwards(state));
      return { ...state, phase: 'undoing', reason: record.reason, stuck: null, orphans: 0 };
    case 'undone':
      must(state.phase === 'undoing' && !nodeState(state, record.step).undone);
      return put(state, record.step, { ...nodeState(state, record.step), undone: true });
    case 'stuck':
      must(state.phase === (record.direction === 'forward' ? 'forward' : 'undoing'));
      return {
        ...state,
        phase: 'stuck',
        stuck: { step: record.step, direction: record.direction, message: record.message, seq: state.nextSeq },
      };
    case 'resumed': {
      must(state.phase === 'stuck');
      const { stuck } = state;
      if (stuck === null) return state;
      const node = nodeState(state, stuck.step);
      const phase = stuck.direction === 'forward' ? 'forward' : 'undoing';
      const again: NodeState =
        stuck.direction === 'undo'
          ? { ...node, undoAttempts: 0, undoRetryAtMs: 0 }
          : { ...node, status: 'idle', attempts: 0, retryAtMs: 0 };
      return put({ ...state, phase, stuck: null }, stuck.step, again);
    }
    case 'completed':
      must(state.phase === 'forward');
      return { ...state, phase: 'completed' };
    case 'compensated':
      must(state.phase === 'undoing');
      return { ...state, phase: 'compensated' };
  }
}

/** Everything that puts a node's state is progress, so a crash loop is over. */
function put(state: RunState, step: string, node: NodeState): RunState {
  return { ...state, orphans: 0, nodes: new Map(state.nodes).set(step, node) };
}

const forwards = (state: RunState): boolean =>
  state.phase === 'forward' || (state.phase === 'stuck' && state.stuck?.direction === 'forward');

const resultOf = (record: { readonly result?: Json }): { readonly result?: Json } =>
  record.result === undefined ? {} : { result: record.result };

const valueOf = (record: { readonly value?: Json }): { readonly result?: Json } =>
  record.value === undefined ? {} : { result: record.value };

/** Results by name as handlers see them; a skipped step and a step without result have no member. */
export function resultsOf(state: RunState): Record<string, Json> {
  const results: Record<string, Json> = {};
  for (const [name, node] of state.nodes) {
    if (node.status === 'done' && node.result !== undefined) results[name] = node.result;
  }
  return results;
}
