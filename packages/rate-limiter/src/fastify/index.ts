/** Rate limits for fastify. */
export { rateLimit } from './rate-limit.ts';
export type { FastifyLike, FastifyOptions, FastifyReplyLike, FastifyRequestLike } from './rate-limit.ts';
