/**
 * RunLoop: one run's actor. The only writer of a run in this process, and one step at a time.
 *
 * Settled attempts, mail and timers are gathered; while no append is in flight they become records, and all of them,
 * with what `decide` adds, are written as one entry. Only when it is durable the state moves, and only then what it
 * justifies is done: `done k` before step k + 1 starts, `undoing` before the first undo. Hence n + 1 entries for n
 * steps: the end rides with the last `done`.
 *
 * The loop writes at the seq it expects. On a conflict it reads: its own entry there means that the answer to an
 * earlier append was lost, and it goes on; anything else means that another worker has the run, and it stops, having
 * written nothing more. A commit whose outcome is unknown is never guessed.
 *
 * A run with nothing to do for longer than `holdMs` is given back to the store until then and forgotten here: runs
 * that wait cost no memory in the worker.
 */
import { SKIP, runAttempt } from './attempt.ts';
import { decide } from './decide.ts';
import type { Action } from './decide.ts';
import { Park, summarize } from './errors.ts';
import { amend, evolve, nodeState, resultsOf } from './evolve.ts';
import type { RunState } from './evolve.ts';
import { onMail, onSettled } from './react.ts';
import type { AttemptOutcome, Settled } from './react.ts';
import { encodeRecords } from './records.ts';
import type { JournalRecord } from './records.ts';
import type { Definition, NodeDefinition } from './saga.ts';
import type { Append, Appended, StoredMail, StoredRun } from './store.ts';
import type { Clock } from './system.ts';
import type { Observer } from './telemetry.ts';
import type { Json, StepContext, UndoContext } from './types.ts';

export interface RunPorts {
  readonly clock: Clock;
  readonly storeNow: () => number;
  readonly isValid: () => boolean;
  readonly random: () => number;
  readonly append: (row: Append) => Promise<Appended>;
  readonly load: (id: string) => Promise<StoredRun | null>;
  readonly observer: Observer;
  readonly holdMs: number;
  readonly entryBytesMax: number;
  readonly orphanClaimsMax: number;
  readonly onFailed: (error: unknown) => void;
  readonly onEnd: (loop: RunLoop, end: LoopEnd) => void;
}

/** `settled`: ended or stuck; `released`: given back to the store; `dropped`: not ours any more, or closing. */
export type LoopEnd = 'settled' | 'released' | 'dropped';

interface Plan {
  readonly records: readonly JournalRecord[];
  readonly next: RunState;
  readonly mailSeen: number;
  readonly releaseInMs: number | null;
}

interface Running {
  readonly undo: boolean;
  readonly controller: AbortController;
}

