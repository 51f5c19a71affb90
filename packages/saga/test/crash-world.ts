/**
 * A deterministic world in which a worker can die, or freeze, at any of its outside calls.
 *
 * Every call that leaves the worker (each store call, each request to a participant) is a numbered point. At the
 * chosen one the worker dies before the call takes effect, or after it but before the answer; or it freezes, another
 * worker takes over and finishes, and then it thaws, still sure of its lease. Nothing of a dead worker moves again:
 * its calls are never answered and its timers never fire.
 */
import { createEngine } from '../src/index.ts';
import type { Clock, Journal, Outcome, Saga, SagaStore } from '../src/index.ts';
import { Rejected } from '../src/errors.ts';
import { decodeRun } from '../src/records.ts';
import { manualClock } from '../src/testing/manual-clock.ts';
import type { ManualClock } from '../src/testing/manual-clock.ts';
import { settle } from './harness.ts';
import { random } from './random-saga.ts';
import type { StoreKind, StoreUnderTest } from './stores.ts';

export type Fate = 'dies before' | 'dies after' | 'freezes before' | 'freezes after';

export interface Plan {
  readonly at: number;
  readonly fate: Fate;
}

const LEASE_MS = 1000;
const ROUNDS_MAX = 600;

/** What the participants know: requests are told apart by key, and a cancelled key stays cancelled. */
export class Ledger {
  readonly states: Map<string, 'applied' | 'undone' | 'tombstone'> = new Map();
  /** Effects, once each, in the order in which they took place. */
  readonly effects: string[] = [];
  requests = 0;

  apply(key: string): string {
    this.requests++;
    const state = this.states.get(key);
    if (state === 'applied') return `${key} ok`;
    if (state !== undefined) throw new Rejected(`${key} was cancelled`);
    this.states.set(key, 'applied');
    this.effects.push(`+${key}`);
    return `${key} ok`;
  }

  cancel(key: string): void {
    this.requests++;
    const state = this.states.get(key);
    if (state === 'applied') this.effects.push(`-${key}`);
    if (state === 'applied') this.states.set(key, 'undone');
    else if (state === undefined) this.states.set(key, 'tombstone');
  }
}

/** Makes a saga whose requests go through `call`, the only way out of a handler. */
export type MakeSaga = (ledger: Ledger, call: <T>(request: () => T) => Promise<T>) => Saga;

class Life {
  points = 0;
  dead = false;
  private readonly plan: Plan | null;
  private readonly clock: ManualClock;
  private frozenAtMs: number | null = null;
  private thaw: (() => void) | undefined;
  private frozen: Promise<void> = Promise.resolve();

  constructor(plan: Plan | null, clock: ManualClock) {
    this.plan = plan;
    this.clock = clock;
  }

  get isGone(): boolean {
    return this.dead || this.frozenAtMs !== null;
  }

  async call<T>(work: () => T | Promise<T>): Promise<T> {
    const at = this.points++;
    await this.pass(at, 'before');
    let answer: T;
    try {
      answer = await work();
    } catch (error) {
      await this.pass(at, 'after');
      throw error;
    }
    await this.pass(at, 'after');
    return answer;
  }

  private async pass(at: number, when: 'before' | 'after'): Promise<void> {
    if (this.plan?.at === at && this.plan.fate.endsWith(when)) {
      if (this.plan.fate.startsWith('dies')) this.dead = true;
      else {
        this.frozenAtMs = this.clock.monotonic();
        this.frozen = new Promise((resolve) => (this.thaw = resolve));
      }
    }
    await this.frozen;
    if (this.dead) await new Promise(() => undefined);
  }

  release(): void {
    this.thaw?.();
  }

  /** A machine that was suspended has not seen the time go by. */
  ports(): Clock {
    return {
      now: () => this.clock.now(),
      monotonic: () => this.frozenAtMs ?? this.clock.monotonic(),
      schedule: (fn, ms) =>
        this.clock.schedule(() => {
          void this.frozen.then(() => {
            if (!this.dead) fn();
          });
        }, ms),
    };
  }

  store(store: SagaStore): SagaStore {
    return {
      durability: store.durability,
      batchMax: store.batchMax,
      writersMax: store.writersMax,
      create: (b) => this.call(() => store.create(b)),
      append: (b) => this.call(() => store.append(b)),
      claim: (o) => this.call(() => store.claim(o)),
      renew: (w, ms) => this.call(() => store.renew(w, ms)),
      retire: (w) => this.call(() => store.retire(w)),
      send: (b) => this.call(() => store.send(b)),
      load: (ids) => this.call(() => store.load(ids)),
      list: (q) => this.call(() => store.list(q)),
      prune: (ms, n) => this.call(() => store.prune(ms, n)),
      watch: (onHint) =>
        store.watch((runs) => {
          if (!this.isGone) onHint(runs);
        }),
      close: async () => undefined,
    };
  }
}

export interface Story {
  readonly outcome: Outcome<unknown>;
  readonly journal: Journal;
  readonly ledger: Ledger;
  /** Outside calls of each worker. */
  readonly points: readonly number[];
}

/** Runs one saga through as many workers as `plans` has fates, and one more that nothing happens to. */
export async function tell(kind: StoreKind, makeSaga: MakeSaga, plans: readonly Plan[], seed = 1): Promise<Story> {
  const clock = manualClock();
  const ledger = new Ledger();
  const lives: Life[] = [];
  let under: StoreUnderTest = await kind.open(clock);
  for (const plan of [...plans, null]) {
    const life = new Life(plan, clock);
    lives.push(life);
    const definition = makeSaga(ledger, (request) => life.call(request));
    const engine = createEngine({
      store: life.store(under.store),
      sagas: [definition],
      clock: life.ports(),
      random: random(seed++),
      leaseMs: LEASE_MS,
      holdMs: 200,
      pollMs: 50,
    });
    const done: { outcome?: Outcome<unknown>; error?: unknown } = {};
    const live = async (): Promise<void> => {
      await engine.open();
      // The caller, too, comes back and asks again with the same id.
      const run = await engine.start(definition, null, { id: 'r' });
      done.outcome = await run.result();
    };
    live().catch((error: unknown) => (done.error = error));
    for (let round = 0; done.outcome === undefined && !life.isGone; round++) {
      if (done.error !== undefined) throw done.error as Error;
      if (round > ROUNDS_MAX) throw new Error(`no end in sight: ${JSON.stringify(await under.store.load(['r']))}`);
      await settle(1);
      if (round > 3) clock.advance(20);
    }
    if (life.dead) {
      await settle(2);
      clock.advance(LEASE_MS + 1);
      under = await under.reopen();
    } else if (life.isGone) clock.advance(LEASE_MS + 1);
    else {
      // Whoever was frozen wakes up now, when all is over, and does what it was about to do.
      const points = lives.map((l) => l.points);
      for (const other of lives) other.release();
      for (let i = 0; i < 20; i++) {
        await settle(1);
        clock.advance(20);
      }
      const journal = decodeRun((await under.store.load(['r']))[0]!);
      return { outcome: done.outcome!, journal, ledger, points };
    }
  }
  throw new Error('unreachable');
}
