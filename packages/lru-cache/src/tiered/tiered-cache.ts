/**
 * TieredCache: a LoadingCache in each process (L1) before a store they share (L2), with a bound on staleness.
 *
 * L1 *is* a LoadingCache, whose loader looks in the tier before it asks the source (`remote-load.ts`). Here is what
 * several processes add to it: changes go to the tier first, then over the bus to all, then out of the own L1; a message
 * that comes in drops its keys and detaches their loads; and before each answer stands the question whether this process
 * hears the others (`bus-watch.ts`).
 *
 * Invariant: what `fetch` answers was asked for after the last invalidation that this process has heard of, and not
 * before the last that it may have missed. From the moment at which `delete`, `set` or `invalidateTags` has resolved, a
 * `fetch` that begins later than this in any process answers nothing older, provided that the source was written before:
 *
 *   bus works                  the time a message takes
 *   message lost, peers live   until the sender's next message, at most 2·heartbeatMs and its delay
 *   bus cut                    max(2·heartbeatMs, disconnectedTtlMs)
 *   no bus                     l1Ttl and the duration of a load
 *   tier loses acknowledged    l2Ttl and the duration of a load
 *   removals (a failover)
 *
 * by each process's own monotonic clock. One case is outside it, and bounded by `l1Ttl` alone: a process whose every message
 * was lost to another since it started is unknown there, and when it dies or is cut off before it is heard once, nobody
 * there can miss it. Who asks for stale answers (`staleIfErrorMs`, without a bus also
 * `staleWhileRevalidateMs`) adds those windows where they apply. A call that rejects promises none of this; but the
 * number it has used up on the bus makes all others empty their L1 at the sender's next message.
 */
import { refuse, requireFunction } from '../check.ts';
import { LoadingCache } from '../loading/loading-cache.ts';
import type { FetchOptions, LoadContext, Loader } from '../loading/options.ts';
import type { RemovalReason } from '../types.ts';
import { BusWatch } from './bus-watch.ts';
import { within } from './deadline.ts';
import { type TieredCacheOptions, type TieredCacheStats, type TieredSettings, tieredSettings } from './options.ts';
import { type Held, type Mark, RemoteLoad } from './remote-load.ts';
import type { Invalidation, InvalidationBus, InvalidationBody } from './remote-tier.ts';
import { token } from './token.ts';

/** Beyond this many, what is kept about tags and absences is forgotten on the safe side. */
const notesMost = 10_000;

export class TieredCache<V extends object | string | number | bigint | boolean | symbol | null> {
  declare private readonly settings: TieredSettings<V>;
  declare private readonly l1: LoadingCache<string, Held<V>>;
  declare private readonly remote: RemoteLoad<V>;
  declare private readonly source: Loader<string, V>;
  declare private readonly self: string;
  declare private readonly watch: BusWatch;
  declare private readonly unsubscribe: () => void;
  /** Where each tag's last invalidation stands in the order of loads. */
  private readonly dropped = new Map<string, number>();
  /** The marks of absences, which L1 remembers without one. */
  private readonly absences = new Map<string, Mark>();
  private order = 0;
  private beatTimer: unknown;
  private beating = false;
  private closed = false;
  private busErrors = 0;
  private emptied = 0;

  /** @throws TypeError or RangeError when an option is of the wrong type or out of range. */
  constructor(options: TieredCacheOptions<V>) {
    const settings = tieredSettings(options);
    const { weigh, onRemove, load, maxConcurrentLoads: _, maxQueuedLoads: __, ...rest } = options;
    requireFunction('weigh', weigh);
    requireFunction('onRemove', onRemove);
    this.settings = settings;
    if ((load as unknown) === undefined) refuse('load', 'a function', 'undefined');
    this.source = requireFunction('load', load);
    this.remote = new RemoteLoad(settings, () => this.mark());
    this.l1 = new LoadingCache<string, Held<V>>({
      ...rest,
      ...(weigh === undefined ? {} : { weigh: (held: Held<V>, key: string) => weigh(held.value, key) }),
      ...(onRemove === undefined
        ? {}
        : { onRemove: (held: Held<V>, key: string, why: RemovalReason) => onRemove(held.value, key, why) }),
      ttl: settings.l1Ttl,
      load: (key, context) => this.load(key, context, load, false),
    });
    this.self = `${settings.nodeId}.${token(settings.random)}`;
    this.watch = new BusWatch(this.self, settings.heartbeatMs);
    this.unsubscribe = this.attend(settings.bus);
  }

