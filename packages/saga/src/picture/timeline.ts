/**
 * timeline: a journal as bars, ready to be drawn.
 *
 * Pure, and without the definition. A settled attempt is a bar that ends with its entry and is as long as the worker
 * measured; a wait is a bar from its beginning to its end; each owner is a bar from its claim to the next one or the
 * end. An attempt that is still under way, or died with its process, wrote nothing and has no bar: what shows a crash
 * is the change of owner.
 */
import type { Journal, JournalEntry, JournalRecord } from '../records.ts';

export interface Bar {
  /** The step, the wait, or for the owner lane the worker. */
  readonly step: string;
  readonly lane: 'forward' | 'undo' | 'wait' | 'owner';
  readonly fromMs: number;
  /** Null while it goes on. */
  readonly toMs: number | null;
  readonly outcome: 'done' | 'failed' | 'undone' | 'open';
  /** Counted from 1; 0 for waits, owners, and what a person did. */
  readonly attempt: number;
  readonly fence: number;
}

/**
 * The bars of a run in the order in which they began to be known. O(entries).
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { timeline } from '@loadbearing/saga/picture';
 * const started = { type: 'started', v: 1, input: null, by: 'worker/0' } as const;
 * const done = { type: 'done', step: 'reserve', attempt: 1, tookMs: 20 } as const;
 * const bars = timeline({
 *   id: 'order-1',
 *   kind: 'order@1#00000000',
 *   status: 'open',
 *   entries: [
 *     { seq: 0, fence: 0, atMs: 1000, records: [started] },
 *     { seq: 1, fence: 0, atMs: 1030, records: [done] },
 *   ],
 * });
 * assert.deepEqual(
 *   bars.map((bar) => [bar.lane, bar.step, bar.fromMs, bar.toMs]),
 *   [
 *     ['owner', 'worker', 1000, null],
 *     ['forward', 'reserve', 1010, 1030],
 *   ],
 * );
 * ```
 */
export function timeline(journal: Journal): readonly Bar[] {
  const bars: Bar[] = [];
  const waits = new Map<string, number>();
  let owner: number | null = null;
  const close = (at: number | null | undefined, toMs: number, outcome: Bar['outcome']): void => {
    if (at !== null && at !== undefined) bars[at] = { ...bars[at]!, toMs, outcome };
  };
  const open = (step: string, lane: 'wait' | 'owner', { atMs, fence }: JournalEntry): number =>
    bars.push({ step, lane, fromMs: atMs, toMs: null, outcome: 'open', attempt: 0, fence }) - 1;

  for (const entry of journal.entries) {
    const { atMs } = entry;
    for (const record of entry.records) {
      switch (record.type) {
        case 'started':
          owner = open(record.by.split('/')[0]!, 'owner', entry);
          break;
        case 'claimed':
          close(owner, atMs, 'done');
          owner = open(record.by, 'owner', entry);
          break;
        case 'done':
          close(waits.get(record.step), atMs, 'done');
          if (!waits.has(record.step)) bars.push(attemptBar(record, 'forward', 'done', entry));
          break;
        case 'failed':
          bars.push(attemptBar(record, record.undo ? 'undo' : 'forward', 'failed', entry));
          break;
        case 'undone':
          bars.push(attemptBar(record, 'undo', 'undone', entry));
          break;
        case 'waiting':
          waits.set(record.name, open(record.name, 'wait', entry));
          break;
        case 'received':
          close(waits.get(record.name), atMs, 'done');
          break;
        case 'elapsed':
          close(waits.get(record.name), atMs, 'failed');
          break;
        case 'completed':
        case 'compensated':
          close(owner, atMs, 'done');
          owner = null;
          for (const at of waits.values()) if (bars[at]!.toMs === null) close(at, atMs, 'failed');
          break;
        case 'skipped':
        case 'undoing':
        case 'stuck':
        case 'resumed':
        case 'refused':
        case 'ignored':
        case 'overdue':
      }
    }
  }
  return bars;
}

function attemptBar(
  record: Extract<JournalRecord, { readonly type: 'done' | 'failed' | 'undone' }>,
  lane: 'forward' | 'undo',
  outcome: Bar['outcome'],
  { atMs, fence }: JournalEntry,
): Bar {
  const fromMs = atMs - (record.tookMs ?? 0);
  return { step: record.step, lane, fromMs, toMs: atMs, outcome, attempt: record.attempt ?? 0, fence };
}
