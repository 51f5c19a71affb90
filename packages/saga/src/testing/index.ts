/** What tests of a saga, or of a store for sagas, need. */
export { manualClock } from './manual-clock.ts';
export type { ManualClock } from './manual-clock.ts';
