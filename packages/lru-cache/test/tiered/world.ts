/**
 * A world of one source, one tier, one bus and some processes, in virtual time, where everything that can happen to
 * messages and processes does happen: delay, loss, repetition and reordering of messages, cut links, calls that hang and
 * take effect later, a tier that is flushed or down, processes that stop for seconds or die with a lease in hand.
 *
 * It knows the one thing that no process can: which versions were current when. `owed` is the newest version whose
 * invalidation had been completed `boundMs` ago; a fetch that answers an older one has broken the promise.
 *
 * One exemption, which `tiered-cache.ts` states: who has never heard a process cannot miss him. So nobody is stopped,
 * killed or cut off, and none of his messages is lost by chance, before he and all others have heard each other once.
 */
import { memoryTier, TieredCache, type TieredCacheOptions } from '../../src/tiered/index.ts';
import type { Clock } from '../../src/types.ts';
import type { Invalidation, InvalidationBus, MemoryTier, RemoteTier } from '../../src/tiered/index.ts';

/** Mulberry32. */
export function dice(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export interface Value {
  readonly version: number;
  /** Of the key's tag. */
  readonly tagVersion: number;
}

interface Process {
  readonly name: string;
  readonly cache: TieredCache<Value>;
  readonly died: Promise<'died'>;
  readonly die: () => void;
  dead: boolean;
  pausedUntil: number;
  cutUntil: number;
  hear: ((message: Invalidation) => void) | undefined;
  tell: ((up: boolean) => void) | undefined;
  loads: number;
}

interface Record {
  readonly absentAt: Set<number>;
  version: number;
  busy: boolean;
  readonly done: { readonly version: number; readonly at: number }[];
}

export class SourceDown extends Error {}

export interface WorldOptions {
  readonly seed: number;
  readonly boundMs: number;
  readonly processes?: number;
  readonly keys?: number;
  /** Slowest way from bus to process. */
  readonly busDelayMs: number;
  /** 0..1, of the other faults as well. */
  readonly faults?: number;
  readonly cache: Omit<TieredCacheOptions<Value>, 'tier' | 'bus' | 'load' | 'clock' | 'timers' | 'random'>;
}

export class World {
  now = 0;
  readonly violations: string[] = [];
  readonly counts = {
    fetches: 0,
    owing: 0,
    changes: 0,
    rejectedChanges: 0,
    failedLoads: 0,
    flushes: 0,
    cuts: 0,
    deaths: 0,
  };
  loadsPeak = 0;
  /** Answers other than a value, absence or the source's own error. */
  readonly surprises: unknown[] = [];
  readonly processes: Process[] = [];
  readonly tier: MemoryTier;
  readonly random: () => number;
  readonly clock: Clock = { now: () => this.now };
  private readonly options: WorldOptions;
  private readonly events: Event[] = [];
  private order = 0;
  private tierDownUntil = 0;
  private readonly heard = new Set<string>();
  private readonly source = new Map<string, Record>();
  private readonly tagSource = new Map<string, Record>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = dice(options.seed);
    this.tier = memoryTier({ clock: this.clock, random: this.random, fenceMs: 20_000 });
    for (let i = 0; i < (options.processes ?? 3); i++) this.start();
  }

  static readonly tagOf = (key: string): readonly string[] => (Number(key.slice(1)) % 2 === 0 ? ['even'] : []);

  chance(p: number): boolean {
    return this.random() < p * (this.options.faults ?? 1);
  }

  upTo(ms: number): number {
    return this.random() * ms;
  }

  after(ms: number, run: () => void): Event {
    const event = { at: this.now + Math.max(0, ms), order: this.order++, run, cancelled: false };
    let i = this.events.length;
    this.events.push(event);
    // A binary heap, earliest first.
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(this.events[parent]!, event)) break;
      this.events[i] = this.events[parent]!;
      i = parent;
    }
    this.events[i] = event;
    return event;
  }

  /** Runs in the process: not while it is stopped, never once it is dead. */
  within(process: Process, ms: number, run: () => void): Event {
    const event = this.after(ms, () => {
      if (process.dead) return;
      if (this.now < process.pausedUntil) {
        // In any order once it goes on.
        if (!event.cancelled)
          this.within(process, process.pausedUntil - this.now + this.upTo(1), () => !event.cancelled && run());
      } else run();
    });
    return event;
  }

  async run(untilMs: number): Promise<void> {
    for (;;) {
      const event = this.pop(untilMs);
      if (event === undefined) break;
      this.now = event.at;
      if (event.cancelled) continue;
      event.run();
      await drain();
    }
    this.now = untilMs;
  }

  any<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!;
  }

  anyKey(): string {
    return `k${String(Math.floor(this.random() * (this.options.keys ?? 4)))}`;
  }

  start(): Process {
    const name = `p${String(this.processes.length)}`;
    let die = (): void => undefined;
    const died = new Promise<'died'>((resolve) => (die = () => resolve('died')));
    const process: { -readonly [P in keyof Process]: Process[P] } = {
      name,
      died,
      die,
      dead: false,
      pausedUntil: 0,
      cutUntil: 0,
      hear: undefined,
      tell: undefined,
      loads: 0,
      cache: undefined as never,
    };
    this.processes.push(process);
    process.cache = new TieredCache<Value>({
      tags: World.tagOf,
      ...this.options.cache,
      nodeId: name,
      tier: this.tierOf(process),
      bus: this.busOf(process),
      load: (key) => this.load(process, key),
      clock: this.clock,
      random: this.random,
      timers: {
        set: (run, delayMs) => this.within(process, delayMs, run),
        clear: (handle) => {
          if (handle !== undefined) (handle as Event).cancelled = true;
        },
      },
    });
    return process;
  }

  // ---- What may go wrong ----

  cut(process: Process, ms: number, told: boolean): void {
    if (!this.isKnown(process) || !this.knowsAll(process)) return;
    this.counts.cuts++;
    process.cutUntil = Math.max(process.cutUntil, this.now + ms);
    if (!told) return;
    this.within(process, this.upTo(5), () => process.tell?.(false));
    this.after(
      ms,
      () => this.now >= process.cutUntil && this.within(process, this.upTo(50), () => process.tell?.(true)),
    );
  }

  pause(process: Process, ms: number): void {
    if (this.isKnown(process)) process.pausedUntil = Math.max(process.pausedUntil, this.now + ms);
  }

  kill(process: Process): void {
    if (!this.isKnown(process)) return;
    this.counts.deaths++;
    process.dead = true;
    process.die();
    this.start();
  }

  flush(): void {
    this.counts.flushes++;
    this.tier.flush();
  }

  tierDown(ms: number): void {
    this.tierDownUntil = Math.max(this.tierDownUntil, this.now + ms);
  }

  get alive(): Process[] {
    return this.processes.filter((process) => !process.dead);
  }

  /** Running, so that the program in it can do something. */
  get awake(): Process[] {
    return this.alive.filter((process) => this.now >= process.pausedUntil);
  }

  private isKnown(process: Process): boolean {
    return this.alive.every(({ name }) => name === process.name || this.heard.has(`${process.name}>${name}`));
  }

  private knowsAll(process: Process): boolean {
    return this.alive.every(({ name }) => name === process.name || this.heard.has(`${name}>${process.name}`));
  }

  // ---- What the program does ----

  fetch(process: Process, key: string): void {
    const begun = this.now;
    const owed = this.owed(this.record(key), begun);
    const tag = World.tagOf(key)[0];
    const owedTag = tag === undefined ? 0 : this.owed(this.tagRecord(tag), begun);
    this.counts.fetches++;
    if (owed + owedTag > 0) this.counts.owing++;
    process.cache.fetch(key).then(
      (value) => {
        const { absentAt, version } = this.record(key);
        const fits =
          value === undefined
            ? [...absentAt].some((v) => v >= owed && v <= version)
            : value.version >= owed && value.tagVersion >= owedTag;
        if (fits) return;
        const got =
          value === undefined ? 'nothing' : `version ${String(value.version)}, tag ${String(value.tagVersion)}`;
        this.violations.push(
          `${process.name} asked for ${key} at ${begun.toFixed(0)}: ${got}; owed ${String(owed)}, tag ${String(owedTag)}`,
        );
      },
      (error: unknown) => error instanceof SourceDown || this.surprises.push(error),
    );
  }

  /** Writes the source, then the cache; tries again until the cache says that it is done. */
  async change(process: Process, key: string, how: 'delete' | 'set'): Promise<void> {
    const record = this.record(key);
    const tag = World.tagOf(key)[0];
    if (record.busy || (how === 'set' && tag !== undefined && this.tagRecord(tag).busy)) return;
    record.busy = true;
    if (how === 'set' && tag !== undefined) this.tagRecord(tag).busy = true;
    const version = ++record.version;
    if (how === 'delete' && this.random() < 0.15) record.absentAt.add(version);
    const value = { version, tagVersion: tag === undefined ? 0 : this.tagRecord(tag).version };
    await this.settle(process, record, version, (attempt) =>
      how === 'set' && attempt === 0 ? process.cache.set(key, value) : process.cache.delete(key),
    );
    record.busy = false;
    if (how === 'set' && tag !== undefined) this.tagRecord(tag).busy = false;
  }

  async changeTag(process: Process, tag: string): Promise<void> {
    const record = this.tagRecord(tag);
    if (record.busy) return;
    record.busy = true;
    const version = ++record.version;
    await this.settle(process, record, version, () => process.cache.invalidateTags(tag));
    record.busy = false;
  }

  private async settle(
    process: Process,
    record: Record,
    version: number,
    call: (attempt: number) => Promise<void>,
  ): Promise<void> {
    this.counts.changes++;
    for (let attempt = 0; attempt < 100; attempt++) {
      const outcome = await Promise.race([
        call(attempt).then(
          () => 'done',
          () => 'failed',
        ),
        process.died,
      ]);
      if (outcome === 'died') return;
      if (outcome === 'done') {
        record.done.push({ version, at: this.now });
        return;
      }
      this.counts.rejectedChanges++;
      await new Promise<void>((resolve) => this.within(process, 100, resolve));
    }
  }

  private owed({ done }: Record, begun: number): number {
    return Math.max(0, ...done.filter(({ at }) => at + this.options.boundMs < begun).map(({ version }) => version));
  }

  private record(key: string): Record {
    return recordIn(this.source, key);
  }

  private tagRecord(tag: string): Record {
    return recordIn(this.tagSource, tag);
  }

  private load(process: Process, key: string): Promise<Value | undefined> {
    this.loadsPeak = Math.max(this.loadsPeak, ++process.loads);
    return new Promise((resolve, reject) => {
      const { record, tag } = { record: this.record(key), tag: World.tagOf(key)[0] };
      this.after(this.upTo(150), () => {
        const value = record.absentAt.has(record.version)
          ? undefined
          : { version: record.version, tagVersion: tag === undefined ? 0 : this.tagRecord(tag).version };
        this.within(process, this.random() < 0.05 ? 3000 : this.upTo(150), () => {
          process.loads--;
          if (!this.chance(0.05)) {
            resolve(value);
            return;
          }
          this.counts.failedLoads++;
          reject(new SourceDown());
        });
      });
    });
  }

  // ---- The wires ----

  private tierOf(process: Process): RemoteTier {
    const { tier } = this;
    const call = <T>(run: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const down = this.now < this.tierDownUntil || this.chance(0.01);
        if (down && this.random() < 0.5) {
          this.within(process, this.upTo(20), () => reject(new Error('tier down')));
          return;
        }
        // One that hangs takes effect all the same, some time.
        const way = down || this.chance(0.02) ? this.upTo(4000) : this.upTo(10);
        this.after(way, () => {
          void run().then((answer) => {
            // The answer may get lost too.
            if (!this.chance(0.01))
              this.within(process, this.chance(0.03) ? this.upTo(900) : this.upTo(10), () => resolve(answer));
          });
        });
      });
    return {
      fenceMs: tier.fenceMs,
      read: (...args) => call(() => tier.read(...args)),
      fill: (...args) => call(() => tier.fill(...args)),
      remove: (...args) => call(() => tier.remove(...args)),
      release: (...args) => call(() => tier.release(...args)),
      versions: (...args) => call(() => tier.versions(...args)),
      renew: (...args) => call(() => tier.renew(...args)),
    };
  }

  private busOf(process: Process): InvalidationBus {
    return {
      publish: (message) =>
        new Promise((resolve, reject) => {
          if (this.now < process.cutUntil) {
            // Refused, or never heard of again.
            if (this.random() < 0.5) this.within(process, this.upTo(50), () => reject(new Error('bus cut')));
            return;
          }
          this.after(this.upTo(10), () => {
            for (const receiver of this.alive) this.carry(process.name, receiver, message);
            this.within(process, this.upTo(10), resolve);
          });
        }),
      subscribe: (on, onState) => {
        process.hear = on;
        process.tell = onState;
        return () => (process.hear = process.tell = undefined);
      },
    };
  }

  private carry(from: string, to: Process, message: Invalidation): void {
    const pair = `${from}>${to.name}`;
    if (this.heard.has(pair) && this.chance(0.03)) return;
    for (const copy of this.chance(0.1) ? [1, 2] : [1]) {
      if (this.now < to.cutUntil) return;
      const delay = this.upTo(this.options.busDelayMs) * (this.random() < 0.5 ? 0.1 : 1);
      this.within(to, delay, () => {
        if (this.now < to.cutUntil) return;
        if (copy === 1) this.heard.add(pair);
        to.hear?.(message);
      });
    }
  }

  private pop(untilMs: number): Event | undefined {
    const { events } = this;
    const first = events[0];
    if (first === undefined || first.at > untilMs) return undefined;
    const last = events.pop()!;
    if (events.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && before(events[child + 1]!, events[child]!)) child++;
      if (before(last, events[child]!)) break;
      events[i] = events[child]!;
      i = child;
    }
    events[i] = last;
    return first;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at;
}

function recordIn(records: Map<string, Record>, name: string): Record {
  let record = records.get(name);
  if (record === undefined) records.set(name, (record = { absentAt: new Set(), version: 0, busy: false, done: [] }));
  return record;
}
