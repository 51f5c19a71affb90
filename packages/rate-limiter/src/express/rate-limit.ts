/**
 * The guard as a middleware of express 4 and 5, or of whatever calls `(request, response, next)`.
 *
 * The client's address is the guard's own finding, from `trustProxy`: `req.ip` and express's setting 'trust proxy' are
 * not consulted, since that setting may be `true`, which lets clients choose their address.
 */
import { createGuard, type GuardOptions } from '../http/guard.ts';
import { checkWatched, describeNode, respond, type NodeRequest, type NodeResponse } from '../node/request.ts';
import type { Verdict } from '../http/verdict.ts';

export type ExpressOptions<Q extends NodeRequest = NodeRequest> = GuardOptions<Q>;

/**
 * Makes the middleware. What a function of the options throws goes to `next`.
 *
 * @throws {TypeError | RangeError} when an option is wrong
 */
export function rateLimit<Q extends NodeRequest>(
  options: ExpressOptions<Q>,
): (request: Q, response: NodeResponse, next: (error?: unknown) => void) => void {
  const guard = createGuard(options, describeNode);
  return (request, response, next) => {
    const proceed = (verdict: Verdict): void => {
      if (respond(verdict, response)) next();
    };
    let answer: Verdict | Promise<Verdict>;
    try {
      answer = checkWatched(guard, request, request, response);
    } catch (error) {
      next(error);
      return;
    }
    if (answer instanceof Promise) void answer.then(proceed, next);
    else proceed(answer);
  };
}
