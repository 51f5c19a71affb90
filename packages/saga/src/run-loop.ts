/**
 * RunLoop: one run's actor. The only writer of a run in this process, and one step at a time.
 *
 * Settled attempts, mail and timers are gathered; while no append is in flight `plan` turns them into one entry. Only
 * when it is durable the state moves, and only then what it justifies is done: `done k` before step k + 1 starts,
 * `undoing` before the first undo. Hence n + 1 entries for n steps: the end rides with the last `done`.
 *
 * The loop writes at the seq it expects. On a conflict it reads: its own entry there means that the answer to an
 * earlier append was lost, and it goes on; anything else means that another worker has the run, and it stops, having
 * written nothing more. A commit whose outcome is unknown is never guessed.
 *
 * A run with nothing to do for longer than `holdMs` is given back to the store until then and forgotten here: runs
 * that wait cost no memory in the worker.
 */
import { Calls } from './calls.ts';
import type { CallPorts } from './calls.ts';
import { evolve } from './evolve.ts';
import type { RunState } from './evolve.ts';
import { plan } from './plan.ts';
import type { Plan, PlanLimits } from './plan.ts';
import type { Settled } from './react.ts';
import { encodeRecords } from './records.ts';
import type { JournalRecord } from './records.ts';
import type { Definition } from './saga.ts';
import type { Append, Appended, StoredMail, StoredRun } from './store.ts';

export interface RunPorts extends CallPorts, PlanLimits {
  /** The store's time as far as it is known. */
  readonly storeNow: () => number;
  /** Whether this worker's lease still holds. */
  readonly isValid: () => boolean;
  readonly append: (row: Append) => Promise<Appended>;
  readonly load: (id: string) => Promise<StoredRun | null>;
  readonly onFailed: (error: unknown) => void;
  readonly onEnd: (loop: RunLoop, end: LoopEnd) => void;
}

/** `settled`: ended or stuck; `released`: given back to the store; `dropped`: not ours any more, or closing. */
export type LoopEnd = 'settled' | 'released' | 'dropped';

export class RunLoop {
  readonly id: string;
  state: RunState;
  /** An entry that gives the run up is on its way. */
  isLeaving = false;
  private readonly ports: RunPorts;
  private readonly definition: Definition;
  private readonly calls: Calls;
  private settled: Settled[] = [];
  private mail: StoredMail[];
  private mailTaken: number;
  private busy = false;
  private over = false;
  private draining = false;
  private cancelTimer: (() => void) | undefined;

  constructor(ports: RunPorts, definition: Definition, state: RunState, mail: readonly StoredMail[]) {
    this.ports = ports;
    this.id = state.id;
    this.definition = definition;
    this.state = state;
    this.mail = [...mail];
    this.mailTaken = mail.at(-1)?.n ?? 0;
    this.calls = new Calls(ports, definition, (event) => {
      this.settled.push(event);
      this.pump();
    });
  }

  start(): void {
    this.pump();
  }

  /** Mail as the store has it; what was taken before is left out. */
  deliver(mail: readonly StoredMail[]): void {
    for (const m of mail) {
      if (m.n <= this.mailTaken) continue;
      this.mail.push(m);
      this.mailTaken = m.n;
    }
    this.pump();
  }

  /** Starts nothing more; ends when what is under way has settled and is written. */
  drain(): void {
    this.draining = true;
    this.pump();
  }

  /** Stops at once and writes nothing more. */
  drop(why: string): void {
    if (!this.over) this.leave('dropped', why);
  }

  private pump(): void {
    if (this.over || this.busy) return;
    this.cancelTimer?.();
    const nowMs = this.ports.storeNow();
    const { settled, mail } = this;
    this.settled = [];
    this.mail = [];
    const next = plan(
      this.definition,
      this.state,
      { settled, mail, isWorking: this.calls.size > 0 },
      nowMs,
      this.ports,
    );
    // A stuck run that was claimed and has nothing new to say must still be given up again.
    const isStranded = next.next.phase === 'stuck';
    if (next.records.length > 0 || next.releaseInMs !== null || isStranded) this.write(next);
    else if (!this.draining) this.perform(next.actions, nowMs);
    else if (this.calls.size === 0) this.leave('dropped', 'the worker closes');
  }