  /**
   * The value, from this process, the tier or the source; undefined = there is none. Rejects when the source fails and
   * there is nothing to stand in, never because of the tier or the bus.
   */
  async fetch(key: string, options?: FetchOptions<string, V>): Promise<V | undefined> {
    const inner = options === undefined ? undefined : this.inner(options);
    const now = this.settings.clock.now();
    if (this.watch.overdue(now)) this.empty();
    const asOf =
      this.settings.bus === undefined || this.watch.up(now) ? -Infinity : now - this.settings.disconnectedTtlMs;
    const born = this.floor(key);
    let held = await this.l1.fetch(key, inner);
    if (asOf === -Infinity && born === 0) return held?.value;
    // What was there, or under way, may be too old for this caller. The second load began for a caller after him.
    for (let round = 0; round < 2; round++) {
      const mark = held ?? this.absences.get(key);
      if (mark !== undefined && mark.asOf >= asOf && mark.born > born) break;
      const again = await this.l1.fetch(key, { ...inner, refresh: true });
      // The same once more: it stands in for a load that has failed.
      if (again !== undefined && again === held) break;
      held = again;
    }
    return held?.value;
  }

  /**
   * Writes through: forgets the key everywhere as `delete` does, and stores the value in the tier unless somebody changes
   * the key meanwhile. Call it after the source was written, and only if nobody else writes the same key between the two:
   * otherwise `delete`, which is always right. Rejects when tier or bus fail to forget, or with what `encode` throws.
   */
  async set(key: string, value: V): Promise<void> {
    const text = this.settings.encode(value);
    await this.change(() => this.remote.put(key, text), { keys: [key] });
  }

  /** Forgets the keys everywhere. Call it after the source was written. Rejects when tier or bus fail. */
  async delete(...keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.change(() => this.remote.ask(() => this.settings.tier.remove(keys)), { keys });
  }

  /**
   * Forgets, everywhere, all keys with one of these tags. Call it after the source was written. O(tags), however many
   * keys there are. Rejects when tier or bus fail. Throws TypeError without the option `tags`.
   */
  async invalidateTags(...tags: readonly string[]): Promise<void> {
    if (this.settings.tags === undefined) throw new TypeError('tags is required: which keys have these tags?');
    if (tags.length > 0) await this.change(() => this.remote.ask(() => this.settings.tier.renew!(tags)), { tags });
  }

  /** Empties the layer of this process; the tier keeps what it has. */
  clearLocal(): void {
    this.l1.clear();
    // With nothing held and no load attached there is nothing left that they tell apart.
    this.dropped.clear();
    this.absences.clear();
  }

  /** Says good-bye on the bus and leaves it. What is used afterwards lives as if the bus were lost. */
  async close(): Promise<void> {
    if (this.closed || this.settings.bus === undefined) return;
    this.closed = true;
    this.settings.timers.clear(this.beatTimer);
    await this.say({ bye: true }).catch(() => undefined);
    this.unsubscribe();
    this.watch.link(false);
  }

  stats(): TieredCacheStats {
    const { l2Hits, l2Misses, l2Errors, fillsRefused, leaseWaits, source } = this.remote;
    return {
      l1: this.l1.stats(),
      l2Hits,
      l2Misses,
      l2Errors,
      loads: source.loads,
      fillsRefused,
      leaseWaits,
      busUp: this.settings.bus !== undefined && this.watch.up(this.settings.clock.now()),
      busErrors: this.busErrors,
      emptied: this.emptied,
    };
  }

