/**
 * Full jitter: how long to wait before the next attempt.
 *
 * The delay is drawn evenly from [0, min(cap, base * factor^(n-1))] (Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog 2015): callers that failed together do not come back together. The drawn delay is written to the
 * journal, so a worker that takes the run over goes on with the same delay instead of starting again at the base.
 */
import { requireInteger, requireNumber } from './check.ts';
import type { RetryPolicy, StepOptions } from './types.ts';

export type FullPolicy = Required<RetryPolicy>;

export interface CallOptions {
  readonly timeoutMs: number;
  readonly retry: FullPolicy;
}

const DAY_MS = 86_400_000;

/** `patient` calls must succeed in the end: retriable steps, undos, pivots that are retry-until-known. */
export function callOptions(name: string, options: StepOptions, patient: boolean): CallOptions {
  const retry = options.retry ?? {};
  const baseMs = requireNumber(`${name}.retry.baseMs`, retry.baseMs ?? 100, 0, DAY_MS);
  const jitter: unknown = retry.jitter ?? 'full';
  if (jitter !== 'full' && jitter !== 'none') {
    throw new TypeError(`${name}.retry.jitter must be 'full' or 'none'; got ${String(jitter)}`);
  }
  return {
    timeoutMs: requireInteger(`${name}.timeoutMs`, options.timeoutMs ?? 30_000, 1, DAY_MS),
    retry: {
      maxAttempts: requireInteger(`${name}.retry.maxAttempts`, retry.maxAttempts ?? (patient ? 20 : 3), 1, 10_000),
      baseMs,
      capMs: requireNumber(
        `${name}.retry.capMs`,
        retry.capMs ?? Math.max(baseMs, patient ? 60_000 : 30_000),
        baseMs,
        DAY_MS,
      ),
      factor: requireNumber(`${name}.retry.factor`, retry.factor ?? 2, 1, 100),
      jitter,
    },
  };
}

/** Milliseconds until the attempt after the failed `attempt` (from 1), for a `random` in [0, 1). */
export function backoffMs(policy: FullPolicy, attempt: number, random: number): number {
  const bound = Math.min(policy.capMs, policy.baseMs * policy.factor ** (attempt - 1));
  return policy.jitter === 'none' ? bound : Math.floor(random * bound);
}
