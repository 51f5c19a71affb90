/**
 * The two calls that a store makes of a Redis client, and how the usual clients make them.
 *
 * The interfaces are the parts that are used, in this package's own words, so that no client is a dependency, not even
 * of the declarations. ioredis, its `Cluster` and iovalkey go through `fromIoredis`; node-redis, its `createCluster` and
 * its pools through `fromNodeRedis`. All of them route a script by its first key.
 */

/** What a store needs of a client. Replies are what Redis says, integers as numbers; errors begin with its code. */
export interface RedisScripting {
  evalsha(sha: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
}

/** The part of ioredis, its Cluster and iovalkey that is used. */
export interface IoredisLike {
  call(command: string, args: string[]): Promise<unknown>;
}

/** The part of a node-redis client, cluster or pool that is used. */
export interface NodeRedisLike {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/**
 * An ioredis client, ioredis `Cluster` or iovalkey client, as a store needs it.
 *
 * @throws TypeError when it is none
 */
export function fromIoredis(client: IoredisLike): RedisScripting {
  requireMethods('fromIoredis', client, ['call']);
  const call = (command: string, script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> =>
    client.call(command, [script, String(keys.length), ...keys, ...args]);
  return {
    evalsha: (sha, keys, args) => call('EVALSHA', sha, keys, args),
    eval: (script, keys, args) => call('EVAL', script, keys, args),
  };
}

/**
 * A client of node-redis (the package `redis`), from `createClient`, `createCluster` or `createClientPool`.
 *
 * @throws TypeError when it is none
 */
export function fromNodeRedis(client: NodeRedisLike): RedisScripting {
  requireMethods('fromNodeRedis', client, ['evalSha', 'eval']);
  return {
    evalsha: (sha, keys, args) => client.evalSha(sha, { keys: [...keys], arguments: [...args] }),
    eval: (script, keys, args) => client.eval(script, { keys: [...keys], arguments: [...args] }),
  };
}

/** @throws TypeError unless `client` has these methods */
export function requireMethods(what: string, client: unknown, methods: readonly string[]): void {
  const has = (name: string): boolean =>
    typeof client === 'object' && client !== null && typeof Reflect.get(client, name) === 'function';
  const missing = methods.filter((name) => !has(name));
  if (missing.length > 0) {
    throw new TypeError(
      `${what} needs a client with the methods ${methods.join(', ')}; missing: ${missing.join(', ')}`,
    );
  }
}
