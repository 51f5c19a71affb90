/** The door: options in, the limiter that fits the store out. */
import { defaultStore } from './default-store.ts';
import { InProcessLimiter } from './in-process-limiter.ts';
import type { Limiter, LimiterOptions, SharedLimiterOptions, SyncLimiter } from './limiter.ts';
import { openShared } from './open-shared.ts';
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
export function createLimiter(options: LimiterOptions): SyncLimiter;
export function createLimiter(options: SharedLimiterOptions): Limiter;
export function createLimiter(options: LimiterOptions | SharedLimiterOptions): Limiter {
  const settings = settingsFrom(options);
  if (isShared(options)) return openShared(settings, options);
  return new InProcessLimiter(settings, options.store ?? defaultStore(settings.limits));
}

/** @throws {TypeError} unless the store is one, or absent */
function isShared(options: LimiterOptions | SharedLimiterOptions): options is SharedLimiterOptions {
  const store: unknown = options.store;
  if (store === undefined) return false;
  const { sync, bind } = (store ?? {}) as { readonly sync?: unknown; readonly bind?: unknown };
  if (typeof sync !== 'boolean' || typeof bind !== 'function') {
    throw new TypeError(`store must be a store, such as new TableStore() or redisStore(...); got ${typeof store}`);
  }
  return !sync;
}
