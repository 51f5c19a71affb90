/**
 * The engine: coordinates the lease, the claims and one loop per run.
 *
 * Nothing is decided here. What a run does next is `decide`'s business, who has a run is the store's; the engine keeps
 * a map from run ids to loops, gives each what it needs, and tells those who wait. Losing the map loses nothing: every
 * loop can be built again from the journal, here or elsewhere.
 */
import { Batcher, closedError, isFinal } from './batcher.ts';
import { canonical } from './canonical.ts';
import { requireInteger, requireName, requireRunId } from './check.ts';
import { Claimer } from './claimer.ts';
import { pastReturn } from './decide.ts';
import type { Engine, EngineOptions, Handle, Outcome, Resolution } from './engine-types.ts';
import { SagaError } from './errors.ts';
import { fold, resultsOf } from './evolve.ts';
import type { RunState } from './evolve.ts';
import { toJson } from './json.ts';
import { Lease } from './lease.ts';
import { CANCEL, RESOLVE } from './react.ts';
import type { ResolveBody } from './react.ts';
import { decodeEntry, decodeRun, encodeRecords } from './records.ts';
import type { Journal } from './records.ts';
import { RunLoop } from './run-loop.ts';
import type { LoopEnd, RunPorts } from './run-loop.ts';
import { definitionOf } from './saga.ts';
import type { Definition } from './saga.ts';
import type {
  Append,
  Appended,
  Created,
  NewRun,
  RunPage,
  RunQuery,
  SagaStore,
  SendAnswer,
  StoredMail,
  StoredRun,
} from './store.ts';
import { systemClock, systemRandom } from './system.ts';
import type { Clock } from './system.ts';
import { observer } from './telemetry.ts';
import type { Observer } from './telemetry.ts';
import type { Json, Saga } from './types.ts';
import { Waiters } from './waiters.ts';

const PRUNE_BATCH = 1000;
const TEXT_CHARS_MAX = 2048;

interface Settings {
  readonly leaseMs: number;
  readonly activeMax: number;
  readonly holdMs: number;
  readonly pollMs: number;
  readonly entryBytesMax: number;
  readonly orphanClaimsMax: number;
}

/**
 * Creates an engine; `open()` makes it a worker.
 *
 * @throws TypeError or RangeError naming the option, the value and the range.
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { createEngine, saga } from '@loadbearing/saga';
 * import { memoryStore } from '@loadbearing/saga/stores/memory';
 * const hello = saga('hello', { version: 1, parse: String })
 *   .read('greet', { run: (c) => `hello ${c.input}` })
 *   .build();
 * const engine = createEngine({ store: memoryStore(), sagas: [hello] });
 * await engine.open();
 * const run = await engine.start(hello, 'world', { id: 'h-1' });
 * assert.deepEqual(await run.result(), { status: 'completed', results: { greet: 'hello world' } });
 * await engine.close();
 * ```
 */
export function createEngine(options: EngineOptions): Engine {
  return new SagaEngine(options);
}

class SagaEngine implements Engine {
  private readonly store: SagaStore;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly observer: Observer;
  private readonly name: string;
  private readonly settings: Settings;
  private readonly kinds = new Map<string, Definition>();
  private readonly loops = new Map<string, RunLoop>();
  private readonly waiters = new Waiters();
  private readonly creates: Batcher<NewRun, Created>;
  private readonly appends: Batcher<Append, Appended>;
  private readonly ports: RunPorts;
  private lease: Lease | null = null;
  private claimer: Claimer | null = null;
  private unwatch: (() => void) | null = null;
  private starting = 0;
  private nonce = 0;
  private failure: Error | null = null;
  private closing: Promise<void> | null = null;

