/**
 * The client's half of overload: it refuses its own requests when the server refuses most of them.
 *
 * A refusal costs the server something too, so a server far above its capacity can be kept there by refusing alone.
 * With `requests` and `accepts` counted over the last `windowMs`, a request is refused here with the probability
 * `max(0, (requests - k * accepts) / (requests + 1))` (Google, Site Reliability Engineering, "Handling Overload"). The
 * server then sees about `k` times what it accepts, enough to notice when it recovers.
 *
 * Unlike there, a request counts when its answer is known rather than when it begins: else the first few at once, none
 * of them answered yet, would look refused. Those refused here count at once. The counts stand in 60 buckets, so the
 * window moves by a sixtieth of its length at a time, and memory is constant.
 */
import { systemClock, systemRandom, type Clock } from '../environment.ts';
import { requireNumber } from './check.ts';

export interface ClientThrottleOptions {
  /** How many requests may go out for each that is accepted, 1.01..100. Default 2. */
  readonly k?: number;
  /** How far back it counts, 60..86,400,000 ms. Default 120,000. */
  readonly windowMs?: number;
  /** Default: monotonic time. */
  readonly clock?: Clock;
  /** 0 <= number < 1. Default `Math.random`. */
  readonly random?: () => number;
}

export interface ClientThrottle {
  /** Whether to send the request. If so, call `end` once it was answered. O(1) amortized. */
  tryBegin(): boolean;
  /** Tells what became of a request that began: false if it was refused for load (429, 503) or timed out. */
  end(accepted: boolean): void;
}

const BUCKETS = 60;

/** @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed */
export function createClientThrottle(options: ClientThrottleOptions = {}): ClientThrottle {
  const { clock = systemClock, random = systemRandom } = options;
  const k = requireNumber('k', options.k ?? 2, 1.01, 100);
  const recent = new RecentCounts(requireNumber('windowMs', options.windowMs ?? 120_000, 60, 86_400_000) / BUCKETS);
  return {
    tryBegin() {
      recent.moveTo(clock());
      if (random() >= (recent.requests - k * recent.accepts) / (recent.requests + 1)) return true;
      recent.count(false);
      return false;
    },
    end(accepted) {
      recent.moveTo(clock());
      recent.count(accepted);
    },
  };
}

/** Requests and accepts of the last 60 buckets. A clock that steps back counts as standing still. */
class RecentCounts {
  requests = 0;
  accepts = 0;
  private readonly requestsIn = new Float64Array(BUCKETS);
  private readonly acceptsIn = new Float64Array(BUCKETS);
  private readonly widthMs: number;
  private current = -Infinity;

  constructor(widthMs: number) {
    this.widthMs = widthMs;
  }

  moveTo(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.widthMs);
    for (let next = Math.max(this.current + 1, bucket - BUCKETS + 1); next <= bucket; next++) this.clear(next);
    this.current = Math.max(this.current, bucket);
  }

  count(accepted: boolean): void {
    const slot = slotOf(this.current);
    this.requests++;
    this.requestsIn[slot]!++;
    if (!accepted) return;
    this.accepts++;
    this.acceptsIn[slot]!++;
  }

  private clear(bucket: number): void {
    const slot = slotOf(bucket);
    this.requests -= this.requestsIn[slot]!;
    this.accepts -= this.acceptsIn[slot]!;
    this.requestsIn[slot] = this.acceptsIn[slot] = 0;
  }
}

const slotOf = (bucket: number): number => ((bucket % BUCKETS) + BUCKETS) % BUCKETS;
