/**
 * The guard in front of a fetch handler, `(request, ...whatever the runtime adds) => Response`: workers, Deno, Bun.
 *
 * A permit is held until the handler has resolved; a body that streams after that is no longer counted.
 */
import { createGuard, type GuardOptions } from '../http/guard.ts';
import type { Field } from '../http/fields.ts';
import { describeFetch, requireSubject, settled, type AddressOption, type FetchRequest } from './request.ts';

/** A `Response`. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { set(name: string, value: string): void };
}

/** `key`, `cost` and the others are given what the handler is given, as one list. */
export type FetchOptions<A extends readonly [FetchRequest, ...unknown[]]> = GuardOptions<A> & AddressOption<A>;

type ResponseType = new (body: unknown, init: object) => unknown;

/**
 * The handler, called for requests that may go on; others are answered without reading their body.
 *
 * @throws {TypeError | RangeError} when an option is wrong, or neither `address` nor `key` is given with a `limiter`
 */
export function withRateLimit<A extends readonly [FetchRequest, ...unknown[]], S extends FetchResponse>(
  handler: (...given: A) => S | Promise<S>,
  options: FetchOptions<A>,
): (...given: A) => Promise<S> {
  requireSubject(options);
  const guard = createGuard<A>(options, (given) => describeFetch(given[0], options.address?.(given)));
  return async (...given) => {
    const { signal } = given[0];
    const verdict = await guard.check(given, signal && (() => signal as AbortSignal));
    if (!verdict.allowed) return responseOf(verdict.body, verdict) as S;
    let response: S | undefined;
    await settled(guard, verdict, signal, async () => {
      response = withFields(await handler(...given), verdict.headers);
      return response.status;
    });
    return response!;
  };
}

/** Looked up late, so that the module loads where there is no `Response`. */
function responseOf(body: unknown, init: object): unknown {
  const { Response } = globalThis as unknown as { Response: ResponseType };
  return new Response(body, init);
}

/** The response with more fields; the fields of one that came from `fetch` cannot be changed, so a copy has them. */
function withFields<S extends FetchResponse>(response: S, fields: readonly Field[]): S {
  try {
    for (const [name, value] of fields) response.headers.set(name, value);
    return response;
  } catch {
    const copy = responseOf((response as { readonly body?: unknown }).body, response) as S;
    for (const [name, value] of fields) copy.headers.set(name, value);
    return copy;
  }
}
