/**
 * The guard as a plugin of fastify 4 and 5: an onRequest hook of the scope in which it is registered, so for every
 * route of that scope, and before the body is parsed. The client's address is the guard's own finding, from
 * `trustProxy` here: `request.ip` and fastify's own `trustProxy` are not consulted.
 */
import { createGuard, type GuardOptions } from '../http/guard.ts';
import { checkWatched, describeNode, type NodeRequest, type NodeResponse } from '../node/request.ts';
import type { Verdict } from '../http/verdict.ts';

/** A fastify request. */
export interface FastifyRequestLike {
  readonly raw: NodeRequest;
}

/** A fastify reply. */
export interface FastifyReplyLike {
  readonly raw: NodeResponse;
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

type Done = (error?: Error) => void;

/** A fastify instance. */
export interface FastifyLike {
  addHook(name: 'onRequest', hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: Done) => void): unknown;
}

export type FastifyOptions<Q extends FastifyRequestLike = FastifyRequestLike> = GuardOptions<Q>;

/**
 * Makes the plugin. What a function of the options throws goes to fastify's error handling.
 *
 * @throws {TypeError | RangeError} when an option is wrong
 */
export function rateLimit<Q extends FastifyRequestLike>(
  options: FastifyOptions<Q>,
): (instance: FastifyLike, pluginOptions: object, done: Done) => void {
  const guard = createGuard<Q>(options, ({ raw }) => describeNode(raw));
  const plugin = (instance: FastifyLike, _pluginOptions: object, ready: Done): void => {
    instance.addHook('onRequest', (request, reply, done) => {
      const proceed = ({ allowed, status, headers, body }: Verdict): void => {
        for (const [name, value] of headers) reply.header(name, value);
        if (allowed) {
          done();
          return;
        }
        reply.code(status);
        reply.send(body);
      };
      let answer: Verdict | Promise<Verdict>;
      try {
        answer = checkWatched(guard, request as Q, request.raw, reply.raw);
      } catch (error) {
        done(error as Error);
        return;
      }
      if (answer instanceof Promise) void answer.then(proceed, done);
      else proceed(answer);
    });
    ready();
  };
  // Hooks of a plugin would otherwise hold for the plugin alone and not for the routes beside it.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: '@loadbearing/rate-limiter',
  });
}
