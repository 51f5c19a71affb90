/**
 * The guard as a middleware of hono 3 and 4, on whatever runtime hono runs.
 *
 * Fields are set after the handler, since a handler that returns a `Response` of its own replaces what was set before.
 * A permit is held until the handlers behind have resolved; a body that streams after that is no longer counted.
 */
import { createGuard, type GuardOptions } from '../http/guard.ts';
import { describeFetch, requireSubject, settled, type AddressOption, type FetchRequest } from '../fetch/request.ts';

/** A hono context. */
export interface HonoContext {
  readonly req: { readonly raw: FetchRequest };
  readonly res: { readonly status: number };
  header(name: string, value: string): void;
}

export type HonoOptions<C extends HonoContext = HonoContext> = GuardOptions<C> & AddressOption<C>;

/**
 * Makes the middleware. `address` is the runtime's way to the socket, such as `getConnInfo(c).remote.address`.
 *
 * @throws {TypeError | RangeError} when an option is wrong, or neither `address` nor `key` is given with a `limiter`
 */
export function rateLimit<C extends HonoContext>(
  options: HonoOptions<C>,
): (context: C, next: () => Promise<void>) => Promise<Response | undefined> {
  requireSubject(options);
  const guard = createGuard<C>(options, (context) => describeFetch(context.req.raw, options.address?.(context)));
  return async (context, next) => {
    const { signal } = context.req.raw;
    const verdict = await guard.check(context, signal && (() => signal as AbortSignal));
    const { allowed, status, headers, body } = verdict;
    if (!allowed) return new Response(body, { status, headers: headers.map(([name, value]) => [name, value]) });
    await settled(guard, verdict, signal, async () => {
      await next();
      for (const [name, value] of headers) context.header(name, value);
      return context.res.status;
    });
    return undefined;
  };
}
