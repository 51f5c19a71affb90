/** For tests: a clock moved by hand, and the laws of limits in BigInt to compare a store with. */
export { manualClock } from './manual-clock.ts';
export type { ManualClock } from './manual-clock.ts';
export { gcraOracle } from './gcra-oracle.ts';
export { slidingLogOracle } from './sliding-log-oracle.ts';
export type { Oracle } from './oracle.ts';
export { manualTimers } from './manual-timers.ts';
export type { ManualTimers } from './manual-timers.ts';
export { conformance, ConformanceError } from './conformance.ts';
export type { ConformanceOptions, ConformanceReport } from './conformance.ts';
