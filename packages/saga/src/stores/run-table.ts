/**
 * RunTable: the state machine that the memory store and the log store share.
 *
 * Each method checks a call against the table as it is now, turns what is allowed into facts, applies them and
 * answers. It is synchronous and reads no clock, so calls are serialized by being called, and the same facts always
 * give the same table.
 *
 * Invariant: a run that has not ended has an owner, a due time, or is stuck and waits for mail. The mail counter is
 * looked at in the same step that gives a run up, so a run never sleeps with unread mail.
 */
import type { Append, Appended, Created, Mail, NewRun, RunPage, RunQuery, RunStatus, SendAnswer } from '../store.ts';
import type { StoredEntry, StoredMail, StoredRun } from '../store.ts';
import { DueQueue } from './due-queue.ts';
import type { Fact } from './facts.ts';

const UNREAD_MAX = 1000;
const MAIL_MAX = 10_000;
const LIST_MAX = 1000;
const WORKER_KEPT_MS = 86_400_000;

interface Row {
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

interface Worker {
  leaseUntilMs: number;
  readonly runs: Set<Row>;
}

export interface Answer<T> {
  readonly answer: T;
  readonly facts: readonly Fact[];
}

export class RunTable {
  private readonly rows = new Map<string, Row>();
  private readonly due = new Map<string, DueQueue>();
  private readonly workers = new Map<string, Worker>();
  /** In order of their end. */
  private readonly ended = new Set<Row>();

  create(batch: readonly NewRun[], nowMs: number): Answer<Created[]> {
    const facts: Fact[] = [];
    const answer = batch.map((run): Created => {
      const row = this.rows.get(run.id);
      if (row !== undefined) return { status: 'existing', kind: row.kind, body: row.entries[0]!.body };
      const owned = run.worker !== null && this.isLive(run.worker, nowMs);
      this.commit(facts, {
        op: 'create',
        id: run.id,
        kind: run.kind,
        worker: owned ? run.worker : null,
        dueAtMs: owned ? null : nowMs + (run.dueInMs ?? 0),
        body: run.body,
        atMs: nowMs,
      });
      return { status: 'created', atMs: nowMs };
    });
    return { answer, facts };
  }

  append(batch: readonly Append[], nowMs: number): Answer<Appended[]> {
    const runs = new Set(batch.map((row) => row.run));
    if (runs.size !== batch.length) throw new TypeError('append: two rows of one batch are for the same run');
    const facts: Fact[] = [];
    const answer = batch.map((a): Appended => {
      const row = this.rows.get(a.run);
      if (a.seq !== row?.entries.length || row.endedMs !== null) return { status: 'conflict' };
      const unread = row.mailCount > Math.max(row.mailSeen, a.mailSeen ?? 0);
      const releaseAtMs = a.releaseInMs === undefined ? undefined : nowMs + (unread ? 0 : a.releaseInMs);
      const dueAtMs = a.status === 'stuck' ? (unread ? nowMs : null) : releaseAtMs;
      this.commit(facts, {
        op: 'entry',
        id: a.run,
        entry: { seq: a.seq, fence: a.fence, atMs: nowMs, body: a.body },
        ...(a.status === undefined ? {} : { status: a.status }),
        ...(dueAtMs === undefined ? {} : { dueAtMs }),
        ...(a.mailSeen === undefined ? {} : { mailSeen: a.mailSeen }),
      });
      return { status: 'written', atMs: nowMs };
    });
    return { answer, facts };
  }

  claim(
    o: { readonly worker: string; readonly kinds: readonly string[]; readonly limit: number },
    nowMs: number,
  ): Answer<{ readonly runs: StoredRun[]; readonly nextDueInMs: number | null }> {
    this.expire(nowMs);
    const facts: Fact[] = [];
    const runs: StoredRun[] = [];
    let nextMs = Infinity;
    const live = this.isLive(o.worker, nowMs);
    for (const kind of o.kinds) {
      const queue = this.due.get(kind);
      if (queue === undefined) continue;
      while (live && runs.length < o.limit) {
        const id = queue.pop(nowMs);
        if (id === null) break;
        const row = this.rows.get(id)!;
        const seq = row.entries.length;
        const body = JSON.stringify([{ type: 'claimed', by: o.worker, orphan: row.orphan }]);
        this.commit(facts, { op: 'claim', id, entry: { seq, fence: seq, atMs: nowMs, body }, worker: o.worker });
        runs.push(view(row));
      }
      nextMs = Math.min(nextMs, queue.peekMs() ?? Infinity);
    }
    for (const [id, worker] of this.workers) {
      if (id !== o.worker && worker.runs.size > 0) nextMs = Math.min(nextMs, worker.leaseUntilMs + 1);
    }
    const nextDueInMs = nextMs === Infinity ? null : Math.max(0, nextMs - nowMs);
    return { answer: { runs, nextDueInMs }, facts };
  }

  renew(id: string, leaseMs: number, nowMs: number): { readonly lost: boolean; readonly mail: StoredMail[] } {
    this.expire(nowMs);
    const worker = this.workers.get(id);
    if (worker === undefined) {
      this.workers.set(id, { leaseUntilMs: nowMs + leaseMs, runs: new Set() });
      return { lost: false, mail: [] };
    }
    if (worker.leaseUntilMs < nowMs) return { lost: true, mail: [] };
    worker.leaseUntilMs = nowMs + leaseMs;
    const mail: StoredMail[] = [];
    for (const row of worker.runs) mail.push(...row.mail);
    return { lost: false, mail };
  }