  private write(next: Plan): void {
    if (!this.ports.isValid()) {
      this.drop('the lease is over');
      return;
    }
    const { phase } = next.next;
    const status = phase === 'forward' || phase === 'undoing' ? undefined : phase;
    const row: Append = {
      run: this.id,
      seq: this.state.nextSeq,
      fence: this.state.fence,
      body: encodeRecords(next.records),
      ...(status === undefined ? {} : { status }),
      ...(next.releaseInMs === null ? {} : { releaseInMs: next.releaseInMs }),
      ...(next.mailSeen === 0 ? {} : { mailSeen: next.mailSeen }),
    };
    this.busy = true;
    this.isLeaving = status !== undefined || next.releaseInMs !== null;
    this.append(row, next.records).catch((error: unknown) => {
      this.drop('the store failed');
      this.ports.onFailed(error);
    });
  }

  private async append(row: Append, records: readonly JournalRecord[]): Promise<void> {
    let answer = await this.ports.append(row);
    if (answer.status === 'conflict') answer = await this.look(row);
    if (this.over) return;
    if (answer.status === 'conflict') {
      this.ports.observer.tell({ type: 'fenced', runId: this.id, seq: row.seq, fence: row.fence });
      this.drop('another worker has the run');
      return;
    }
    const { seq, fence } = row;
    this.state = evolve(this.id, this.state, { seq, fence, atMs: answer.atMs, records });
    this.busy = false;
    this.report(records);
    if (row.status !== undefined) this.leave('settled', 'the run has ended or is stuck');
    else if (row.releaseInMs !== undefined) this.leave('released', 'the run waits');
    else {
      if (this.state.phase === 'undoing') this.calls.abortForward();
      this.pump();
    }
  }

  /** Our own entry at that seq, and no claim after it: the answer was lost, not the append. */
  private async look(row: Append): Promise<Appended> {
    const run = await this.ports.load(this.id);
    const there = run?.entries[row.seq];
    if (there?.fence !== row.fence || there.body !== row.body) return { status: 'conflict' };
    const isLast = run?.entries.length === row.seq + 1;
    return isLast ? { status: 'written', atMs: there.atMs } : { status: 'conflict' };
  }

  private perform(actions: Plan['actions'], nowMs: number): void {
    if (!this.ports.isValid()) {
      this.drop('the lease is over');
      return;
    }
    let wakeAtMs = Infinity;
    const mayUndo = !this.calls.isForward;
    for (const action of actions) {
      if (action.type === 'wake') wakeAtMs = Math.min(wakeAtMs, action.atMs);
      else if (action.type === 'run') this.calls.run(this.state, action.step, action.attempt);
      else if (mayUndo) this.calls.undo(this.state, action.step, action.attempt);
    }
    if (wakeAtMs === Infinity) return;
    this.cancelTimer = this.ports.clock.schedule(() => this.pump(), Math.max(1, Math.ceil(wakeAtMs - nowMs)));
  }

  private leave(end: LoopEnd, why: string): void {
    this.over = true;
    this.cancelTimer?.();
    this.settled = [];
    this.mail = [];
    this.calls.dropAll(why);
    this.ports.onEnd(this, end);
  }

  private report(records: readonly JournalRecord[]): void {
    const { observer } = this.ports;
    const runId = this.id;
    for (const record of records) {
      if (record.type === 'undoing') observer.tell({ type: 'undoing', runId, reason: record.reason });
      else if (record.type === 'stuck') observer.tell({ ...record, runId });
      else if (record.type === 'ignored') observer.tell({ type: 'mail-ignored', runId, why: record.why });
      else if (record.type === 'completed' || record.type === 'compensated') {
        observer.tell({ type: 'ended', runId, status: record.type });
      }
    }
  }
}
