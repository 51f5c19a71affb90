/**
 * One load through the tier: look there, wait for whoever loads already, else ask the source and fill.
 *
 *   look ── hit ───────────────────────────────────────────────▶ value
 *    │ ▲
 *    │ └── pause, at most leaseWaitMs in all ── miss, not the leader
 *    └── miss, leader; or waited enough ── source ── fill ─────▶ value
 *    └── the tier fails ── source ─────────────────────────────▶ value, stored nowhere but here
 *
 * Each result carries its mark: the moment before anything was asked, which is what it can be vouched for. Whether a
 * value may still be used is always a question to its mark, never to the moment at which it arrived.
 *
 * Tags. A tag's version is a random token in the tier; values are stored under the versions of their key's tags, and a
 * value under other versions than today's is a miss. Invalidating a tag destroys its version. The argument:
 *   1. The versions a value is stored under were read before its load began.
 *   2. The source is written before the version is destroyed, and a destroyed version never comes back.
 *   3. So a value under a version that still stands was loaded while it stood, which is after every write whose
 *      invalidation has been completed.
 * No step needs tag and key to be read or changed together, so they may live on different servers: only the order
 * counts. Nor must versions survive: a lost one costs misses. (A counter must: one that was lost begins again, and when
 * it comes to an old number, the values stored under that are back. Hence tokens and not counters.)
 */
import type { LoadContext, Loader } from '../loading/options.ts';
import { pause, within } from './deadline.ts';
import { open, seal } from './envelope.ts';
import type { TieredSettings } from './options.ts';
import type { TierRead } from './remote-tier.ts';
import { Source } from './source.ts';

export interface Mark {
  /** Before anything was asked, by the clock. */
  readonly asOf: number;
  /** The same as a place in the order of this process's loads and tag invalidations. */
  readonly born: number;
}

export interface Held<V> extends Mark {
  readonly value: V;
}

export interface Loaded<V> extends Mark {
  /** Undefined = there is none. */
  readonly value: V | undefined;
  /** The key was changed while it was loaded: good enough for those who wait, not for those who come. */
  readonly refused: boolean;
}

interface Look {
  readonly read: TierRead;
  readonly stamp: string;
}

/** Texts that do not decode are overwritten by others while we look: some day it is enough. */
const looksMost = 50;
const firstPauseMs = 10;

export class RemoteLoad<V> {
  l2Hits = 0;
  l2Misses = 0;
  l2Errors = 0;
  fillsRefused = 0;
  leaseWaits = 0;
  declare readonly source: Source;
  declare private readonly settings: TieredSettings<V>;
  declare private readonly mark: () => Mark;

  constructor(settings: TieredSettings<V>, mark: () => Mark) {
    this.settings = settings;
    this.mark = mark;
    this.source = new Source(settings);
  }

  /** @param past go to the source even if the tier has a value */
  async run(key: string, context: LoadContext<Held<V>>, load: Loader<string, V>, past: boolean): Promise<Loaded<V>> {
    const mark = this.mark();
    let look: Look | undefined;
    try {
      look = await this.look(key);
      let pauseMs = firstPauseMs;
      for (let looks = 1; looks < looksMost; looks++) {
        const { read, stamp } = look;
        let unlike: string | undefined;
        if (read.kind === 'hit') {
          const opened = past ? undefined : open(read.value, stamp, this.settings.decode);
          if (opened !== undefined) {
            this.l2Hits++;
            context.setTtl(Math.max(Math.min(this.settings.l1Ttl, read.remainingMs), Number.MIN_VALUE));
            return { ...mark, ...opened, refused: false };
          }
          unlike = read.value;
        } else {
          const { clock, leaseWaitMs, timers } = this.settings;
          const leftMs = leaseWaitMs - (clock.now() - mark.asOf);
          if (read.leader || past || leftMs <= 0) break;
          if (pauseMs === firstPauseMs) this.leaseWaits++;
          await pause(Math.min(pauseMs, leftMs), context.signal, timers);
          pauseMs *= 2;
        }
        look = await this.look(key, unlike);
      }
    } catch {
      // Counted and told by `ask`, or the load is no longer needed. Without a fence nothing will be filled.
      look = undefined;
    }
    this.l2Misses++;
    return this.load(key, context, load, look);
  }