export class RunLoop {
  readonly id: string;
  readonly definition: Definition;
  state: RunState;
  /** An entry that gives the run up is on its way. */
  isLeaving = false;
  private readonly ports: RunPorts;
  private readonly input: () => unknown;
  private events: Settled[] = [];
  private mail: StoredMail[] = [];
  private mailTaken: number;
  private readonly running = new Map<string, Running>();
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
    this.input = parseOnce(definition, state.input);
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
    if (this.over) return;
    this.finish('dropped');
    this.abort(why);
  }

  private pump(): void {
    if (this.over || this.busy) return;
    this.cancelTimer?.();
    const plan = this.plan();
    const isStranded = plan.next.phase === 'stuck';
    if (plan.records.length > 0 || plan.releaseInMs !== null || isStranded) this.write(plan);
    else if (this.draining) {
      if (this.running.size === 0) this.finish('dropped');
    } else this.perform();
  }

  private plan(): Plan {
    const { entryBytesMax, orphanClaimsMax, random, storeNow } = this.ports;
    const nowMs = storeNow();
    const { definition } = this;
    const records: JournalRecord[] = [];
    let next = this.state;
    const add = (more: readonly JournalRecord[]): void => {
      records.push(...more);
      next = amend(this.id, next, more, nowMs);
    };

    // Results first: what arrived together with a failure still counts, and is undone knowing its result.
    const events = this.events;
    this.events = [];
    const isOk = (e: Settled): boolean => e.outcome.type !== 'failed';
    for (const e of [...events.filter(isOk), ...events.filter((x) => !isOk(x))]) {
      add(onSettled(definition, next, e, random()));
    }

    let mailSeen = 0;
    const mail = this.mail;
    this.mail = [];
    for (const m of mail) {
      // Nothing can follow an end; the mail ends with the run.
      if (next.phase === 'completed' || next.phase === 'compensated') break;
      const more = onMail(definition, next, m, entryBytesMax);
      if (more[0]?.type === 'ignored') {
        this.ports.observer.tell({ type: 'mail-ignored', runId: this.id, key: m.key, why: more[0].why });
      }
      add(more);
      mailSeen = m.n;
    }

    for (;;) {
      const actions = decide(definition, next, nowMs, orphanClaimsMax);
      const write = actions.find((a) => a.type === 'write');
      if (write === undefined) return { records, next, mailSeen, releaseInMs: this.releaseInMs(actions, nowMs) };
      add(write.records);
    }
  }

  /** How long nothing is to be done, when that is worth giving the run up. */
  private releaseInMs(actions: readonly Action[], nowMs: number): number | null {
    if (actions.length === 0 || this.running.size > 0) return null;
    let atMs = Infinity;
    for (const action of actions) {
      if (action.type !== 'wake') return null;
      atMs = Math.min(atMs, action.atMs);
    }
    return atMs - nowMs > this.ports.holdMs ? Math.ceil(atMs - nowMs) : null;
  }

  private write(plan: Plan): void {
    if (!this.ports.isValid()) {
      this.drop('the lease is over');
      return;
    }
    const { phase } = plan.next;
    const status = phase === 'forward' || phase === 'undoing' ? undefined : phase;
    const row: Append = {
      run: this.id,
      seq: this.state.nextSeq,
      fence: this.state.fence,
      body: encodeRecords(plan.records),
      ...(status === undefined ? {} : { status }),
      ...(plan.releaseInMs === null ? {} : { releaseInMs: plan.releaseInMs }),
      ...(plan.mailSeen === 0 ? {} : { mailSeen: plan.mailSeen }),
    };
    this.busy = true;
    this.isLeaving = status !== undefined || plan.releaseInMs !== null;
    this.settle(row, plan).catch((error: unknown) => {
      this.drop('the store failed');
      this.ports.onFailed(error);
    });
  }

  private async settle(row: Append, plan: Plan): Promise<void> {
    let answer = await this.ports.append(row);
    if (answer.status === 'conflict') answer = await this.look(row);
    if (this.over) return;
    if (answer.status === 'conflict') {
      this.ports.observer.tell({ type: 'fenced', runId: this.id, seq: row.seq, fence: row.fence });
      this.drop('another worker has the run');
      return;
    }
    const { seq, fence } = row;
    this.state = evolve(this.id, this.state, { seq, fence, atMs: answer.atMs, records: plan.records });
    this.busy = false;
    this.report(plan.records);
    if (row.status !== undefined) this.leave('settled', 'the run has ended or is stuck');
    else if (plan.releaseInMs !== null) this.leave('released', 'the run waits');
    else {
      if (this.state.phase === 'undoing') this.abortForward();
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

  private perform(): void {
    const nowMs = this.ports.storeNow();
    let wakeAtMs = Infinity;
    const forwardRuns = [...this.running.values()].some((r) => !r.undo);
    for (const action of decide(this.definition, this.state, nowMs, this.ports.orphanClaimsMax)) {
      if (action.type === 'wake') wakeAtMs = Math.min(wakeAtMs, action.atMs);
      else if (action.type === 'run') this.run(action.step, action.attempt);
      // A handler that was aborted gets its moment to settle before its effect is undone.
      else if (action.type === 'undo' && !forwardRuns) this.undo(action.step, action.attempt);
    }
    if (wakeAtMs !== Infinity) {
      this.cancelTimer = this.ports.clock.schedule(() => this.pump(), Math.max(1, Math.ceil(wakeAtMs - nowMs)));
    }
  }

  private run(step: string, attempt: number): void {
    const definition = this.definition.nodes.get(step)!;
    this.attempt(definition, false, attempt, (controller) => {
      const context: StepContext<unknown, Record<string, Json>> = {
        input: this.input(),
        results: resultsOf(this.state),
        ...this.common(step, attempt, controller),
      };
      if (definition.when !== undefined && definition.when(context) !== true) return SKIP;
      return definition.run!(context);
    });
  }

  private undo(step: string, attempt: number): void {
    const definition = this.definition.nodes.get(step)!;
    if (typeof definition.undo !== 'function') return;
    const { undo } = definition;
    this.attempt(definition, true, attempt, async (controller) => {
      const node = nodeState(this.state, step);
      const context: UndoContext<unknown, Record<string, Json>, unknown> = {
        input: this.input(),
        results: resultsOf(this.state),
        result: node.status === 'done' ? node.result : undefined,
        reason: this.state.reason!,
        ...this.common(step, attempt, controller),
      };
      await undo(context);
    });
  }

  private common(
    step: string,
    attempt: number,
    controller: AbortController,
  ): Omit<StepContext<unknown, unknown>, 'input' | 'results'> {
    return {
      runId: this.id,
      key: `${this.id}/${step}`,
      fence: this.state.fence,
      attempt,
      signal: controller.signal,
    };
  }

  private attempt(
    definition: NodeDefinition,
    undo: boolean,
    attempt: number,
    call: (controller: AbortController) => unknown,
  ): void {
    const step = definition.node.name;
    if (this.running.has(step)) return;
    if (!this.ports.isValid()) {
      this.drop('the lease is over');
      return;
    }
    const controller = new AbortController();
    const running: Running = { undo, controller };
    this.running.set(step, running);
    this.ports.observer.tell({ type: 'attempt', runId: this.id, step, undo, attempt });
    const { timeoutMs } = undo ? definition.backward : definition.forward;
    void runAttempt(() => call(controller), {
      clock: this.ports.clock,
      timeoutMs,
      resultBytesMax: this.ports.entryBytesMax,
      controller,
    }).then((outcome: AttemptOutcome) => {
      if (this.over) return;
      this.running.delete(step);
      this.ports.observer.tell({ type: 'settled', runId: this.id, step, undo, attempt, outcome: outcome.type });
      this.events.push({ step, undo, attempt, outcome });
      this.pump();
    });
  }

  private abortForward(): void {
    for (const { undo, controller } of this.running.values()) {
      if (!undo && !controller.signal.aborted) controller.abort(abortError('the run is being undone'));
    }
  }

  private abort(why: string): void {
    for (const { controller } of this.running.values()) {
      if (!controller.signal.aborted) controller.abort(abortError(why));
    }
    this.running.clear();
  }

  private leave(end: LoopEnd, why: string): void {
    this.finish(end);
    this.abort(why);
  }

  private finish(end: LoopEnd): void {
    this.over = true;
    this.cancelTimer?.();
    this.events = [];
    this.mail = [];
    this.ports.onEnd(this, end);
  }

  private report(records: readonly JournalRecord[]): void {
    const { observer } = this.ports;
    for (const record of records) {
      if (record.type === 'undoing') observer.tell({ type: 'undoing', runId: this.id, reason: record.reason });
      else if (record.type === 'stuck') observer.tell({ ...record, runId: this.id });
      else if (record.type === 'completed' || record.type === 'compensated') {
        observer.tell({ type: 'ended', runId: this.id, status: record.type });
      }
    }
  }
}

/** Handlers get what `parse` makes of the journaled input, in every process alike; if it throws, a person is asked. */
function parseOnce(definition: Definition, input: Json): () => unknown {
  let parsed: { readonly value: unknown } | undefined;
  return () => {
    if (parsed === undefined) {
      try {
        parsed = { value: definition.parse(input) };
      } catch (error) {
        throw new Park(`the journaled input does not parse: ${summarize(error).message}`);
      }
    }
    return parsed.value;
  };
}

function abortError(message: string): Error {
  const error = new Error(message);
  error.name = 'AbortError';
  return error;
}
