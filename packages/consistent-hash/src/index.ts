/** Which of N nodes owns a key: the same answer in every process, with the fewest moves when nodes come and go */
export { ring, ringFromJSON } from './ring.ts';
export type { Ring, RingJSON, RingOptions } from './ring.ts';
export type { FromJSONOptions } from './json.ts';
export { diff } from './diff.ts';
export type { RangeMove } from './diff.ts';
export { xxh32 } from './xxh32.ts';
export { mix32 } from './mix32.ts';
export { PlacementError } from './errors.ts';
export type { PlacementErrorCode } from './errors.ts';
export type * from './types.ts';
