/** The guard in front of a `node:http` handler. A refused request is answered before its body is read. */
import { createGuard, type GuardOptions } from '../http/guard.ts';
import { checkWatched, describeNode, respond, type NodeRequest, type NodeResponse } from './request.ts';

export type NodeOptions<Q extends NodeRequest = NodeRequest> = GuardOptions<Q>;

/**
 * Makes a function that answers whether the request may go on, and has answered it if not.
 *
 * It rejects only with what `key`, `cost`, `priority` or `onReject` threw, or a TypeError or RangeError for what they
 * returned.
 *
 * @throws {TypeError | RangeError} when an option is wrong
 */
export function rateLimit<Q extends NodeRequest>(
  options: NodeOptions<Q>,
): (request: Q, response: NodeResponse) => Promise<boolean> {
  const guard = createGuard(options, describeNode);
  return async (request, response) => respond(await checkWatched(guard, request, request, response), response);
}

/**
 * The handler, called for requests that may go on. The listener that is returned gives back what the handler gives
 * back; a handler that throws or rejects does so as without a guard, after its permit was released.
 *
 * @throws {TypeError | RangeError} when an option is wrong
 */
export function withRateLimit<Q extends NodeRequest, S extends NodeResponse>(
  handler: (request: Q, response: S) => unknown,
  options: NodeOptions<Q>,
): (request: Q, response: S) => Promise<unknown> {
  const guard = createGuard(options, describeNode);
  return async (request, response) => {
    const verdict = await checkWatched(guard, request, request, response);
    if (!respond(verdict, response)) return undefined;
    try {
      return await handler(request, response);
    } catch (error) {
      guard.settle(verdict, 500);
      throw error;
    }
  };
}
