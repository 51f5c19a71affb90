/**
 * What a caller asks for that a limiter cannot do.
 *
 * Wrong arguments are TypeErrors and RangeErrors; a refused request is no error at all but a {@link Decision}. What
 * is left is this: an operation that needs a limit the limiter lacks, a limit that a store cannot hold, an answer of a
 * store that is none (only ever seen in events), and an order that a store elsewhere did not confirm. The stable `code`
 * tells them apart, since `instanceof` fails between an ESM and a CommonJS copy of the package in one process.
 */
export type RateLimiterErrorCode = 'NO_BLOCKLIST' | 'UNSUPPORTED' | 'STORE_PROTOCOL' | 'UNAVAILABLE';

export class RateLimiterError extends Error {
  override readonly name = 'RateLimiterError';
  readonly code: RateLimiterErrorCode;
  constructor(code: RateLimiterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
