/** Rate limits for hono. */
export { rateLimit } from './rate-limit.ts';
export type { HonoContext, HonoOptions } from './rate-limit.ts';
