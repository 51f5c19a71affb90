/**
 * The engine: the door to the runs of a store.
 *
 * Starting, signalling, cancelling, resolving and reading work in any process: they are calls on the store. Executing
 * is the worker's business, and an engine has one only after `open()`. Those who wait for an outcome are told by the
 * worker when the run is here, and look again on a hint or after `pollMs` when it is elsewhere.
 */
import { Batcher, closedError, isFinal } from './batcher.ts';
import { canonical } from './canonical.ts';
import { requireInteger, requireRunId, requireText } from './check.ts';
import { pastReturn } from './decide.ts';
import type { Engine, EngineOptions, Handle, Resolution } from './engine-types.ts';
import { SagaError } from './errors.ts';
import { fold } from './evolve.ts';
import { toJson } from './json.ts';
import { outcomeOf, stateOutcome } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { CANCEL, RESOLVE } from './react.ts';
import type { ResolveBody } from './react.ts';
import { decodeEntry, decodeRun, encodeRecords } from './records.ts';
import type { Journal } from './records.ts';
import { definitionOf } from './saga.ts';
import type { Definition } from './saga.ts';
import { settingsOf } from './settings.ts';
import type { Settings } from './settings.ts';
import type { Created, NewRun, RunPage, RunQuery, SendAnswer, StoredRun } from './store.ts';
import type { Json, Saga } from './types.ts';
import { Waiters } from './waiters.ts';
import { Worker } from './worker.ts';

const PRUNE_BATCH = 1000;
const TEXT_CHARS_MAX = 2048;
const DEDUPE_CHARS_MAX = 256;
const ACTIONS: ReadonlySet<unknown> = new Set<Resolution['action']>(['retry', 'skip', 'done']);

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
  return new SagaEngine(settingsOf(options));
}

class SagaEngine implements Engine {
  private readonly settings: Settings;
  private readonly waiters = new Waiters();
  private readonly creates: Batcher<NewRun, Created>;
  private worker: Worker | null = null;
  private opening: Promise<void> | null = null;
  private unwatch: (() => void) | null = null;
  /** This engine and the number of its call name a `start` in the journal. */
  private readonly mark: string;
  private nonce = 0;
  private failure: Error | null = null;
  private closing: Promise<void> | null = null;

  constructor(settings: Settings) {
    this.settings = settings;
    this.mark = this.unique();
    const { store, clock, pollMs } = settings;
    this.creates = new Batcher({
      call: (rows) => store.create(rows),
      batchMax: store.batchMax,
      writersMax: store.writersMax,
      clock,
      pauseMs: pollMs,
      giveUp: () => this.closing !== null || this.failure !== null,
    });
  }

  open(): Promise<void> {
    this.opening ??= this.becomeWorker();
    return this.opening;
  }

  private async becomeWorker(): Promise<void> {
    this.check();
    this.worker = new Worker({
      settings: this.settings,
      incarnation: () => `${this.settings.name}.${this.unique()}`,
      onChange: (id, state) => this.waiters.wake(id, state),
      onFailed: (error) => this.fail(error),
    });
    this.watch();
    await this.worker.open();
    this.check();
  }