  constructor(options: EngineOptions) {
    this.store = options.store;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.observer = observer(options.telemetry);
    this.name = requireName('worker', options.worker ?? 'worker');
    this.settings = {
      leaseMs: requireInteger('leaseMs', options.leaseMs ?? 30_000, 1000, 600_000),
      activeMax: requireInteger('activeMax', options.activeMax ?? 4096, 1, 100_000),
      holdMs: requireInteger('holdMs', options.holdMs ?? 5000, 0, 600_000),
      pollMs: requireInteger('pollMs', options.pollMs ?? 1000, 1, 600_000),
      entryBytesMax: requireInteger('entryBytesMax', options.entryBytesMax ?? 262_144, 1024, 1_048_576),
      orphanClaimsMax: requireInteger('orphanClaimsMax', options.orphanClaimsMax ?? 5, 0, 1000),
    };
    for (const saga of options.sagas) {
      const definition = definitionOf(saga);
      if (this.kinds.has(definition.kind)) throw new TypeError(`sagas: ${definition.kind} is given twice`);
      this.kinds.set(definition.kind, definition);
    }
    const { store, clock } = this;
    const shared = { batchMax: store.batchMax, writersMax: store.writersMax, clock, pauseMs: this.settings.pollMs };
    this.creates = new Batcher({ ...shared, call: (rows) => store.create(rows), giveUp: () => this.isOver() });
    this.appends = new Batcher({
      ...shared,
      // By id: stores that lock rows lock them in one order.
      call: async (rows) => {
        const order = rows.map((_, i) => i).sort((a, b) => (rows[a]!.run < rows[b]!.run ? -1 : 1));
        const answers = await store.append(order.map((i) => rows[i]!));
        const sorted: Appended[] = [];
        order.forEach((at, i) => (sorted[at] = answers[i]!));
        return sorted;
      },
      giveUp: () => this.failure !== null || this.lease?.isValid() !== true,
    });
    this.ports = {
      clock,
      storeNow: () => this.lease?.storeNow() ?? 0,
      isValid: () => this.lease?.isValid() === true,
      random: this.random,
      append: (row) => this.appends.add(row),
      load: async (id) => (await store.load([id]))[0] ?? null,
      observer: this.observer,
      holdMs: this.settings.holdMs,
      entryBytesMax: this.settings.entryBytesMax,
      orphanClaimsMax: this.settings.orphanClaimsMax,
      onFailed: (error) => {
        if (isFinal(error)) this.fail(error);
      },
      onEnd: (loop, end) => this.ended(loop, end),
    };
  }

  async open(): Promise<void> {
    this.check();
    if (this.lease !== null) return;
    const { store, clock } = this;
    const onFailed = (error: unknown): void => this.fail(error);
    const lease = new Lease({
      store,
      clock,
      leaseMs: this.settings.leaseMs,
      incarnation: () => `${this.name}.${this.unique()}`,
      onMail: (mail) => this.deliver(mail),
      onLost: () => {
        this.observer.tell({ type: 'lease-lost', worker: lease.worker });
        for (const loop of [...this.loops.values()]) loop.drop('the lease is over');
      },
      onFailed,
    });
    this.lease = lease;
    const claimer = new Claimer({
      store,
      clock,
      kinds: [...this.kinds.keys()],
      pollMs: this.settings.pollMs,
      worker: () => (lease.isValid() ? lease.worker : null),
      room: () => this.settings.activeMax - this.loops.size - this.starting,
      onRun: (run, worker) => this.claimed(run, worker),
      onFailed,
    });
    this.claimer = claimer;
    this.watch();
    await lease.renew();
    this.check();
    claimer.wake();
  }

