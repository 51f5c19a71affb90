/**
 * Timing wheel: expired entries leave although nobody asks for them, and one timer does for all of them.
 *
 * G. Varghese, T. Lauck, "Hashed and hierarchical timing wheels", SOSP 1987, scheme 7. Time is counted in ticks. Level 0 has a
 * bucket for each of the next 64 ticks, level 1 one for each of the next 64 spans of 64 ticks, and so on over 4 levels; what
 * is further away waits in the last bucket. When the start of a bucket comes, it is emptied: what has expired goes, the
 * rest is put in again, nearer by now. So `schedule` and `cancel` are O(1), and an entry is handled at most 4 times.
 *
 * Invariants: every bucket in use starts after `current`; an entry's bucket starts no later than its deadline's tick; the
 * timer is armed for the earliest bucket in use or before it, and not at all when there is none.
 *
 * We depart from the paper in three things. Ticks at which nothing happens are not visited: the timer sleeps until the next
 * bucket in use. A deadline that moves away stays where it is, and is looked up when its bucket comes (a sliding ttl would
 * otherwise re-link at each hit). And the deadline itself decides, on the cache's own clock: never early; late by a tick
 * at most, and by what the timer is late.
 */
import { requireMethods, requireNumber } from '../check.ts';
import { systemTimers } from '../environment.ts';
import { SlotLists } from '../policies/slot-list.ts';
import type { Expirer, ExpirerHost, Timers } from '../types.ts';

export interface TimingWheelOptions {
  /** How late an entry may leave; 1..2147483647. Smaller ticks wake the process more often. Default 1000. */
  readonly tickMs?: number;
  /** Default those of the system, which keep no process alive. */
  readonly timers?: Timers;
}

const BUCKETS = 64;
const LEVELS = 4;
const HORIZON = BUCKETS ** LEVELS;
/** A longer delay would fire at once. */
const DELAY_MAX_MS = 2 ** 31 - 1;

class TimingWheel implements Expirer {
  declare private readonly tickMs: number;
  declare private readonly timers: Timers;
  private host: ExpirerHost | undefined;
  /** Bucket `64 * level + index`. */
  private readonly buckets = new SlotLists(BUCKETS * LEVELS);
  /** The slot's bucket + 1, 0 = in none. */
  private bucketOf: Uint16Array = new Uint16Array(17);
  private scheduled = 0;
  /** The time of tick 0. */
  private origin = 0;
  /** All buckets that start at this tick or before have been emptied. */
  private current = 0;
  /** The tick for which the timer is set; while buckets are emptied, `current`; Infinity = not set. */
  private armedTick = Infinity;
  /** Then neither `current` nor the timer is moved by whom `expire` calls. */
  private emptying = false;
  private timer: unknown;

  constructor(tickMs: number, timers: Timers) {
    this.tickMs = tickMs;
    this.timers = timers;
  }

  attach(host: ExpirerHost): void {
    if (this.host !== undefined) {
      throw new TypeError('timingWheel already serves a cache; use one per cache');
    }
    this.host = host;
    this.origin = host.clock.now();
  }

  grow(slots: number): void {
    this.buckets.grow(slots);
    if (slots < this.bucketOf.length) return;
    const wide = new Uint16Array(slots + 1);
    wide.set(this.bucketOf);
    this.bucketOf = wide;
  }

  schedule(slot: number, deadline: number): void {
    if (deadline === Infinity) {
      this.cancel(slot);
      return;
    }
    const now = (this.host as ExpirerHost).clock.now();
    // No bucket in use starts before the tick that is armed, so time may pass up to there without emptying any.
    this.current = Math.max(this.current, Math.min(this.tickAt(now), this.armedTick - 1));
    const tick = this.tickOf(deadline);
    const held = (this.bucketOf[slot] as number) - 1;
    if (held >= 0) {
      if (this.startOf(held) <= tick) return;
      this.take(slot, held);
    }
    const start = this.put(slot, tick);
    if (start < this.armedTick) this.arm(start, now);
  }

  cancel(slot: number): void {
    const held = (this.bucketOf[slot] as number) - 1;
    if (held < 0) return;
    this.take(slot, held);
    if (this.scheduled === 0 && !this.emptying) this.disarm();
  }

  private tickAt(now: number): number {
    return Math.floor((now - this.origin) / this.tickMs);
  }

