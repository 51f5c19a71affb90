/**
 * Deadlines: no call to a tier or a bus is waited for longer than its time, and pauses end early with their signal.
 *
 * A client whose server hangs may answer never, or in an hour. What it does then no longer matters: reads are dropped,
 * a late fill meets its fence.
 */
import type { Timers } from '../types.ts';

export class TierTimeoutError extends Error {
  override readonly name = 'TierTimeoutError';
  readonly code = 'TIER_TIMEOUT';
  constructor(tierTimeoutMs: number) {
    super(`no answer within tierTimeoutMs = ${String(tierTimeoutMs)}; whether the call has taken effect is unknown`);
  }
}

export function within<T>(work: () => Promise<T>, ms: number, timers: Timers): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = timers.set(() => reject(new TierTimeoutError(ms)), ms);
    // In a promise job, so that a throw is a rejection.
    new Promise<T>((start) => start(work())).then(resolve, reject).finally(() => timers.clear(timer));
  });
}

export function pause(ms: number, signal: AbortSignal, timers: Timers): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      timers.clear(timer);
      reject(signal.reason as Error);
    };
    const timer = timers.set(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    }, ms);
    // One that was aborted before will not say so again.
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave);
  });
}
