/** Rate limits for express. */
export { rateLimit } from './rate-limit.ts';
export type { ExpressOptions } from './rate-limit.ts';
