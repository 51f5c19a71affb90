/**
 * Time as an argument: nothing here reads a clock or sets a timer of its own.
 *
 * Only the router waits, for a slot that changes hands. A test gives it a clock of its own and does not wait.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import type { Clock } from '@loadbearing/consistent-hash/migrate';
 * const clock: Clock = {
 *   now: () => performance.now(),
 *   sleep: (ms) => new Promise((wake) => setTimeout(wake, ms)),
 * };
 * const start = clock.now();
 * await clock.sleep(2);
 * assert.ok(clock.now() > start);
 * ```
 */
export interface Clock {
  /** Milliseconds from any beginning, never going back. */
  now(): number;
  /** Resolves `ms` milliseconds later; may reject earlier when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
