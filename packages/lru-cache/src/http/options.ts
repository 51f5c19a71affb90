/** The options that both HTTP caches share, checked once at construction. */
import { refuse, requireInteger, requireMethods, requireNumber, requirePositive, requireWithin } from '../check.ts';
import { systemTimers } from '../environment.ts';
import type { Clock, Timers } from '../types.ts';

export interface HttpStoreOptions {
  /** How this cache calls itself in `Cache-Status`: printable ASCII, not empty. */
  readonly name: string;
  /** Bound on everything stored: bodies, headers, keys, and 512 bytes per response for the rest. Above 0, finite. */
  readonly maxBytes: number;
  /** A longer body passes through unstored. Above 0, at most `maxBytes`. Default 1 MiB, or `maxBytes` if that is less. */
  readonly maxEntryBytes?: number;
  /** Most responses stored per URI, an integer in 1..1000; the oldest goes first. Default 16. */
  readonly maxVariants?: number;
  /** Longest wait for another request's answer, in milliseconds, 0..2^31-1; 0 = nobody waits. Default 5000. */
  readonly collapseMs?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly wallClock?: Clock;
  readonly timers?: Timers;
}

export interface CheckedStoreOptions {
  readonly name: string;
  readonly maxBytes: number;
  readonly maxEntryBytes: number;
  readonly maxVariants: number;
  readonly collapseMs: number;
  readonly wallClock: Clock;
  readonly timers: Timers;
}

const MEBIBYTE = 2 ** 20;
const TIMER_MAX_MS = 2 ** 31 - 1;

/** @throws TypeError or RangeError naming the option, the value and what is allowed. */
export function requireStoreOptions(options: HttpStoreOptions): CheckedStoreOptions {
  const { name } = options as { name: unknown };
  if (typeof name !== 'string') refuse('name', 'a string', typeof name);
  if (!/^[ -~]+$/.test(name)) refuse('name', 'printable ASCII and not empty', `"${name}"`, RangeError);
  const maxBytes = requirePositive('maxBytes', options.maxBytes);
  return {
    name,
    maxBytes,
    maxEntryBytes: requireNumber(
      'maxEntryBytes',
      options.maxEntryBytes ?? Math.min(MEBIBYTE, maxBytes),
      'above 0 and at most maxBytes',
      (n) => n > 0 && n <= maxBytes,
    ),
    maxVariants: requireInteger('maxVariants', options.maxVariants ?? 16, 1, 1000),
    collapseMs: requireWithin('collapseMs', options.collapseMs ?? 5000, 0, TIMER_MAX_MS),
    // Looked up at each call, so that a test's fake clock works.
    wallClock: requireMethods('wallClock', options.wallClock, ['now']) ?? { now: () => Date.now() },
    timers: requireMethods('timers', options.timers, ['set', 'clear']) ?? systemTimers,
  };
}
