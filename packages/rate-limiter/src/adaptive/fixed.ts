/** The limit that does not move: right when the capacity behind it is known and constant, such as a connection pool. */
import { requireInteger } from '../check.ts';
import type { ConcurrencyLimit } from './limit.ts';

/**
 * So many at once, whatever happens.
 *
 * @param limit 1..1,000,000
 * @throws {TypeError | RangeError} when `limit` is not that
 */
export function fixedLimit(limit: number): ConcurrencyLimit {
  const initial = Object.freeze({ limit: requireInteger('limit', limit, 1, 1_000_000) });
  return { initial, next: (state) => state };
}
