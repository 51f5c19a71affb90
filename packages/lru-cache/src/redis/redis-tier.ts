/**
 * A tier in Redis, version 6.2 or later, alone or a cluster, through any client.
 *
 * The client is one function that sends a command, so that none is a dependency. All that must happen in one step is in
 * `scripts.ts`; what is here is the naming of keys and the reading of replies. Keys with braces would choose their slot
 * by what is in the braces, or by nothing: `{`, `}` and `%` are percent-encoded, and the empty key becomes a lone `%`,
 * which no other key can. Redis expires by its own clock and `remainingMs` is its own measure.
 *
 * What the server loses is lost safely: values are loaded again, a lost fence refuses its fills. Two things are not safe
 * and bounded by `l2Ttl` alone: a failover to a replica that had not heard of a removal, and reading from replicas.
 */
import { refuse, requireDuration, requireFunction } from '../check.ts';
import { systemRandom } from '../environment.ts';
import type { RemoteTier } from '../tiered/remote-tier.ts';
import { token } from '../tiered/token.ts';
import { FILL, READ, type Script, VERSION } from './scripts.ts';

/**
 * Sends a command and answers the reply, text as strings. `key` is one of the command's keys, to route by.
 *
 * node-redis: `(args) => client.sendCommand([...args])`; its cluster:
 * `(args, key) => cluster.sendCommand(key, false, [...args])`. ioredis and its Cluster:
 * `([command, ...args]) => client.call(command, args)`.
 */
export type RedisCall = (args: readonly [string, ...string[]], key?: string) => Promise<unknown>;

export interface RedisTierOptions {
  /** What all keys begin with, without braces: one for each cache. Default 'cache:'. */
  readonly prefix?: string;
  /** Milliseconds, default 60000. */
  readonly fenceMs?: number;
  readonly random?: () => number;
}

/**
 * A tier in Redis. Each key costs one round trip a call; calls with several keys send them all at once.
 *
 * @throws TypeError or RangeError when an option is of the wrong type or out of range.
 */
export function redisTier(call: RedisCall, options: RedisTierOptions = {}): Required<RemoteTier> {
  const { prefix = 'cache:' } = options;
  const fenceMs = requireDuration('fenceMs', options.fenceMs ?? 60_000);
  const random = requireFunction('random', options.random) ?? systemRandom;
  requireFunction('call', call);
  if (/[{}]/.test(prefix)) refuse('prefix', 'without braces', prefix, RangeError);

  const run = async ({ text, sha }: Script, keys: readonly string[], ...args: string[]): Promise<unknown> => {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await call(['EVALSHA', sha, ...rest], keys[0]);
    } catch (error) {
      if (!String((error as Partial<Error> | null)?.message).startsWith('NOSCRIPT')) throw error;
      return call(['EVAL', text, ...rest], keys[0]);
    }
  };
  const each = async <T>(names: readonly string[], one: (name: string) => Promise<T>): Promise<T[]> =>
    Promise.all(names.map(one));
  const named = (key: string): string =>
    `${prefix}{${key === '' ? '%' : key.replace(/[{}%]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}}`;
  const guarded = (key: string): [string, string, string] => {
    const value = named(key);
    return [value, `${value}:f`, `${value}:l`];
  };
  const del = (...keys: [string, ...string[]]): Promise<unknown> => call(['DEL', ...keys], keys[0]);

  return {
    fenceMs,
    async read(key, leaseMs, unlike) {
      const args = [token(random), millis(fenceMs), millis(leaseMs), ...(unlike === undefined ? [] : [unlike])];
      const [text, ms, leader] = (await run(READ, guarded(key), ...args)) as [string, unknown, unknown];
      if (typeof text !== 'string') throw new TypeError('the client must answer text as strings');
      if (leader !== undefined) return { kind: 'miss', fence: text, leader: Number(leader) === 1 };
      // Below 0: somebody has taken its end away.
      return { kind: 'hit', value: text, remainingMs: Number(ms) < 0 ? Infinity : Number(ms) };
    },
    fill: async (key, value, ttlMs, fence) => Number(await run(FILL, guarded(key), value, millis(ttlMs), fence)) === 1,
    async remove(keys) {
      await each(keys, (key) => del(...guarded(key)));
    },
    async release(key) {
      await del(`${named(key)}:l`);
    },
    versions: (tags, ttlMs) =>
      each(tags, async (tag) => String(await run(VERSION, [`${named(tag)}:t`], token(random), millis(ttlMs)))),
    async renew(tags) {
      await each(tags, (tag) => del(`${named(tag)}:t`));
    },
  };
}

/** Redis takes whole milliseconds, 1 at least, and no exponents, with which JavaScript writes what is beyond 1e21. */
function millis(ms: number): string {
  return String(Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.floor(ms))));
}
