/** Who removes the expired entries that nobody asks for. */
export { timingWheel } from './timing-wheel.ts';
export type { TimingWheelOptions } from './timing-wheel.ts';
export type { Expirer, ExpirerHost } from '../types.ts';
