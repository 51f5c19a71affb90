/** Rate limits for `node:http`. */
export { rateLimit, withRateLimit } from './rate-limit.ts';
export type { NodeOptions } from './rate-limit.ts';
export type { NodeRequest, NodeResponse, NodeSocket } from './request.ts';
