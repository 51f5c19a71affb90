/** Pictures of runs, from their journals alone. */
export { timeline } from './timeline.ts';
export type { Bar } from './timeline.ts';
