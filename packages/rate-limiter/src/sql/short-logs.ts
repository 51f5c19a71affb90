/** How long a sliding log may be in a database: a row is read and written whole, with a time for each unit admitted. */
import { RateLimiterError } from '../errors.ts';
import type { Limit } from '../limits.ts';

const LOG_LIMIT_MAX = 1024;

/** @throws {RateLimiterError} UNSUPPORTED */
export function requireShortLogs(limits: readonly Limit[], where: string): void {
  for (const { algorithm, name, quota } of limits) {
    if (algorithm !== 'sliding-log' || quota <= LOG_LIMIT_MAX) continue;
    throw new RateLimiterError(
      'UNSUPPORTED',
      `a sliding log in ${where} may admit at most ${LOG_LIMIT_MAX}; "${name}" admits ${quota}. ` +
        'Use slidingCounter or gcra, or a store in memory or Redis',
    );
  }
}
