/** The door: options in, the limiter that fits the store out. */
import type { LimiterOptions, SyncLimiter } from './limiter.ts';
import { InProcessLimiter } from './in-process-limiter.ts';
import { MapStore } from './map-store.ts';
import { settingsFrom } from './settings.ts';

/**
 * Makes a limiter.
 *
 * @throws {TypeError | RangeError} when an option is wrong; names it, the value given and what is allowed
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { createLimiter, gcra } from '@loadbearing/rate-limiter';
 *
 * const limiter = createLimiter({ limits: gcra({ rate: 2, perMs: 1000 }) });
 * assert.equal(limiter.tryTakeSync('alice'), true);
 * assert.equal(limiter.tryTakeSync('alice'), true);
 * assert.equal(limiter.tryTakeSync('alice'), false);
 * assert.equal(limiter.tryTakeSync('bob'), true);
 * ```
 */
export function createLimiter(options: LimiterOptions): SyncLimiter {
  return new InProcessLimiter(settingsFrom(options), options.store ?? new MapStore());
}