  /** Removes the key and stores the text, the second if nobody changes the key meanwhile and as far as the tier can. */
  async put(key: string, text: string): Promise<void> {
    const { tier, l2Ttl } = this.settings;
    await this.ask(() => tier.remove([key]));
    try {
      const { read, stamp } = await this.look(key);
      // A hit was loaded after the removal, so it is no older than the text.
      if (read.kind === 'miss') await this.ask(() => tier.fill(key, seal(stamp, text), l2Ttl, read.fence));
    } catch {
      // Counted and told. The old value is gone, which is what was promised.
    }
  }

  /** A call to the tier, with its deadline; a failure is counted and told. */
  async ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await within(call, this.settings.tierTimeoutMs, this.settings.timers);
    } catch (error) {
      this.l2Errors++;
      this.tell(error);
      throw error;
    }
  }

  tell(error: unknown): void {
    try {
      this.settings.onTierError?.(error);
    } catch {
      // There is nobody left to tell.
    }
  }

  /** Value and versions at once: either may be the earlier, as long as both are there before a load begins. */
  private async look(key: string, unlike?: string): Promise<Look> {
    const { tier, tags, leaseMs, l2Ttl } = this.settings;
    const names = tags?.(key) ?? [];
    const [read, versions] = await Promise.all([
      this.ask(() => tier.read(key, leaseMs, unlike)),
      // Twice as long as what is stored under them.
      names.length === 0 || tier.versions === undefined ? [] : this.ask(() => tier.versions!(names, 2 * l2Ttl)),
    ]);
    return { read, stamp: versions.join() };
  }

  private async load(
    key: string,
    context: LoadContext<Held<V>>,
    load: Loader<string, V>,
    look: Look | undefined,
  ): Promise<Loaded<V>> {
    const { signal, stale } = context;
    let mark = this.mark();
    let ttl = Infinity;
    const setTtl = (given: number): void => {
      context.setTtl(given);
      ttl = given;
      context.setTtl(Math.min(given, this.settings.l1Ttl));
    };
    let value: V | undefined;
    try {
      value = await this.source.load(() => {
        // Not before its turn in the queue.
        mark = this.mark();
        return load(key, { signal, stale: stale?.value, setTtl });
      }, signal);
    } catch (error) {
      await this.release(key, look);
      throw error;
    }
    const stored = await this.fill(key, value, ttl, look);
    if (!stored) this.fillsRefused++;
    return { ...mark, value, refused: !stored };
  }

  /** False = refused. */
  private async fill(key: string, value: V | undefined, ttl: number, look: Look | undefined): Promise<boolean> {
    if (look?.read.kind !== 'miss') return true;
    const { tier, l2Ttl, absentTtlMs, jitter, random, encode } = this.settings;
    const { fence } = look.read;
    const ms = Math.min(ttl, value === undefined ? absentTtlMs : l2Ttl) * (1 - jitter * random());
    if (ms >= 1) {
      // What cannot be encoded is a failure of the tier: the caller's value is good.
      const call = async (): Promise<boolean> =>
        tier.fill(key, seal(look.stamp, value === undefined ? undefined : encode(value)), ms, fence);
      return this.ask(call).catch(() => true);
    }
    await this.release(key, look);
    return true;
  }

  /** Nothing will be filled in: whoever comes next need not wait. */
  private async release(key: string, look: Look | undefined): Promise<void> {
    const { tier } = this.settings;
    if (look?.read.kind !== 'miss' || !look.read.leader || tier.release === undefined) return;
    await this.ask(() => tier.release!(key)).catch(() => undefined);
  }
}
