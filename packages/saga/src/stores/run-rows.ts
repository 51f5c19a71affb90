/**
 * RunRows: the rows behind a run table, and what each fact does to them.
 *
 * A fact always applies: whether it may was checked before it was made. It is synchronous and reads no clock, so the
 * same facts always give the same rows, which is all that a log store needs to come back.
 *
 * Invariant: a run that has not ended has an owner, a due time, or is stuck and waits for mail.
 */
import type { Mail, RunStatus, StoredEntry, StoredMail, StoredRun } from '../store.ts';
import { DueQueue } from './due-queue.ts';
import type { Fact } from './facts.ts';

const WORKER_KEPT_MS = 86_400_000;

export interface Row {
  readonly id: string;
  readonly kind: string;
  readonly bornMs: number;
  status: RunStatus;
  worker: string | null;
  dueAtMs: number | null;
  /** The last owner did not give the run up. */
  orphan: boolean;
  endedMs: number | null;
  mailCount: number;
  mailSeen: number;
  readonly entries: StoredEntry[];
  mail: StoredMail[];
  readonly dedupe: Set<string>;
}

export interface WorkerRow {
  leaseUntilMs: number;
  readonly runs: Set<Row>;
}

export class RunRows {
  readonly byId: Map<string, Row> = new Map();
  readonly workers: Map<string, WorkerRow> = new Map();
  /** In order of their end. */
  readonly ended: Set<Row> = new Set();
  /** The newest time of any fact: a reopened store's clock must not go back behind it. */
  lastMs: number = 0;
  private readonly due = new Map<string, DueQueue>();

  /** The runs of a kind by the time they are due; undefined when none ever was. */
  dueOf(kind: string): DueQueue | undefined {
    return this.due.get(kind);
  }

  apply(fact: Fact): void {
    switch (fact.op) {
      case 'create': {
        const entry: StoredEntry = { seq: 0, fence: 0, atMs: fact.atMs, body: fact.body };
        const row: Row = {
          id: fact.id,
          kind: fact.kind,
          bornMs: fact.atMs,
          status: 'open',
          worker: null,
          dueAtMs: null,
          orphan: false,
          endedMs: null,
          mailCount: 0,
          mailSeen: 0,
          entries: [entry],
          mail: [],
          dedupe: new Set(),
        };
        this.byId.set(row.id, row);
        if (fact.worker !== null) this.own(row, fact.worker);
        else this.setDue(row, fact.dueAtMs ?? fact.atMs);
        this.saw(fact.atMs);
        return;
      }
      case 'entry': {
        const row = this.extend(fact.id, fact.entry);
        if (fact.mailSeen !== undefined && fact.mailSeen > row.mailSeen) {
          row.mailSeen = fact.mailSeen;
          row.mail = row.mail.filter((m) => m.n > row.mailSeen);
        }
        if (fact.status !== undefined) row.status = fact.status;
        if (fact.status === 'completed' || fact.status === 'compensated') this.end(row, fact.entry.atMs);
        else if (fact.dueAtMs !== undefined) this.letGo(row, fact.dueAtMs, false);
        this.saw(fact.entry.atMs);
        return;
      }
      case 'claim': {
        const row = this.extend(fact.id, fact.entry);
        row.status = 'open';
        this.own(row, fact.worker);
        this.saw(fact.entry.atMs);
        return;
      }
      case 'mail': {
        const row = this.byId.get(fact.mail.run)!;
        row.mail.push(fact.mail);
        row.mailCount = fact.mail.n;
        row.dedupe.add(dedupeKey(fact.mail));
        if (row.worker === null) this.setDue(row, Math.min(row.dueAtMs ?? fact.atMs, fact.atMs));
        this.saw(fact.atMs);
        return;
      }
      case 'retire': {
        for (const row of [...(this.workers.get(fact.worker)?.runs ?? [])]) this.letGo(row, fact.atMs, false);
        this.saw(fact.atMs);
        return;
      }
      case 'prune':
        for (const id of fact.ids) {
          const row = this.byId.get(id)!;
          this.ended.delete(row);
          this.byId.delete(id);
        }
    }
  }

  isLive(id: string, nowMs: number): boolean {
    const worker = this.workers.get(id);
    return worker !== undefined && worker.leaseUntilMs >= nowMs;
  }

  /** Makes the runs of workers whose lease is over due. */
  expire(nowMs: number): void {
    for (const [id, worker] of this.workers) {
      if (worker.leaseUntilMs >= nowMs) continue;
      for (const row of [...worker.runs]) this.letGo(row, nowMs, true);
      if (worker.leaseUntilMs + WORKER_KEPT_MS < nowMs) this.workers.delete(id);
    }
  }

  /** The second of a pair of checks: a journal read back has no gap, and nothing after its end. */
  private extend(id: string, entry: StoredEntry): Row {
    const row = this.byId.get(id);
    if (row?.entries.length !== entry.seq || row.endedMs !== null) {
      throw new Error(`entry ${entry.seq} of run ${id} does not follow`);
    }
    row.entries.push(entry);
    return row;
  }

  private saw(atMs: number): void {
    if (atMs > this.lastMs) this.lastMs = atMs;
  }

  private own(row: Row, id: string): void {
    this.disown(row);
    row.worker = id;
    row.dueAtMs = null;
    row.orphan = false;
    let worker = this.workers.get(id);
    if (worker === undefined) {
      // Only when facts are applied again: a worker of a former process, long gone.
      worker = { leaseUntilMs: 0, runs: new Set() };
      this.workers.set(id, worker);
    }
    worker.runs.add(row);
  }

  private disown(row: Row): void {
    if (row.worker !== null) this.workers.get(row.worker)?.runs.delete(row);
    row.worker = null;
  }

  /** @param orphan whether its owner died */
  letGo(row: Row, dueAtMs: number | null, orphan: boolean): void {
    this.disown(row);
    row.orphan = orphan;
    row.dueAtMs = null;
    if (dueAtMs !== null) this.setDue(row, dueAtMs);
  }

  private setDue(row: Row, atMs: number): void {
    if (row.dueAtMs === atMs) return;
    row.dueAtMs = atMs;
    let queue = this.due.get(row.kind);
    if (queue === undefined) {
      queue = new DueQueue((id, at) => this.byId.get(id)?.dueAtMs === at);
      this.due.set(row.kind, queue);
    }
    queue.push(row.id, atMs);
  }

  private end(row: Row, atMs: number): void {
    this.disown(row);
    row.dueAtMs = null;
    row.endedMs = atMs;
    row.mail = [];
    row.dedupe.clear();
    this.ended.add(row);
  }
}

/** What is told apart within a run: a second mail with the same key and dedupe is a duplicate. */
export const dedupeKey = (mail: Mail): string => `${mail.key}\n${mail.dedupe}`;

export const view = (row: Row): StoredRun => ({
  id: row.id,
  kind: row.kind,
  status: row.status,
  entries: row.entries.slice(),
  mail: row.mail.slice(),
});
