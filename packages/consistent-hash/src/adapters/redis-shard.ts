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
import type { ClientShard, Fenced, Shard } from '../migrate/shard.ts';
import { requireList, requireText, send, unexpected } from './redis-client.ts';
import type { RedisClient } from './redis-client.ts';
import { APPLY, COMMAND, FENCE, SCAN } from './redis-scripts.ts';

export interface RedisShardOptions {
  /**
   * What the keys of this shard begin with. Shards that share a server need a prefix each: with one for two, a move
   * between them would clear the slot that it is about to copy.
   */
  readonly prefix: string;
}

export type RedisShard = Shard & ClientShard;

/**
 * The shard of one node. Values are strings; like the keys they are stored as UTF-8, so a lone surrogate becomes U+FFFD.
 * Every call is one script and one round trip; a call rejects when the client does, or with PlacementError BAD_OPTION
 * for a reply that is no reply to it. Cost on the server: O(1) for `get`, `set`, `delete`, `fence` and `clear` (freed in
 * the background), O(entries) for `apply` and a page of `scan`.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { FENCED } from '@loadbearing/consistent-hash/migrate';
 * import { redisShard } from '@loadbearing/consistent-hash/redis';
 * // In earnest: const client = await createClient().connect(), of the package redis, or new Redis(), of ioredis.
 * const client = { sendCommand: async (args: string[]) => (args[5] === '7' ? [1, 'hello'] : [0]) };
 * const shard = redisShard(client, { prefix: 'shop:a:' });
 * assert.equal(await shard.get(12, 7, 'key'), 'hello');
 * assert.equal(await shard.get(12, 6, 'key'), FENCED); // slot 12 is fenced above epoch 6
 * ```
 */
export function redisShard(client: RedisClient, { prefix }: RedisShardOptions): RedisShard {
  const run = async <R>(
    script: string,
    slot: number,
    args: readonly (string | number)[],
    read: (reply: readonly unknown[]) => R,
  ): Promise<R | Fenced> => {
    const keys = `${prefix}{${slot}}:`;
    const reply = requireList(await send(client, 'EVAL', script, '2', `${keys}f`, `${keys}d`, ...args.map(String)));
    const done = String(reply[0]);
    if (done === '1') return read(reply);
    if (done === '0') return FENCED;
    throw unexpected(reply[0]);
  };
  const nothing = (): void => undefined;

  const apply: RedisShard['apply'] = (slot, epoch, puts, removes) =>
    run(APPLY, slot, [epoch, puts.length, ...puts.flat(), ...removes], nothing);

  return {
    apply,
    async fence(slot, epoch) {
      await run(FENCE, slot, [epoch], nothing);
    },
    async scan(slot, epoch, cursor = ':0', limit) {
      const [server, at] = cursor.split(':') as [string, string];
      return run(SCAN, slot, [epoch, at, limit], ([, next, flat, now]) => {
        if (server !== '' && server !== now) {
          throw new Error(`the scan of slot ${slot} began on another Redis process; start it again`);
        }
        const words = requireList(flat).map(requireText);
        const entries: [string, string][] = [];
        for (let i = 0; i < words.length; i += 2) entries.push([words[i]!, words[i + 1]!]);
        const from = requireText(next);
        return { entries, cursor: from === '0' ? undefined : `${requireText(now)}:${from}` };
      });
    },
    clear: (slot, epoch) => run(COMMAND, slot, [epoch, 'unlink'], nothing),
    get: (slot, epoch, key) =>
      run(COMMAND, slot, [epoch, 'hget', key], ([, value]) => (value === null ? undefined : requireText(value))),
    set: (slot, epoch, key, value) => apply(slot, epoch, [[key, value]], []),
    delete: (slot, epoch, key) => run(COMMAND, slot, [epoch, 'hdel', key], ([, count]) => String(count) === '1'),
  };
}