  retire(worker: string, nowMs: number): Answer<undefined> {
    this.expire(nowMs);
    const facts: Fact[] = [];
    if (this.isLive(worker, nowMs)) this.commit(facts, { op: 'retire', worker, atMs: nowMs });
    // It stays known as expired: the same incarnation must not come back.
    const known = this.workers.get(worker);
    if (known !== undefined) known.leaseUntilMs = Math.min(known.leaseUntilMs, nowMs - 1);
    return { answer: undefined, facts };
  }

  send(batch: readonly Mail[], nowMs: number): Answer<SendAnswer[]> {
    const facts: Fact[] = [];
    const answer = batch.map((mail): SendAnswer => {
      const row = this.rows.get(mail.run);
      if (row === undefined) return 'unknown';
      if (row.endedMs !== null) return 'ended';
      if (row.dedupe.has(dedupeKey(mail))) return 'duplicate';
      if (row.mail.length >= UNREAD_MAX || row.mailCount >= MAIL_MAX) return 'full';
      const { run, key, dedupe, body } = mail;
      this.commit(facts, { op: 'mail', mail: { run, key, dedupe, body, n: row.mailCount + 1 }, atMs: nowMs });
      return 'stored';
    });
    return { answer, facts };
  }

  load(ids: readonly string[]): (StoredRun | null)[] {
    return ids.map((id) => {
      const row = this.rows.get(id);
      return row === undefined ? null : view(row);
    });
  }

  list(query: RunQuery, nowMs: number): RunPage {
    const { limit } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > LIST_MAX) {
      throw new RangeError(`limit must be an integer in 1..${LIST_MAX}; got ${String(limit)}`);
    }
    const matches: Row[] = [];
    for (const row of this.rows.values()) {
      if (query.after !== undefined && row.id <= query.after) continue;
      if (query.status !== undefined && !query.status.includes(row.status)) continue;
      if (query.kinds !== undefined && !query.kinds.includes(row.kind)) continue;
      if (query.overdueMs !== undefined && !(row.dueAtMs !== null && nowMs - row.dueAtMs > query.overdueMs)) continue;
      matches.push(row);
    }
    matches.sort((a, b) => (a.id < b.id ? -1 : 1));
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
      next: matches.length > limit ? page[limit - 1]!.id : null,
    };
  }

  prune(endedBeforeMs: number, limit: number): Answer<number> {
    const ids: string[] = [];
    for (const row of this.ended) {
      if (ids.length >= limit || row.endedMs! >= endedBeforeMs) break;
      ids.push(row.id);
    }
    const facts: Fact[] = [];
    if (ids.length > 0) this.commit(facts, { op: 'prune', ids });
    return { answer: ids.length, facts };
  }

  /** The newest time of any fact: a reopened store's clock must not go back behind it. */
  lastMs = 0;

  /** After all facts are applied again: no owner has survived. */
  orphanAll(nowMs: number): void {
    for (const row of this.rows.values()) {
      if (row.worker !== null) this.letGo(row, nowMs, true);
    }
    this.workers.clear();
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
        this.rows.set(row.id, row);
        if (fact.worker !== null) this.own(row, fact.worker);
        else this.setDue(row, fact.dueAtMs ?? fact.atMs);
        this.saw(fact.atMs);
        return;
      }
      case 'entry': {
        const row = this.rows.get(fact.id)!;
        row.entries.push(fact.entry);
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
        const row = this.rows.get(fact.id)!;
        row.entries.push(fact.entry);
        row.status = 'open';
        this.own(row, fact.worker);
        this.saw(fact.entry.atMs);
        return;
      }
      case 'mail': {
        const row = this.rows.get(fact.mail.run)!;
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
          const row = this.rows.get(id)!;
          this.ended.delete(row);
          this.rows.delete(id);
        }
    }
  }

  private commit(facts: Fact[], fact: Fact): void {
    this.apply(fact);
    facts.push(fact);
  }

  private saw(atMs: number): void {
    if (atMs > this.lastMs) this.lastMs = atMs;
  }

  private isLive(id: string, nowMs: number): boolean {
    const worker = this.workers.get(id);
    return worker !== undefined && worker.leaseUntilMs >= nowMs;
  }

  private expire(nowMs: number): void {
    for (const [id, worker] of this.workers) {
      if (worker.leaseUntilMs >= nowMs) continue;
      for (const row of [...worker.runs]) this.letGo(row, nowMs, true);
      if (worker.leaseUntilMs + WORKER_KEPT_MS < nowMs) this.workers.delete(id);
    }
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

  private letGo(row: Row, dueAtMs: number | null, orphan: boolean): void {
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
      queue = new DueQueue((id, at) => this.rows.get(id)?.dueAtMs === at);
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

const dedupeKey = (mail: Mail): string => `${mail.key}\n${mail.dedupe}`;

const view = (row: Row): StoredRun => ({
  id: row.id,
  kind: row.kind,
  status: row.status,
  entries: row.entries.slice(),
  mail: row.mail.slice(),
});
