/**
 * Journal records: what can happen to a run, each as one fact.
 *
 * An entry of the journal is a JSON array of records; FORMAT.md shows one. Records are deltas: a result is written
 * once and never repeated. They carry durations, never times: the time of an entry is stamped by the store, so no
 * worker's clock is ever written or compared. An entry may be empty: a worker that gives a run up with nothing to say.
 *
 * The codec is strict on reading. A journal is the only truth there is; a record it does not know, from a newer
 * version or a damaged disk, stops the run with SAGA_CORRUPT_JOURNAL rather than being skipped.
 */
import { SagaError } from './errors.ts';
import type { ErrorSummary } from './errors.ts';
import type { RunStatus, StoredEntry, StoredRun } from './store.ts';
import type { Json, Reason } from './types.ts';

export type JournalRecord =
  /** Alone in entry 0. `by` names one call of `start`, so a call whose answer was lost knows its own run. */
  | {
      readonly type: 'started';
      readonly v: 1;
      readonly input: Json;
      readonly by: string;
      readonly deadlineMs?: number;
    }
  /** Alone in its entry, written by the store. `orphan`: the owner before did not give the run up, it died. */
  | { readonly type: 'claimed'; readonly by: string; readonly orphan: boolean }
  /** By an attempt that took `tookMs`, or by a person. */
  | {
      readonly type: 'done';
      readonly step: string;
      readonly result?: Json;
      readonly attempt?: number;
      readonly tookMs?: number;
      readonly by?: string;
    }
  | { readonly type: 'skipped'; readonly step: string }
  /** `retryInMs` null: no further attempt. */
  | {
      readonly type: 'failed';
      readonly step: string;
      readonly undo: boolean;
      readonly attempt: number;
      readonly error: ErrorSummary;
      readonly retryInMs: number | null;
      readonly tookMs: number;
    }
  | { readonly type: 'waiting'; readonly name: string; readonly ms: number }
  | { readonly type: 'elapsed'; readonly name: string }
  | { readonly type: 'received'; readonly name: string; readonly value?: Json; readonly mail: number }
  /** The decision to undo; durable before the first undo, and final. */
  | { readonly type: 'undoing'; readonly reason: Reason }
  | {
      readonly type: 'undone';
      readonly step: string;
      readonly attempt?: number;
      readonly tookMs?: number;
      readonly by?: string;
    }
  | {
      readonly type: 'stuck';
      readonly step: string;
      readonly direction: 'forward' | 'undo';
      readonly message: string;
    }
  | { readonly type: 'resumed'; readonly by: string; readonly action: 'retry' | 'skip' | 'done' | 'signal' }
  | { readonly type: 'refused'; readonly mail: number; readonly why: string }
  | { readonly type: 'ignored'; readonly mail: number; readonly why: string }
  /** The deadline passed when nothing could be undone any more. */
  | { readonly type: 'overdue' }
  | { readonly type: 'completed' }
  | { readonly type: 'compensated' };

export interface JournalEntry {
  readonly seq: number;
  readonly fence: number;
  readonly atMs: number;
  readonly records: readonly JournalRecord[];
}

/** A run as read. */
export interface Journal {
  readonly id: string;
  readonly kind: string;
  readonly status: RunStatus;
  readonly entries: readonly JournalEntry[];
}

const TYPES: ReadonlySet<string> = new Set<JournalRecord['type']>([
  'started',
  'claimed',
  'done',
  'skipped',
  'failed',
  'waiting',
  'elapsed',
  'received',
  'undoing',
  'undone',
  'stuck',
  'resumed',
  'refused',
  'ignored',
  'overdue',
  'completed',
  'compensated',
]);

export function encodeRecords(records: readonly JournalRecord[]): string {
  return JSON.stringify(records);
}

/** @throws SagaError SAGA_CORRUPT_JOURNAL when the body is not an array of known records. */
export function decodeEntry(run: string, entry: StoredEntry): JournalEntry {
  let records: unknown;
  try {
    records = JSON.parse(entry.body);
  } catch (cause) {
    throw corrupt(run, entry.seq, 'the body is not JSON', cause);
  }
  if (!Array.isArray(records)) throw corrupt(run, entry.seq, 'the body is not an array');
  for (const record of records as unknown[]) {
    const type = typeof record === 'object' && record !== null && 'type' in record ? record.type : undefined;
    if (typeof type !== 'string' || !TYPES.has(type)) {
      throw corrupt(run, entry.seq, `unknown record ${String(type)}`);
    }
  }
  const entries = records as JournalRecord[];
  for (const record of entries) {
    if (record.type === 'started' && (record.v as unknown) !== 1) {
      throw corrupt(run, entry.seq, `format ${String(record.v)}, this version reads 1`);
    }
  }
  return { seq: entry.seq, fence: entry.fence, atMs: entry.atMs, records: entries };
}

export function decodeRun(run: StoredRun): Journal {
  return {
    id: run.id,
    kind: run.kind,
    status: run.status,
    entries: run.entries.map((entry) => decodeEntry(run.id, entry)),
  };
}

export function corrupt(run: string, seq: number, why: string, cause?: unknown): SagaError {
  return new SagaError('SAGA_CORRUPT_JOURNAL', `run ${run}, entry ${seq}: ${why}`, { cause });
}
