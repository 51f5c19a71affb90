/**
 * Web-standard requests, as far as a guard uses them. The platform has no standard way to the socket's address, so it
 * is asked of the user, and left out only where the key is the user's own.
 */
import type { RequestInfo } from '../http/address.ts';
import type { Guard, GuardOptions } from '../http/guard.ts';
import type { Verdict } from '../http/verdict.ts';

/** A `Request`. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  readonly signal?: AbortSignalLike;
}

/** What of an `AbortSignal` is used. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** What the platform does not tell, given what it calls handlers with. */
export interface AddressOption<R> {
  /** The address at the other end of the socket, as the runtime tells it. Needed unless `key` is given. */
  readonly address?: (request: R) => string | undefined;
}

/** @throws {TypeError} when it could not be told whose request it is */
export function requireSubject<R>(options: GuardOptions<R> & AddressOption<R>): void {
  const { limiter, key, address } = options;
  if (address !== undefined && typeof address !== 'function') {
    throw new TypeError(`address must be a function of the request; got ${typeof address}`);
  }
  if (limiter !== undefined && key === undefined && address === undefined) {
    throw new TypeError('address or key must be given: this platform has no standard socket address; got neither');
  }
}

export function describeFetch({ method, url, headers }: FetchRequest, remoteAddress: string | undefined): RequestInfo {
  return { remoteAddress, method, url, header: (name) => headers.get(name) ?? undefined };
}

/**
 * Runs `work` for a request that may go on, and settles the verdict with the status that it resolves to, with 500 when
 * it throws, or as left when the client does so before.
 */
export async function settled<R>(
  guard: Guard<R>,
  verdict: Verdict,
  signal: AbortSignalLike | undefined,
  work: () => Promise<number>,
): Promise<void> {
  const left = (): void => guard.settle(verdict, undefined);
  if (guard.tracks) signal?.addEventListener('abort', left, { once: true });
  try {
    guard.settle(verdict, await work());
  } catch (error) {
    guard.settle(verdict, 500);
    throw error;
  } finally {
    signal?.removeEventListener('abort', left);
  }
}