  /** The same options in terms of what L1 holds. */
  private inner({
    signal,
    load = this.source,
    refresh = false,
  }: FetchOptions<string, V>): FetchOptions<string, Held<V>> {
    return {
      refresh,
      ...(signal === undefined ? {} : { signal }),
      load: (key, context) => this.load(key, context, load, refresh),
    };
  }

  private async load(
    key: string,
    context: LoadContext<Held<V>>,
    load: Loader<string, V>,
    past: boolean,
  ): Promise<Held<V> | undefined> {
    const { value, refused, ...mark } = await this.remote.run(key, context, load, past);
    // Its callers get the value, nobody else; but should the source fail next, it is younger than what L1 holds.
    if (refused && value !== undefined) context.setTtl(Number.MIN_VALUE);
    if (value !== undefined) return { value, ...mark };
    // An absence cannot be stale, so this load must not be stored at all.
    if (refused) this.l1.delete(key);
    if (this.absences.size >= notesMost) this.absences.clear();
    this.absences.set(key, mark);
    return undefined;
  }

  private mark(): Mark {
    return { asOf: this.settings.clock.now(), born: ++this.order };
  }

  /** The place in the order of loads before which a value of the key is too old. */
  private floor(key: string): number {
    let floor = 0;
    if (this.dropped.size > 0) {
      for (const tag of this.settings.tags?.(key) ?? []) floor = Math.max(floor, this.dropped.get(tag) ?? 0);
    }
    return floor;
  }

  /** Tier, bus, own layer: in this order, and each even if the one before has failed, which may have been half a failure. */
  private async change(
    alter: () => Promise<void>,
    what: { keys: readonly string[] } | { tags: readonly string[] },
  ): Promise<void> {
    const failures: unknown[] = [];
    for (const step of [alter, () => this.say(what)]) await step().catch((error: unknown) => failures.push(error));
    this.apply(what);
    if (failures.length > 0) throw failures[0];
  }

  private apply(what: InvalidationBody): void {
    if ('keys' in what) {
      for (const key of what.keys) this.l1.delete(key);
    } else if ('tags' in what) {
      const at = ++this.order;
      for (const tag of what.tags) this.dropped.set(tag, at);
      if (this.dropped.size > notesMost || this.settings.tags === undefined) this.clearLocal();
    } else if ('all' in what) {
      this.clearLocal();
    }
  }

  private attend(bus: InvalidationBus | undefined): () => void {
    if (bus === undefined) return () => undefined;
    const stop = bus.subscribe(
      (message) => this.hear(message),
      (up) => {
        this.watch.link(up);
        // Only a beat that is sent from now on can prove that the connection works.
        if (up) this.beat();
      },
    );
    this.beat();
    return stop;
  }

  private hear(message: Invalidation): void {
    if (this.watch.heard(message, this.settings.clock.now())) this.empty();
    // What this process has said it has done, or is about to.
    if (message.sender !== this.self) this.apply(message);
  }

  private beat(): void {
    const { timers, heartbeatMs, clock } = this.settings;
    if (this.closed) return;
    timers.clear(this.beatTimer);
    this.beatTimer = timers.set(() => this.beat(), heartbeatMs);
    if (this.watch.overdue(clock.now())) this.empty();
    // One at a time: a client that cannot send may queue.
    if (this.beating) return;
    this.beating = true;
    void this.say({ beat: true })
      .catch(() => undefined)
      .finally(() => (this.beating = false));
  }

  private async say(what: InvalidationBody): Promise<void> {
    const { bus, clock, tierTimeoutMs, timers } = this.settings;
    if (bus === undefined) return;
    const message = { v: 1, sender: this.self, seq: this.watch.number('beat' in what, clock.now()), ...what } as const;
    try {
      await within(() => bus.publish(message), tierTimeoutMs, timers);
    } catch (error) {
      this.busErrors++;
      this.remote.tell(error);
      throw error;
    }
  }

  private empty(): void {
    this.emptied++;
    this.clearLocal();
  }
}
