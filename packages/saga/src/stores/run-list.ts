/**
 * Listing: one page of the runs that match.
 *
 * By id, or by birth with the newest first. The cursor is the last run of the page itself (its id, or its birth and
 * id), not a count, so pages stay true while runs are added and pruned. O(n log n) in the number of runs.
 */
import type { RunPage, RunQuery } from '../store.ts';
import type { Row } from './run-rows.ts';

const LIST_MAX = 1000;

/** @throws RangeError for a limit out of range or a cursor that came from elsewhere. */
export function listRuns(rows: Iterable<Row>, query: RunQuery, nowMs: number): RunPage {
  const { limit, order = 'id' } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_MAX) {
    throw new RangeError(`limit must be an integer in 1..${LIST_MAX}; got ${String(limit)}`);
  }
  const listing = ORDERS[order] as Order | undefined;
  if (listing === undefined) throw new RangeError(`order must be 'id' or 'newest'; got ${JSON.stringify(order)}`);
  const after = query.after === undefined ? null : listing.parse(query.after);
  const matches: Row[] = [];
  for (const row of rows) {
    if (after !== null && listing.compare(row, after) <= 0) continue;
    if (query.status !== undefined && !query.status.includes(row.status)) continue;
    if (query.kinds !== undefined && !query.kinds.includes(row.kind)) continue;
    if (query.overdueMs !== undefined && !(row.dueAtMs !== null && nowMs - row.dueAtMs > query.overdueMs)) continue;
    matches.push(row);
  }
  matches.sort(listing.compare);
  const page = matches.slice(0, limit);
  return {
    runs: page.map((row) => ({
      id: row.id,
      kind: row.kind,
      status: row.status,
      worker: row.worker,
      dueInMs: row.dueAtMs === null ? null : row.dueAtMs - nowMs,
      bornMs: row.bornMs,
      endedMs: row.endedMs,
    })),
    next: matches.length > limit ? listing.cursor(page[limit - 1]!) : null,
  };
}

type Place = Pick<Row, 'id' | 'bornMs'>;

interface Order {
  readonly compare: (a: Place, b: Place) => number;
  readonly cursor: (row: Place) => string;
  readonly parse: (cursor: string) => Place;
}

const byId = (a: Place, b: Place): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const ORDERS: Readonly<Record<'id' | 'newest', Order>> = {
  id: { compare: byId, cursor: (row) => row.id, parse: (id) => ({ id, bornMs: 0 }) },
  newest: {
    compare: (a, b) => b.bornMs - a.bornMs || byId(a, b),
    cursor: (row) => `${row.bornMs}/${row.id}`,
    parse: (cursor) => {
      const at = cursor.indexOf('/');
      const bornMs = Number(cursor.slice(0, at));
      if (at < 1 || !Number.isFinite(bornMs)) {
        throw new RangeError(`after must be the next of a page in this order; got ${JSON.stringify(cursor)}`);
      }
      return { id: cursor.slice(at + 1), bornMs };
    },
  },
};
