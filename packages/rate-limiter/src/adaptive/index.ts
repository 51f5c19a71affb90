/** How many requests may be under way at once, found by feedback, and who waits or is shed when it is too many. */
export { createConcurrencyLimiter, type ConcurrencyLimiterOptions } from './concurrency.ts';
export { fixedLimit } from './fixed.ts';
export { aimd, type AimdOptions, type AimdState } from './aimd.ts';
export { createTurnShedder, type TurnShedder, type TurnShedderOptions } from './turn-shedder.ts';
export { createClientThrottle, type ClientThrottle, type ClientThrottleOptions } from './client-throttle.ts';
export type { ConcurrencyLimit, LimitState, Sample } from './limit.ts';
export type { ConcurrencyLimiter, Permit } from './types.ts';
export type { Clock, Timers } from '../environment.ts';