  async start<N extends string, In, Res, W>(
    saga: Saga<N, In, Res, W>,
    input: In,
    o: { readonly id: string },
  ): Promise<Handle<Res>> {
    this.check();
    const { observer, name } = this.settings;
    const id = requireRunId(o.id);
    const definition = this.definition(saga);
    const { kind, deadlineMs } = definition;
    const value = this.json('input', definition.parse(input)).value ?? null;
    const by = `${name}/${(this.nonce++).toString(36)}.${this.mark}`;
    const deadline = deadlineMs === undefined ? {} : { deadlineMs };
    const started = { type: 'started', v: 1, input: value, by, ...deadline } as const;
    const owner = this.worker?.reserve() ?? null;
    try {
      const answer = await this.creates.add({ id, kind, worker: owner, body: encodeRecords([started]) });
      if (answer.status === 'created') {
        observer.tell({ type: 'started', runId: id, kind });
        const entry = { seq: 0, fence: 0, atMs: answer.atMs, records: [started] };
        if (owner !== null) this.worker?.take(owner, definition, fold(id, [entry]), []);
        return this.handleOf<Res>(kind, id, true);
      }
      const first = fold(id, [decodeEntry(id, { seq: 0, fence: 0, atMs: 0, body: answer.body })]);
      if (answer.kind !== kind || canonical(first.input) !== canonical(value)) {
        const has = answer.kind === kind ? 'another input' : `kind ${answer.kind}, not ${kind}`;
        throw new SagaError('SAGA_ID_CONFLICT', `run ${id} exists with ${has}`);
      }
      // Its own nonce: the first sending had been written and only the answer was lost.
      const isOurs = first.by === by;
      if (isOurs && owner !== null) await this.adopt(definition, id, owner);
      return this.handleOf<Res>(kind, id, isOurs);
    } finally {
      if (owner !== null) this.worker?.unreserve();
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
    const dedupe = requireText('dedupe', o.dedupe ?? wait, DEDUPE_CHARS_MAX);
    const answer = await this.send(requireRunId(id), wait, dedupe, body);
    return answer === 'stored' ? 'accepted' : answer;
  }

  async cancel(id: string, why: string): Promise<'requested' | 'too-late' | 'ended' | 'unknown'> {
    this.check();
    requireText('why', why, TEXT_CHARS_MAX);
    const run = await this.load(requireRunId(id));
    if (run === null) return 'unknown';
    if (run.status === 'completed' || run.status === 'compensated') return 'ended';
    const definition = this.settings.kinds.get(run.kind);
    if (definition !== undefined) {
      const state = fold(id, decodeRun(run).entries);
      if (state.phase === 'forward' && pastReturn(definition, state)) return 'too-late';
    }
    const answer = await this.send(id, CANCEL, CANCEL, JSON.stringify(why));
    return answer === 'ended' || answer === 'unknown' ? answer : 'requested';
  }

  async resolve(id: string, decision: Resolution): Promise<'accepted' | 'not-stuck' | 'unknown'> {
    this.check();
    const by = requireText('by', decision.by, TEXT_CHARS_MAX);
    const { action } = decision;
    if (!ACTIONS.has(action)) throw new TypeError(`action must be retry, skip or done; got ${JSON.stringify(action)}`);
    const run = await this.load(requireRunId(id));
    if (run === null) return 'unknown';
    const { stuck } = fold(id, decodeRun(run).entries);
    if (stuck === null) return 'not-stuck';
    const wrong = stuck.direction === 'undo' ? 'done' : 'skip';
    if (action === wrong) {
      throw new TypeError(`run ${id} is stuck in direction ${stuck.direction}: ${action} does not apply`);
    }
    const result = decision.action === 'done' ? { result: this.json('result', decision.result).value ?? null } : {};
    const body: ResolveBody = { seq: stuck.seq, by, action, ...result };
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
    return this.settings.store.list(query);
  }

  async prune(endedBeforeMs: number): Promise<number> {
    this.check();
    let pruned = 0;
    for (;;) {
      const n = await this.settings.store.prune(endedBeforeMs, PRUNE_BATCH);
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
    if (this.failure === null) await this.worker?.close(graceMs);
    this.unwatch?.();
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
    const isHere = (): boolean => this.worker?.has(id) === true;
    for (;;) {
      signal?.throwIfAborted();
      this.check();
      // Before looking: a change after the look must not be missed.
      const change = this.waiters.next(id);
      try {
        if (!isHere()) {
          const run = await this.load(id);
          const outcome = run === null ? null : outcomeOf(kind, run);
          if (run === null) throw new SagaError('SAGA_UNKNOWN_RUN', `there is no run ${id}`);
          if (outcome !== null) return outcome;
        }
        const state = await change.wait(this.settings.clock, isHere() ? null : this.settings.pollMs, signal);
        const outcome = state === null ? null : stateOutcome(state);
        if (outcome !== null) return outcome;
      } finally {
        change.forget();
      }
    }
  }

  private async adopt(definition: Definition, id: string, owner: string): Promise<void> {
    const run = await this.load(id);
    if (run?.entries.length !== 1 || this.worker === null || this.worker.has(id)) return;
    this.worker.take(owner, definition, fold(id, decodeRun(run).entries), run.mail);
  }

  private watch(): void {
    this.unwatch ??= this.settings.store.watch((runs) => {
      if (runs === null) this.waiters.wakeAll();
      else for (const id of runs) if (this.worker?.has(id) !== true) this.waiters.wake(id, null);
      this.worker?.hint(runs);
    });
  }

  private async load(id: string): Promise<StoredRun | null> {
    return (await this.settings.store.load([id]))[0] ?? null;
  }

  private async send(run: string, key: string, dedupe: string, body: string): Promise<SendAnswer> {
    return (await this.settings.store.send([{ run, key, dedupe, body }]))[0]!;
  }

  private definition(saga: Saga): Definition {
    const definition = this.settings.kinds.get(definitionOf(saga).kind);
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
    return Math.floor(this.settings.random() * 2 ** 52).toString(36);
  }

  private check(): void {
    if (this.failure !== null) throw this.failure;
    if (this.closing !== null) throw closedError();
  }

  /** The store is closed or its state unknown: nothing here may go on. */
  private fail(error: unknown): void {
    if (this.failure !== null || !isFinal(error)) return;
    this.failure =
      error instanceof Error ? error : new SagaError('SAGA_STORE_FAILED', 'the store failed', { cause: error });
    this.worker?.fail();
    this.unwatch?.();
    this.waiters.wakeAll();
  }
}