  /** The first tick at which this deadline has passed; the next one for what is overdue. */
  private tickOf(deadline: number): number {
    return Math.max(Math.ceil((deadline - this.origin) / this.tickMs), this.current + 1);
  }

  /** The tick at which a bucket in use will be emptied: its index comes round within 64 spans of its level. */
  private startOf(bucket: number): number {
    const span = BUCKETS ** Math.floor(bucket / BUCKETS);
    const here = Math.floor(this.current / span);
    return (here + 1 + modulo(bucket - here - 1)) * span;
  }

  /** Answers the tick at which its bucket starts. */
  private put(slot: number, tick: number): number {
    const ahead = Math.min(tick - this.current, HORIZON - 1);
    let level = 0;
    let span = 1;
    for (; ahead >= span * BUCKETS; span *= BUCKETS) level++;
    const spans = Math.floor((this.current + ahead) / span);
    const bucket = level * BUCKETS + modulo(spans);
    this.buckets.push(bucket, slot);
    this.bucketOf[slot] = bucket + 1;
    this.scheduled++;
    return spans * span;
  }

  private take(slot: number, bucket: number): void {
    this.buckets.remove(bucket, slot);
    this.bucketOf[slot] = 0;
    this.scheduled--;
  }

  /** The earliest start of a bucket in use, Infinity when there is none. */
  private nextStart(): number {
    let next = Infinity;
    if (this.scheduled === 0) return next;
    for (let bucket = 0; bucket < BUCKETS * LEVELS; bucket++) {
      if (this.buckets.size(bucket) > 0) next = Math.min(next, this.startOf(bucket));
    }
    return next;
  }

  private arm(tick: number, now: number): void {
    this.disarm();
    if (tick === Infinity) return;
    this.armedTick = tick;
    const delayMs = Math.ceil(this.origin + tick * this.tickMs - now);
    this.timer = this.timers.set(this.advance, Math.min(Math.max(delayMs, 1), DELAY_MAX_MS));
  }

  private disarm(): void {
    if (this.timer !== undefined) this.timers.clear(this.timer);
    this.timer = undefined;
    this.armedTick = Infinity;
  }

  /** Empties every bucket whose start has come. What `expire` throws is thrown when all of them are done. */
  private readonly advance = (): void => {
    this.timer = undefined;
    this.emptying = true;
    const { clock } = this.host as ExpirerHost;
    const errors: unknown[] = [];
    const target = this.tickAt(clock.now());
    for (let start = this.nextStart(); start <= target; start = this.nextStart()) {
      this.current = this.armedTick = start;
      for (let level = 0, span = 1; level < LEVELS && start % span === 0; level++, span *= BUCKETS) {
        this.empty(level * BUCKETS + modulo(start / span), errors);
      }
    }
    this.emptying = false;
    this.arm(this.nextStart(), clock.now());
    if (errors.length > 0) throw errors[0];
  };

  /** `expire` may set and remove entries: none of them can come into the bucket that is being emptied, see `put`. */
  private empty(bucket: number, errors: unknown[]): void {
    const host = this.host as ExpirerHost;
    for (let slot = this.buckets.oldest(bucket); slot !== 0; slot = this.buckets.oldest(bucket)) {
      this.take(slot, bucket);
      const deadline = host.deadlineOf(slot);
      if (host.clock.now() < deadline) {
        if (deadline !== Infinity) this.put(slot, this.tickOf(deadline));
        continue;
      }
      try {
        host.expire(slot);
      } catch (error) {
        errors.push(error);
      }
    }
  }
}

/** The remainder by 64, never negative; good up to 2^53, where bit operations end at 2^31. */
function modulo(n: number): number {
  return ((n % BUCKETS) + BUCKETS) % BUCKETS;
}

/**
 * Removes expired entries at most `tickMs` after their deadline, with one timer that is armed only while there are any.
 *
 * `schedule` and `cancel` are O(1); 10 bytes a slot. A tick is O(what expires at it), in one go. Throws TypeError or
 * RangeError for a bad option.
 */
export function timingWheel(options: TimingWheelOptions = {}): Expirer {
  const tickMs = options.tickMs ?? 1000;
  requireNumber('tickMs', tickMs, 'in 1..2147483647', (n) => n >= 1 && n <= DELAY_MAX_MS);
  const timers = requireMethods('timers', options.timers, ['set', 'clear']) ?? systemTimers;
  return new TimingWheel(tickMs, timers);
}
