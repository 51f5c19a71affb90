/** How many requests may be under way at once, found by feedback, and who waits or is shed when it is too many. */
export type { ConcurrencyLimiter, Permit } from './types.ts';
