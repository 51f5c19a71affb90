/**
 * What a caller asks for that a limiter cannot do.
 *
 * Wrong arguments are TypeErrors and RangeErrors; a refused request is no error at all but a {@link Decision}. What
 * is left is this: an operation that needs a limit the limiter lacks, or a limit that a store cannot hold. The stable
 * `code` tells them apart, since `instanceof` fails between an ESM and a CommonJS copy of the package in one process.
 */
export class RateLimiterError extends Error {
  override readonly name = 'RateLimiterError';
  readonly code: 'NO_BLOCKLIST' | 'UNSUPPORTED';
  constructor(code: 'NO_BLOCKLIST' | 'UNSUPPORTED', message: string) {
    super(message);
    this.code = code;
  }
}
