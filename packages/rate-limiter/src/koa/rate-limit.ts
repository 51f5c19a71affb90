/**
 * The guard as a middleware of koa 2 and 3. The client's address is the guard's own finding, from `trustProxy`: `ctx.ip`
 * and `app.proxy` are not consulted.
 */
import { createGuard, type GuardOptions } from '../http/guard.ts';
import { checkWatched, describeNode, type NodeRequest, type NodeResponse } from '../node/request.ts';

/** A koa context. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly res: NodeResponse;
  status: number;
  body: unknown;
  set(name: string, value: string): unknown;
}

export type KoaOptions<C extends KoaContext = KoaContext> = GuardOptions<C>;

/**
 * Makes the middleware. What a function of the options throws goes to koa's error handling.
 *
 * @throws {TypeError | RangeError} when an option is wrong
 */
export function rateLimit<C extends KoaContext>(
  options: KoaOptions<C>,
): (context: C, next: () => Promise<unknown>) => Promise<void> {
  const guard = createGuard<C>(options, ({ req }) => describeNode(req));
  return async (context, next) => {
    const { allowed, status, headers, body } = await checkWatched(guard, context, context.req, context.res);
    for (const [name, value] of headers) context.set(name, value);
    if (allowed) {
      await next();
      return;
    }
    context.status = status;
    context.body = body;
  };
}
