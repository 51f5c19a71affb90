/**
 * The slot map in Redis: one string key that holds the document as JSON, replaced by compare-and-set on its epoch.
 *
 * One script compares and sets, so of two movers with the same map in mind one succeeds. It reads the epoch out of the
 * stored JSON rather than from a field beside it: there is nothing that could disagree with the document, and
 * `redis-cli GET` shows all there is.
 */
import type { SlotMapDocument, SlotMapStore } from '../migrate/document.ts';
import { requireText, send } from './redis-client.ts';
import type { RedisClient } from './redis-client.ts';
import { SAVE } from './redis-scripts.ts';

/**
 * The store of one slot map at `key`. O(size of the map) for both calls. `load` rejects with SyntaxError for
 * text that is no JSON; what the JSON says is checked by who uses it.
 *
 * A client that repeats a command whose reply it has lost (ioredis does, unless `autoResendUnfulfilledCommands` is
 * false) may make `save` answer false although it has stored the map. Movers and routers load again then, and are
 * none the worse.
 *
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { redisSlotMapStore } from '@loadbearing/consistent-hash/redis';
 * // In earnest: const client = await createClient().connect(), of the package redis, or new Redis(), of ioredis.
 * const client = { sendCommand: async () => null };
 * const store = redisSlotMapStore(client, 'shop:slot-map');
 * assert.equal(await store.load(), undefined);
 * ```
 */
export function redisSlotMapStore(client: RedisClient, key: string): SlotMapStore {
  return {
    async load() {
      const reply = await send(client, 'GET', [key]);
      return reply === null ? undefined : (JSON.parse(requireText(reply)) as SlotMapDocument);
    },
    async save(next) {
      return (await send(client, 'EVAL', [SAVE, '1', key, String(next.epoch), JSON.stringify(next)])) === 'OK';
    },
  };
}