  async start<N extends string, In, Res, W>(
    saga: Saga<N, In, Res, W>,
    input: In,
    o: { readonly id: string },
  ): Promise<Handle<Res>> {
    this.check();
    const id = requireRunId(o.id);
    const definition = this.definition(saga);
    const json = this.json('input', definition.parse(input));
    const value = json.value ?? null;
    const by = `${this.lease?.worker ?? this.name}/${(this.nonce++).toString(36)}.${this.unique()}`;
    const { deadlineMs, kind } = definition;
    const started = {
      type: 'started',
      v: 1,
      input: value,
      by,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    } as const;
    const { lease } = this;
    const hasRoom = this.loops.size + this.starting < this.settings.activeMax;
    const worker = lease?.isValid() === true && hasRoom ? lease.worker : null;
    this.starting++;
    try {
      const answer = await this.creates.add({ id, kind, worker, body: encodeRecords([started]) });
      if (answer.status === 'created') {
        this.observer.tell({ type: 'started', runId: id, kind });
        if (worker !== null && this.owns(worker)) {
          const entry = { seq: 0, fence: 0, atMs: answer.atMs, records: [started] };
          this.spawn(definition, fold(id, [entry]), []);
        }
        return this.handleOf<Res>(kind, id, true);
      }
      const first = fold(id, [decodeEntry(id, { seq: 0, fence: 0, atMs: 0, body: answer.body })]);
      if (answer.kind !== kind || canonical(first.input) !== canonical(value)) {
        throw new SagaError(
          'SAGA_ID_CONFLICT',
          `run ${id} exists with ${answer.kind === kind ? 'another input' : `kind ${answer.kind}, not ${kind}`}`,
        );
      }
      // Its own nonce: the first sending had been written and only the answer was lost.
      const isOurs = first.by === by;
      if (isOurs && worker !== null) await this.adopt(definition, id, worker);
      return this.handleOf<Res>(kind, id, isOurs);
    } finally {
      this.starting--;
    }
  }

  handle<N extends string, In, Res, W>(saga: Saga<N, In, Res, W>, id: string): Handle<Res> {
    return this.handleOf<Res>(this.definition(saga).kind, requireRunId(id), false);
  }

  async signal<N extends string, In, Res, W, K extends keyof W & string>(
    saga: Saga<N, In, Res, W>,
    id: string,
    wait: K,
    value: W[K],
    o: { readonly dedupe?: string } = {},
  ): Promise<'accepted' | Exclude<SendAnswer, 'stored'>> {
    this.check();
    const parse = this.definition(saga).nodes.get(wait)?.parse;
    if (parse === undefined) throw new TypeError(`saga ${saga.name} has no wait named ${JSON.stringify(wait)}`);
    const body = this.json('signal', parse(value)).text ?? '';
    const answer = await this.send(requireRunId(id), wait, o.dedupe ?? wait, body);
    return answer === 'stored' ? 'accepted' : answer;
  }

  async cancel(id: string, why: string): Promise<'requested' | 'too-late' | 'ended' | 'unknown'> {
    this.check();
    const run = await this.load(requireRunId(id));
    if (run === null) return 'unknown';
    if (run.status === 'completed' || run.status === 'compensated') return 'ended';
    const definition = this.kinds.get(run.kind);
    if (definition !== undefined) {
      const state = fold(id, decodeRun(run).entries);
      if (state.phase === 'forward' && pastReturn(definition, state)) return 'too-late';
    }
    const answer = await this.send(id, CANCEL, CANCEL, JSON.stringify(why.slice(0, TEXT_CHARS_MAX)));
    return answer === 'ended' || answer === 'unknown' ? answer : 'requested';
  }

  async resolve(id: string, decision: Resolution): Promise<'accepted' | 'not-stuck' | 'unknown'> {
    this.check();
    const run = await this.load(requireRunId(id));
    if (run === null) return 'unknown';
    const { stuck } = fold(id, decodeRun(run).entries);
    if (stuck === null) return 'not-stuck';
    const { by, action } = decision;
    const wrong = stuck.direction === 'undo' ? 'done' : 'skip';
    if (action === wrong) {
      throw new TypeError(`run ${id} is stuck in direction ${stuck.direction}: ${action} does not apply`);
    }
    const result = decision.action === 'done' ? { result: this.json('result', decision.result).value ?? null } : {};
    const body: ResolveBody = { seq: stuck.seq, by: by.slice(0, TEXT_CHARS_MAX), action, ...result };
    const answer = await this.send(id, RESOLVE, String(stuck.seq), JSON.stringify(body));
    if (answer === 'stored') return 'accepted';
    return answer === 'unknown' ? 'unknown' : 'not-stuck';
  }

  async journal(id: string): Promise<Journal | null> {
    this.check();
    const run = await this.load(requireRunId(id));
    return run === null ? null : decodeRun(run);
  }

