/**
 * The map of a Redis Cluster as a placement: which master answers for a key, which keys a change moves.
 *
 * Redis Cluster places a key by CRC-16 of its hash tag in one of 16,384 slots and each slot on a master; CLUSTER SLOTS
 * lists the slots as intervals with the address of their master first and its replicas behind. With `redisSlotHash`
 * a slot map over 16,384 slots is the same function, so `diff` and `plan` work on a cluster as on any other.
 *
 * It is a snapshot. The cluster goes on changing, and what a server answers with MOVED is newer than any snapshot.
 */
import { redisSlotHash } from '../compat/redis-slot.ts';
import { refuse } from '../errors.ts';
import { slots } from '../slots.ts';
import type { SlotOwners, Slots } from '../slots.ts';
import { requireList, send } from './redis-client.ts';
import type { RedisClient } from './redis-client.ts';

const SLOTS = 16_384;

/** One interval of the reply: [first, last, master, replica...], a node being [host, port, ...]. */
function toOwners(reply: unknown): SlotOwners {
  const [from, to, master] = requireList(reply);
  const [host, port] = requireList(master);
  // A server may not know an address, its own before it has met another, or not tell it: '', '?' or null.
  const known = typeof host === 'string' && host !== '' && host !== '?';
  return { from: Number(from), to: Number(to), id: known ? `${host}:${String(port)}` : '' };
}

/**
 * Who owns each slot of the cluster that `client` is connected to. Nodes are the masters that own slots, by
 * `host:port` as the cluster announces them. One command; O(slots).
 *
 * @throws {PlacementError} CLUSTER_INCOMPLETE when a slot has no owner, or one of unknown address; BAD_OPTION for a
 * reply that is none to CLUSTER SLOTS; rejects as the client does, such as for a server without cluster mode
 * @example
 * ```ts
 * import assert from 'node:assert';
 * import { slotsFromCluster } from '@loadbearing/consistent-hash/redis';
 * // In earnest: const client = await createClient().connect(), of the package redis, or new Redis(), of ioredis.
 * const client = { sendCommand: async () => [[0, 8191, ['10.0.0.1', 6379]], [8192, 16383, ['10.0.0.2', 6379]]] };
 * const cluster = await slotsFromCluster(client);
 * assert.equal(cluster.slotOf('{user:42}:name'), cluster.slotOf('user:42'));
 * assert.equal(cluster.locate('foo').id, '10.0.0.2:6379'); // slot 12182
 * ```
 */
export async function slotsFromCluster(client: RedisClient): Promise<Slots<undefined>> {
  const owners = requireList(await send(client, 'CLUSTER', ['SLOTS'])).map(toOwners);
  owners.sort((a, b) => a.from - b.from);
  let next = 0;
  for (const { from, to, id } of owners) {
    if (from !== next || id === '') break;
    next = to + 1;
  }
  if (next !== SLOTS) refuse('CLUSTER_INCOMPLETE', `the owner of slot ${next}`, 'known', null);
  return slots<undefined>(new Set(owners.map(({ id }) => id)), { hash: redisSlotHash, count: SLOTS, owners });
}
