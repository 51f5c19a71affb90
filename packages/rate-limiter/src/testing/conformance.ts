/**
 * Conformance: a store decides as the transition does, outcome for outcome, field for field.
 *
 * Random limits, and for each a random history of operations on a few keys, go to the store under test and to the
 * transition over one state per key, which is the law. The first difference is thrown, with what it takes to repeat it.
 * The state need not be compared: what differs there and never shows in an answer is the store's own affair.
 *
 * Time comes from the clock in the spec that the store is bound with. A store that asks its server for the time needs a
 * way for tests to give it that clock instead, and to let nothing expire by the server's time meanwhile.
 */
import type { State } from '../algorithms/algorithm.ts';
import type { Limit } from '../limits.ts';
import { emptyState, planFor, type Plan } from '../plan.ts';
import { specFor, type AsyncOutcome, type BoundAsyncStore, type BoundSyncStore, type StoreSpec } from '../store.ts';
import { emptyOutcome, REFUND, RESERVE, TAKE, transition, type Outcome } from '../transition.ts';
import { manualClock } from './manual-clock.ts';
import { drawLimits, drawOperation, drawStep, type Asked, type Charge } from './random-trace.ts';
import { Random } from './random.ts';

export interface ConformanceOptions {
  /**
   * Binds the store under test, which has to keep time by `spec.clock` (a store in this process is told the time with
   * each operation, and needs no more than `(spec) => store.bind(spec)`). Called once a round.
   */
  readonly bind: (spec: StoreSpec) => BoundSyncStore | BoundAsyncStore | Promise<BoundAsyncStore>;
  /** The same seed gives the same rounds. Default 1. */
  readonly seed?: number;
  /** How many lists of limits are tried. Default 100. */
  readonly rounds?: number;
  /** How often time moves in each round. Default 30. */
  readonly turns?: number;
  /** Most operations issued at once, without waiting for an answer in between, each turn. Default 8; 1 = none at once. */
  readonly atOnce?: number;
  /**
   * Whether several operations issued at once may be for the same key, which then have to be applied in that order.
   * Default true.
   */
  readonly repeatsKeys?: boolean;
  /** Whether time steps back now and then. Default true. */
  readonly stepsBack?: boolean;
  /** Algorithms the store supports; default all. At least one that counts. */
  readonly algorithms?: readonly Limit['algorithm'][];
  /** The keys asked about. Default three, with characters in them that stores tend to treat as their own. */
  readonly keys?: readonly [string, ...string[]];
}

export interface ConformanceReport {
  /** Operations compared. */
  readonly operations: number;
  readonly accepted: number;
  readonly refused: number;
  /** Reservations that were promised a start later than now. */
  readonly promised: number;
}

/** How a store differed from the transition. The message names the seed, the round, the limits and the operation. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError';
}

const all: readonly Limit['algorithm'][] = ['gcra', 'sliding-log', 'sliding-counter', 'fixed-window', 'blocklist'];
const operations = ['take', 'peek', 'force', 'reserve', 'refund', 'lease', 'block'];

/**
 * Compares a store with the transition; resolves when no difference was found. The store is left with up to
 * `keys.length` keys a round. O(rounds * turns * atOnce) operations.
 *
 * @throws {ConformanceError} (rejects) at the first difference
 * @example `await conformance({ bind: (spec) => new MapStore().bind(spec), stepsBack: false });`
 */
export async function conformance(options: ConformanceOptions): Promise<ConformanceReport> {
  const { seed = 1, rounds = 100 } = options;
  const report = { operations: 0, accepted: 0, refused: 0, promised: 0 };
  for (let round = 0; round < rounds; round++) {
    await runRound(options, new Random(Math.imul(seed, 0x9e3779b1) ^ round), `seed ${seed}, round ${round}`, report);
  }
  return report;
}

