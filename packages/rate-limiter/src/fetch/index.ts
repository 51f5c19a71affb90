/** Rate limits for handlers of web-standard requests. */
export { withRateLimit } from './rate-limit.ts';
export type { FetchOptions, FetchResponse } from './rate-limit.ts';
export type { AbortSignalLike, AddressOption, FetchRequest } from './request.ts';
