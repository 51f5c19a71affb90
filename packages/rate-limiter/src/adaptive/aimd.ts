/**
 * AIMD: additive increase, multiplicative decrease, as TCP finds its window (Chiu and Jain, 1989).
 *
 * A request that took longer than `targetMs`, or was dropped, says that there is too much under way: the limit shrinks
 * by the factor `backoff`. A fast one says that there may be room: the limit grows by one for each limit's worth of
 * fast requests, but only while at least half of it is used, since a limit that nobody reaches was not tested.
 *
 * It shrinks at most once per `targetMs`. The requests that finish within that time were admitted under the old limit,
 * and all of them are late; if each counted, one slow moment would take the limit to its minimum.
 *
 * Algorithms that compare with the least latency seen (Vegas, Gradient) are not offered: when service times vary, their
 * minimum is no baseline, and the limit sinks far below what the capacity allows. A target in milliseconds is what the
 * operator knows.
 */
import { requireInteger } from '../check.ts';
import { requireNumber } from './check.ts';
import type { ConcurrencyLimit, LimitState } from './limit.ts';

export interface AimdOptions {
  /**
   * The latency that is still good, in ms, 1..600,000: well above the usual one and well below what callers wait for.
   * At 5 times the usual latency a queue of four requests for each one in service is let in.
   */
  readonly targetMs: number;
  /** 1..1,000,000. Default 20, or the nearest that `min` and `max` allow. */
  readonly initial?: number;
  /** 1..1,000,000. Default 1. */
  readonly min?: number;
  /** `min`..1,000,000. Default 1000, or `min` if that is more. */
  readonly max?: number;
  /** 0.1..0.99. Default 0.9. */
  readonly backoff?: number;
}

export interface AimdState extends LimitState {
  /** When it last shrank. */
  readonly shrankMs: number;
}

const LIMIT_MAX = 1_000_000;

/** @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed */
export function aimd(options: AimdOptions): ConcurrencyLimit<AimdState> {
  const targetMs = requireNumber('targetMs', options.targetMs, 1, 600_000);
  const backoff = requireNumber('backoff', options.backoff ?? 0.9, 0.1, 0.99);
  const min = requireInteger('min', options.min ?? 1, 1, LIMIT_MAX);
  const max = requireInteger('max', options.max ?? Math.max(1000, min), min, LIMIT_MAX);
  const initial = requireInteger('initial', options.initial ?? Math.min(max, Math.max(min, 20)), min, max);
  return {
    initial: Object.freeze({ limit: initial, shrankMs: -Infinity }),
    next(state, { nowMs, latencyMs, inFlight, dropped }) {
      if (dropped || latencyMs > targetMs) {
        if (nowMs - state.shrankMs < targetMs) return state;
        return { limit: Math.max(min, state.limit * backoff), shrankMs: nowMs };
      }
      if (2 * inFlight < state.limit) return state;
      return { limit: Math.min(max, state.limit + 1 / state.limit), shrankMs: state.shrankMs };
    },
  };
}
