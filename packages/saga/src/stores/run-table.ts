/**
 * RunTable: the calls of a store, checked; shared by the memory store and the log store.
 *
 * Each method checks a call against the table as it is now, turns what is allowed into facts, applies them and
 * answers. It is synchronous and reads no clock, so calls are serialized by being called, and the same facts always
 * give the same table.
 *
 * The mail counter is looked at in the same step that gives a run up, so a run never sleeps with unread mail.
 */
import type { Append, Appended, Created, Mail, NewRun, RunPage, RunQuery, SendAnswer } from '../store.ts';
import type { StoredMail, StoredRun } from '../store.ts';
import type { Fact } from './facts.ts';
import { listRuns } from './run-list.ts';
import { RunRows, dedupeKey, view } from './run-rows.ts';

const UNREAD_MAX = 1000;
const MAIL_MAX = 10_000;

export interface Answer<T> {
  readonly answer: T;
  readonly facts: readonly Fact[];
}

export class RunTable {
  private readonly rows = new RunRows();

  create(batch: readonly NewRun[], nowMs: number): Answer<Created[]> {
    const facts: Fact[] = [];
    const answer = batch.map((run): Created => {
      const row = this.rows.byId.get(run.id);
      if (row !== undefined) return { status: 'existing', kind: row.kind, body: row.entries[0]!.body };
      const owned = run.worker !== null && this.rows.isLive(run.worker, nowMs);
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
      const row = this.rows.byId.get(a.run);
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
    this.rows.expire(nowMs);
    const facts: Fact[] = [];
    const runs: StoredRun[] = [];
    let nextMs = Infinity;
    const live = this.rows.isLive(o.worker, nowMs);
    for (const kind of o.kinds) {
      const queue = this.rows.dueOf(kind);
      if (queue === undefined) continue;
      while (live && runs.length < o.limit) {
        const id = queue.pop(nowMs);
        if (id === null) break;
        const row = this.rows.byId.get(id)!;
        const seq = row.entries.length;
        const body = JSON.stringify([{ type: 'claimed', by: o.worker, orphan: row.orphan }]);
        this.commit(facts, { op: 'claim', id, entry: { seq, fence: seq, atMs: nowMs, body }, worker: o.worker });
        runs.push(view(row));
      }
      nextMs = Math.min(nextMs, queue.peekMs() ?? Infinity);
    }
    for (const [id, worker] of this.rows.workers) {
      if (id !== o.worker && worker.runs.size > 0) nextMs = Math.min(nextMs, worker.leaseUntilMs + 1);
    }
    const nextDueInMs = nextMs === Infinity ? null : Math.max(0, nextMs - nowMs);
    return { answer: { runs, nextDueInMs }, facts };
  }

  renew(id: string, leaseMs: number, nowMs: number): { readonly lost: boolean; readonly mail: StoredMail[] } {
    this.rows.expire(nowMs);
    const worker = this.rows.workers.get(id);
    if (worker === undefined) {
      this.rows.workers.set(id, { leaseUntilMs: nowMs + leaseMs, runs: new Set() });
      return { lost: false, mail: [] };
    }
    if (worker.leaseUntilMs < nowMs) return { lost: true, mail: [] };
    worker.leaseUntilMs = nowMs + leaseMs;
    const mail: StoredMail[] = [];
    for (const row of worker.runs) mail.push(...row.mail);
    return { lost: false, mail };
  }

  retire(worker: string, nowMs: number): Answer<undefined> {
    this.rows.expire(nowMs);
    const facts: Fact[] = [];
    if (this.rows.isLive(worker, nowMs)) this.commit(facts, { op: 'retire', worker, atMs: nowMs });
    // It stays known as expired: the same incarnation must not come back.
    const known = this.rows.workers.get(worker);
    if (known !== undefined) known.leaseUntilMs = Math.min(known.leaseUntilMs, nowMs - 1);
    return { answer: undefined, facts };
  }

  send(batch: readonly Mail[], nowMs: number): Answer<SendAnswer[]> {
    const facts: Fact[] = [];
    const answer = batch.map((mail): SendAnswer => {
      const row = this.rows.byId.get(mail.run);
      if (row === undefined) return 'unknown';
      if (row.endedMs !== null) return 'ended';
      if (row.dedupe.has(dedupeKey(mail))) return 'duplicate';
      // The engine's own keys begin with $ and are one for each cause: a full box must not keep a person out.
      const isBounded = !mail.key.startsWith('$');
      if (isBounded && (row.mail.length >= UNREAD_MAX || row.mailCount >= MAIL_MAX)) return 'full';
      const { run, key, dedupe, body } = mail;
      this.commit(facts, { op: 'mail', mail: { run, key, dedupe, body, n: row.mailCount + 1 }, atMs: nowMs });
      return 'stored';
    });
    return { answer, facts };
  }

  load(ids: readonly string[]): (StoredRun | null)[] {
    return ids.map((id) => {
      const row = this.rows.byId.get(id);
      return row === undefined ? null : view(row);
    });
  }

  list(query: RunQuery, nowMs: number): RunPage {
    return listRuns(this.rows.byId.values(), query, nowMs);
  }

  prune(endedBeforeMs: number, limit: number): Answer<number> {
    const ids: string[] = [];
    for (const row of this.rows.ended) {
      if (ids.length >= limit || row.endedMs! >= endedBeforeMs) break;
      ids.push(row.id);
    }
    const facts: Fact[] = [];
    if (ids.length > 0) this.commit(facts, { op: 'prune', ids });
    return { answer: ids.length, facts };
  }

  /** The newest time of any fact. */
  get lastMs(): number {
    return this.rows.lastMs;
  }

  /** Applies a fact again. @throws Error when it cannot follow. */
  apply(fact: Fact): void {
    this.rows.apply(fact);
  }

  private commit(facts: Fact[], fact: Fact): void {
    this.rows.apply(fact);
    facts.push(fact);
  }
}
