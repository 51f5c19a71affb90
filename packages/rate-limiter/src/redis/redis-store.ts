/**
 * The store in Redis or Valkey, version 6.2 or later: one key for each key of each limiter, decided where it lies.
 *
 * Key: `prefix{name:fingerprint:key}`, and for the n-th sliding log that with `:l0`, `:l1`. The first brace is ours, so
 * on a cluster everything about a key is in one slot, whatever braces the key holds; and a limiter whose limits have
 * changed reads nothing of what it wrote before. Every key has an end of life, after which it would say "full quota".
 *
 * What is asked in one turn of the event loop is one script call. A call that fails fails all that was in it, and what
 * became of them is unknown; the limiter above says what follows from that.
 */
import { requireInteger } from '../check.ts';
import type { Clock } from '../environment.ts';
import { planFor, type Plan } from '../plan.ts';
import type { AsyncOutcome, AsyncStore, BoundAsyncStore, StoreSpec } from '../store.ts';
import { BLOCK, REFUND, TAKE, type Op, type Outcome } from '../transition.ts';
import { Batch } from './batch.ts';
import { type RedisScripting, requireMethods } from './clients.ts';
import { Refusals } from './refusals.ts';
import { type Asked, readOutcomes, readTakes } from './reply.ts';
import { type Script, scriptNamed } from './run.ts';
import { RESET, scriptText } from './script.ts';
import { takeGcraText } from './take-gcra.ts';

export interface RedisStoreOptions {
  /** `fromIoredis(client)` or `fromNodeRedis(client)`. */
  readonly client: RedisScripting;
  /** What all keys begin with: at most 128 characters and no braces. Default 'rl:'. */
  readonly prefix?: string;
  /**
   * The most operations in one call, in 1..1000. Default 64. 1 sends each at once, by itself: needed on a cluster, where
   * a call may touch one slot only.
   */
  readonly maxBatch?: number;
  /**
   * For how many milliseconds, at most, a refusal is repeated without asking Redis; in 0..60,000. Default 0, never. Until
   * then this process does not notice another's refund, reset or lifted block.
   */
  readonly rejectCacheMs?: number;
}

/**
 * A store in Redis or Valkey, 6.2 or later, by the server's time: processes share a limit exactly, whatever their clocks.
 *
 * @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed
 */
export function redisStore(options: RedisStoreOptions): AsyncStore {
  return redisStoreAt(options, undefined);
}

/** The store by a time of the caller's instead of the server's: for tests only. */
export function redisStoreAt(options: RedisStoreOptions, time: Clock | undefined): AsyncStore {
  const { client, prefix = 'rl:' } = options;
  requireMethods('client', client, ['evalsha', 'eval']);
  if (typeof prefix !== 'string') throw new TypeError(`prefix must be text; got ${typeof prefix}`);
  if (!/^[^{}]{0,128}$/.test(prefix)) {
    throw new RangeError(`prefix must be at most 128 characters without braces; got ${JSON.stringify(prefix)}`);
  }
  const maxBatch = requireInteger('maxBatch', options.maxBatch ?? 64, 1, 1000);
  const rejectCacheMs = requireInteger('rejectCacheMs', options.rejectCacheMs ?? 0, 0, 60_000);
  return { sync: false, bind: (spec) => new BoundRedisStore(client, spec, prefix, maxBatch, rejectCacheMs, time) };
}

interface Pending extends Asked {
  readonly key: string;
  readonly settle: (outcome: AsyncOutcome | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Half a surrogate pair is nothing that UTF-8 can carry: all of them would become the same replacement character, and no
 * two keys may. A closing brace would end what the cluster hashes, and gather keys that begin alike in one slot.
 */
const unsendable = /[\ud800-\udfff\ufffd}]/u;
const everyUnsendable = /[\ud800-\udfff\ufffd}]/gu;
const escaped = (key: string): string =>
  unsendable.test(key)
    ? key.replace(everyUnsendable, (c) => `\ufffd${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : key;

class BoundRedisStore implements BoundAsyncStore {
  readonly recall?: (key: string, cost: number) => Outcome | undefined;
  private readonly client: RedisScripting;
  private readonly spec: StoreSpec;
  private readonly plan: Plan;
  private readonly opening: string;
  private readonly endings: readonly string[];
  private readonly constants: readonly string[];
  private readonly time: Clock | undefined;
  private readonly script: Script;
  private readonly takes: Script | undefined;
  private readonly batch: Batch<Pending>;
  private readonly refusals: Refusals | undefined;

  constructor(
    client: RedisScripting,
    spec: StoreSpec,
    prefix: string,
    maxBatch: number,
    rejectCacheMs: number,
    time: Clock | undefined,
  ) {
    this.client = client;
    this.spec = spec;
    this.plan = planFor(spec.limits);
    this.opening = `${prefix}{${spec.name}:${spec.fingerprint}:`;
    this.endings = ['}', ...Array.from({ length: this.plan.ringsPerKey }, (_, i) => `}:l${i}`)];
    this.constants = spec.limits.flatMap((limit) => limit.constants.map(String));
    this.time = time;
    const source = time === undefined ? 'server' : 'given';
    const sequence = spec.limits.map(({ algorithm }) => algorithm);
    this.script = scriptNamed(`${source} ${sequence.join()}`, () => scriptText(sequence, source));
    if (this.plan.onlyGcra !== undefined) {
      this.takes = scriptNamed(`${source} takes`, () => takeGcraText(source));
    }
    this.batch = new Batch(maxBatch, (items) => void this.send(items));
    if (rejectCacheMs > 0) {
      const refusals = new Refusals(rejectCacheMs);
      this.refusals = refusals;
      this.recall = (key, cost) => refusals.recall(key, cost, spec.clock());
    }
  }

  async apply(key: string, op: Op, cost: number, arg: number): Promise<AsyncOutcome> {
    if (op === REFUND || op === BLOCK) this.refusals?.forget(key);
    const outcome = (await this.ask(key, op, cost, arg))!;
    if (op === TAKE && !outcome.ok) this.refusals?.remember(key, cost, outcome, this.spec.clock());
    return outcome;
  }

  async reset(key: string): Promise<void> {
    this.refusals?.forget(key);
    await this.ask(key, RESET, 1, 0);
  }

  private ask(key: string, op: Asked['op'], cost: number, arg: number): Promise<AsyncOutcome | undefined> {
    return new Promise((settle, fail) => {
      this.batch.add({ key: escaped(key), op, cost, arg, settle, fail });
    });
  }

  private async send(asked: readonly Pending[]): Promise<void> {
    try {
      const outcomes = await this.decide(asked);
      for (let i = 0; i < asked.length; i++) asked[i]!.settle(outcomes[i]);
    } catch (error) {
      for (const { fail } of asked) fail(error);
    }
  }

  private async decide(asked: readonly Pending[]): Promise<readonly (AsyncOutcome | undefined)[]> {
    const { client, opening, endings, takes, plan } = this;
    const keys = asked.flatMap(({ key }) => endings.map((ending) => opening + key + ending));
    const args = [...this.constants];
    const isPlain = takes !== undefined && asked.every(({ op }) => op === TAKE);
    const costsOne = isPlain && asked.every(({ cost }) => cost === 1);
    if (!costsOne) for (const { op, cost, arg } of asked) args.push(op === TAKE ? `${cost}` : `${op}:${cost}:${arg}`);
    if (this.time !== undefined) args.push(String(this.time()));
    if (isPlain) return readTakes(await takes.run(client, keys, args), asked, plan.onlyGcra!);
    return readOutcomes(await this.script.run(client, keys, args), asked, this.spec.limits);
  }
}
