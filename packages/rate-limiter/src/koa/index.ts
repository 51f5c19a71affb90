/** Rate limits for koa. */
export { rateLimit } from './rate-limit.ts';
export type { KoaContext, KoaOptions } from './rate-limit.ts';