async function runRound(
  options: ConformanceOptions,
  random: Random,
  where: string,
  report: { -readonly [K in keyof ConformanceReport]: number },
): Promise<void> {
  const { turns = 30, atOnce = 8, repeatsKeys = true, stepsBack = true, keys = ['a', 'b}:', '{c \u00e9'] } = options;
  const limits = drawLimits(random, new Set(options.algorithms ?? all));
  const clock = manualClock(random.chance(0.1) ? 0 : random.integer(0, 2 ** 41));
  const store = await options.bind(specFor('conformance', limits, clock));
  for (const key of keys) await store.reset(key);
  const law = new Law(limits);
  const charges: Charge[] = [];
  for (let turn = 0; turn < turns; turn++) {
    clock.set(Math.max(0, clock() + drawStep(random, stepsBack)));
    const asked: Asked[] = [];
    const expected: (Outcome | undefined)[] = [];
    for (let i = random.integer(1, atOnce); i > 0; i--) {
      const next = drawOperation(random, keys, law.plan.reservable, charges);
      if (!repeatsKeys && asked.some(({ key }) => key === next.key)) {
        if (next.op === REFUND) charges.push({ key: next.key, cost: next.cost, startMs: next.arg });
        continue;
      }
      const outcome = law.apply(next, clock());
      if (outcome?.ok && (next.op === TAKE || next.op === RESERVE)) charges.push({ ...next, startMs: outcome.startMs });
      if (outcome !== undefined) count(report, outcome, clock());
      asked.push(next);
      expected.push(outcome);
    }
    const answers = await Promise.all(asked.map((one, i) => ask(store, one, clock(), (turn + i) % 2 === 0)));
    for (const [i, one] of asked.entries()) {
      const difference = differs(expected[i], answers[i]!, clock());
      if (difference === undefined) continue;
      throw new ConformanceError(
        `${where}, turn ${turn}, operation ${i + 1} of ${asked.length}: ${said(one)} at ${clock()} ms of ` +
          `${JSON.stringify(limits.map(({ algorithm, constants }) => [algorithm, ...constants]))}: ${difference}`,
      );
    }
  }
}

/** One state per key, nothing ever forgotten. */
class Law {
  readonly plan: Plan;
  private readonly states = new Map<string, State>();

  constructor(limits: readonly Limit[]) {
    this.plan = planFor(limits);
  }

  apply({ op, key, cost, arg }: Asked, nowMs: number): Outcome | undefined {
    if (op === 'reset') {
      this.states.delete(key);
      return undefined;
    }
    let state = this.states.get(key);
    if (state === undefined) this.states.set(key, (state = emptyState(this.plan, 1)));
    const outcome = emptyOutcome();
    transition(this.plan, state, 0, nowMs, op, cost, arg, outcome);
    return outcome;
  }
}

/** What a store answered, and which fields of it can be compared. */
interface Answer {
  readonly outcome: Partial<AsyncOutcome>;
  readonly fields: readonly (keyof AsyncOutcome)[];
}

const fields = Object.keys({ ...emptyOutcome(), nowMs: 0 }) as (keyof AsyncOutcome)[];

/** A store in this process is asked a part of its takes on the hot path, which answers no more than `ok`. */
async function ask(
  store: BoundSyncStore | BoundAsyncStore,
  { op, key, cost, arg }: Asked,
  nowMs: number,
  briefly: boolean,
): Promise<Answer> {
  if (op === 'reset') {
    await store.reset(key);
    return { outcome: {}, fields: [] };
  }
  if (!('tryTake' in store)) return { outcome: await store.apply(key, op, cost, arg), fields };
  if (op === TAKE && briefly) return { outcome: { ok: store.tryTake(key, cost, nowMs) }, fields: ['ok'] };
  const outcome = { ...emptyOutcome(), nowMs };
  store.apply(key, op, cost, arg, nowMs, outcome);
  return { outcome, fields };
}

function differs(law: Outcome | undefined, answer: Answer, nowMs: number): string | undefined {
  const expected: Partial<AsyncOutcome> = { ...law, nowMs };
  const field = answer.fields.find((one) => !Object.is(answer.outcome[one], expected[one]));
  return field && `${field} is ${String(answer.outcome[field])}, should be ${String(expected[field])}`;
}

function count(report: { -readonly [K in keyof ConformanceReport]: number }, outcome: Outcome, nowMs: number): void {
  report.operations++;
  if (outcome.ok) report.accepted++;
  else report.refused++;
  if (outcome.startMs > nowMs) report.promised++;
}

const said = ({ op, key, cost, arg }: Asked): string =>
  op === 'reset'
    ? `reset of ${JSON.stringify(key)}`
    : `${operations[op]!} of ${JSON.stringify(key)}, cost ${cost}, arg ${arg},`;