  async list(query: RunQuery): Promise<RunPage> {
    this.check();
    return this.store.list(query);
  }

  async prune(endedBeforeMs: number): Promise<number> {
    this.check();
    let pruned = 0;
    for (;;) {
      const n = await this.store.prune(endedBeforeMs, PRUNE_BATCH);
      pruned += n;
      if (n < PRUNE_BATCH) return pruned;
    }
  }

  close(o: { readonly graceMs?: number } = {}): Promise<void> {
    const graceMs = requireInteger('graceMs', o.graceMs ?? 5000, 0, 600_000);
    this.closing ??= this.shut(graceMs);
    return this.closing;
  }

  private async shut(graceMs: number): Promise<void> {
    const { lease } = this;
    this.claimer?.stop();
    for (const loop of [...this.loops.values()]) loop.drain();
    if (this.loops.size > 0 && graceMs > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.clock.schedule(resolve, graceMs);
        this.waiters.whenIdle(() => {
          cancel();
          resolve();
        });
      });
    }
    for (const loop of [...this.loops.values()]) loop.drop('the worker closes');
    this.unwatch?.();
    if (lease !== null) {
      lease.stop();
      if (this.failure === null) {
        // A store that is gone needs no farewell: the lease runs out.
        await this.store.retire(lease.worker).catch(() => undefined);
      }
    }
    this.waiters.wakeAll();
  }

  private handleOf<Res>(kind: string, id: string, created: boolean): Handle<Res> {
    return {
      id,
      created,
      result: async (o = {}) => (await this.result(kind, id, o.signal)) as Outcome<Res>,
    };
  }

  private async result(kind: string, id: string, signal: AbortSignal | undefined): Promise<Outcome<unknown>> {
    this.watch();
    for (;;) {
      signal?.throwIfAborted();
      this.check();
      // Before looking: a change after the look must not be missed.
      const change = this.waiters.next(id);
      try {
        if (!this.loops.has(id)) {
          const run = await this.load(id);
          const outcome = run === null ? null : outcomeOf(kind, run);
          if (run === null) throw new SagaError('SAGA_UNKNOWN_RUN', `there is no run ${id}`);
          if (outcome !== null) return outcome;
        }
        const state = await change.wait(this.clock, this.loops.has(id) ? null : this.settings.pollMs, signal);
        const outcome = state === null ? null : stateOutcome(state);
        if (outcome !== null) return outcome;
      } finally {
        change.forget();
      }
    }
  }

  private claimed(run: StoredRun, worker: string): void {
    const definition = this.kinds.get(run.kind);
    if (definition === undefined || !this.owns(worker)) return;
    this.observer.tell({ type: 'claimed', runId: run.id, entries: run.entries.length });
    let state: RunState;
    try {
      state = fold(run.id, decodeRun(run).entries);
    } catch (error) {
      // One damaged journal must not stop the others; it stays owned, listed and untouched.
      this.observer.tell({ type: 'stuck', runId: run.id, message: String(error) });
      return;
    }
    this.spawn(definition, state, run.mail);
  }

  private async adopt(definition: Definition, id: string, worker: string): Promise<void> {
    const run = await this.load(id);
    if (run?.entries.length !== 1 || !this.owns(worker) || this.loops.has(id)) return;
    this.spawn(definition, fold(id, decodeRun(run).entries), run.mail);
  }

  private spawn(definition: Definition, state: RunState, mail: readonly StoredMail[]): void {
    this.loops.get(state.id)?.drop('claimed again');
    const loop = new RunLoop(this.ports, definition, state, mail);
    this.loops.set(state.id, loop);
    loop.start();
    if (this.closing !== null) loop.drain();
  }

  private ended(loop: RunLoop, end: LoopEnd): void {
    if (this.loops.get(loop.id) === loop) this.loops.delete(loop.id);
    this.waiters.wake(loop.id, end === 'settled' ? loop.state : null);
    if (this.loops.size === 0) this.waiters.idle();
    // A run given back may be due soon, or at once because of mail.
    if (end !== 'dropped' && !hasEnded(loop.state)) this.claimer?.wake();
    else if (this.loops.size === this.settings.activeMax - 1) this.claimer?.wake();
  }

  private owns(worker: string): boolean {
    return this.closing === null && this.lease?.worker === worker && this.lease.isValid();
  }

  private watch(): void {
    this.unwatch ??= this.store.watch((runs) => {
      if (runs === null) {
        void this.lease?.renew();
        this.claimer?.wake();
        this.waiters.wakeAll();
        return;
      }
      let mine = false;
      let other = false;
      for (const id of runs) {
        const loop = this.loops.get(id);
        if (loop === undefined) {
          other = true;
          this.waiters.wake(id, null);
        } else if (!loop.isLeaving) mine = true;
      }
      if (mine) void this.lease?.renew();
      if (other) this.claimer?.wake();
    });
  }

  private deliver(mail: readonly StoredMail[]): void {
    const byRun = new Map<string, StoredMail[]>();
    for (const m of mail) {
      const list = byRun.get(m.run);
      if (list === undefined) byRun.set(m.run, [m]);
      else list.push(m);
    }
    for (const [id, list] of byRun) this.loops.get(id)?.deliver(list);
  }

  private async load(id: string): Promise<StoredRun | null> {
    return (await this.store.load([id]))[0] ?? null;
  }

  private async send(run: string, key: string, dedupe: string, body: string): Promise<SendAnswer> {
    return (await this.store.send([{ run, key, dedupe: dedupe.slice(0, 256), body }]))[0]!;
  }

  private definition(saga: Saga): Definition {
    const definition = this.kinds.get(definitionOf(saga).kind);
    if (definition === undefined) {
      throw new SagaError('SAGA_UNKNOWN_KIND', `${saga.kind} is not among the sagas of this engine`);
    }
    return definition;
  }

  private json(what: string, value: unknown): { readonly text: string | undefined; readonly value: Json | undefined } {
    const json = toJson(value, this.settings.entryBytesMax);
    if (json.ok) return json;
    if (json.why.startsWith('larger')) throw new SagaError('SAGA_INPUT_TOO_LARGE', `the ${what} is ${json.why}`);
    throw new TypeError(`the ${what} is ${json.why}`);
  }

  private unique(): string {
    return Math.floor(this.random() * 2 ** 52).toString(36);
  }

  private isOver(): boolean {
    return this.closing !== null || this.failure !== null;
  }

  private check(): void {
    if (this.failure !== null) throw this.failure;
    if (this.closing !== null) throw closedError();
  }

  /** The store is closed or its state unknown: nothing here may go on. */
  private fail(error: unknown): void {
    if (this.failure !== null) return;
    this.failure =
      error instanceof Error ? error : new SagaError('SAGA_STORE_FAILED', 'the store failed', { cause: error });
    this.claimer?.stop();
    this.lease?.stop();
    for (const loop of [...this.loops.values()]) loop.drop('the store failed');
    this.unwatch?.();
    this.waiters.wakeAll();
  }
}

const hasEnded = (state: RunState): boolean => state.phase === 'completed' || state.phase === 'compensated';

function stateOutcome(state: RunState): Outcome<unknown> | null {
  if (state.phase === 'completed') return { status: 'completed', results: resultsOf(state) };
  if (state.phase === 'compensated') return { status: 'compensated', reason: state.reason! };
  if (state.stuck === null) return null;
  const { step, direction, message } = state.stuck;
  return { status: 'stuck', step, direction, message };
}

function outcomeOf(kind: string, run: StoredRun): Outcome<unknown> | null {
  if (run.kind !== kind) throw new SagaError('SAGA_UNKNOWN_KIND', `run ${run.id} is of kind ${run.kind}, not ${kind}`);
  // Stuck with unread mail: somebody has answered, and a worker is about to look.
  if (run.status === 'open' || (run.status === 'stuck' && run.mail.length > 0)) return null;
  return stateOutcome(fold(run.id, decodeRun(run).entries));
}
