/**
 * A shard on Redis, whose fence is checked by the server in the same step as the command behind it.
 *
 * Two keys a slot: a hash with its entries and a string with its fence. Both carry the slot as hash tag, so that Redis
 * Cluster keeps them together. The fence lives beside the data because it must be lost no sooner than the data: the
 * server must not evict (`maxmemory-policy noeviction`), and what its persistence or a failover forgets, it forgets.
 *
 * A page is what HSCAN makes of it. A small hash (one that Redis keeps as a listpack) comes whole, whatever the limit;
 * of a large one a page is about as long as the limit, may be empty, and entries may repeat. And a cursor is a place
 * in the table of one server process, whose hash is seeded at random: behind a failover or restart it would skip
 * entries in silence (redis/redis#12440), which a migration would take for removed ones. So a cursor carries the
 * process's run id, and a scan that meets another process is an error: its caller starts over.
 */
import { FENCED } from '../migrate/shard.ts';
import type { ClientShard, Fenced, ScanPage, Shard } from '../migrate/shard.ts';
import { requireList, requireText, send } from './redis-client.ts';
import type { RedisClient } from './redis-client.ts';
import { DATA, FENCE, GUARDED, SERVER } from './redis-scripts.ts';

export interface RedisShardOptions {
  /**
   * What the keys of this shard begin with. Shards that share a server need a prefix each: with one for two, a move
   * between them would clear the slot that it is about to copy.
   */
  readonly prefix: string;
}

export type RedisShard = Shard & ClientShard;

const nothing = (): void => undefined;

/**
 * The shard of one node. Values are strings; like the keys they are stored as UTF-8, so a lone surrogate becomes U+FFFD.
 *
 * Every call is one script and one round trip, O(1) on the server for `get`, `set`, `delete`, `fence` and `clear` (which
 * frees in the background), O(entries) for `apply` and a page of `scan`. A call rejects when the client does, and with
 * PlacementError BAD_OPTION when the client hands out replies in a form that it should not.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { FENCED } from '@loadbearing/consistent-hash/migrate';
 * import { redisShard } from '@loadbearing/consistent-hash/redis';
 * // In earnest: const client = await createClient().connect(), of the package redis, or new Redis(), of ioredis.
 * const client = { sendCommand: async (args: string[]) => (args[5] === '7' ? ['hello'] : null) };
 * const shard = redisShard(client, { prefix: 'shop:a:' });
 * assert.equal(await shard.get(12, 7, 'key'), 'hello');
 * assert.equal(await shard.get(12, 6, 'key'), FENCED); // when slot 12 is fenced at epoch 7
 * ```
 */
export function redisShard(client: RedisClient, { prefix }: RedisShardOptions): RedisShard {
  const run = async <R>(
    slot: number,
    epoch: number,
    commands: readonly (readonly (string | number)[])[],
    read: (replies: readonly unknown[]) => R,
  ): Promise<R | Fenced> => {
    const words = [epoch, ...commands.flatMap((command) => [command.length, ...command])].map(String);
    const keys = `${prefix}{${slot}}:`;
    const reply = await send(client, 'EVAL', [GUARDED, '2', `${keys}f`, `${keys}d`, ...words]);
    return reply === null ? FENCED : read(requireList(reply));
  };

  return {
    async fence(slot, epoch) {
      await run(slot, epoch, [['set', FENCE, epoch]], nothing);
    },
    scan(slot, epoch, cursor, limit) {
      const [at, server] = (cursor ?? '0').split(':') as [string, string?];
      const read = ([page, info]: readonly unknown[]): ScanPage<string> => {
        const now = requireText(/run_id:(\w+)/.exec(requireText(info))?.[1]);
        if ((server ?? now) !== now) throw new Error(`scan slot ${slot} again: a new Redis process`);
        const [next, flat] = requireList(page);
        const words = requireList(flat).map(requireText);
        const entries: [string, string][] = [];
        for (let i = 0; i < words.length; i += 2) entries.push([words[i]!, words[i + 1]!]);
        return { entries, cursor: next === '0' ? undefined : `${String(next)}:${now}` };
      };
      return run(
        slot,
        epoch,
        [
          ['hscan', DATA, at, 'count', limit],
          ['info', SERVER],
        ],
        read,
      );
    },
    apply(slot, epoch, puts, removes) {
      const hset = puts.map((put) => ['hset', DATA, ...put]);
      return run(slot, epoch, [...hset, ...removes.map((key) => ['hdel', DATA, key])], nothing);
    },
    clear: (slot, epoch) => run(slot, epoch, [['unlink', DATA]], nothing),
    get: (slot, epoch, key) =>
      run(slot, epoch, [['hget', DATA, key]], ([value]) => (value === null ? undefined : requireText(value))),
    set: (slot, epoch, key, value) => run(slot, epoch, [['hset', DATA, key, value]], nothing),
    delete: (slot, epoch, key) => run(slot, epoch, [['hdel', DATA, key]], ([count]) => Number(count) === 1),
  };
}
