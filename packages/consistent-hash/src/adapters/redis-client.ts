/**
 * The little of a Redis client that this package uses, and the reading of its replies.
 *
 * Structural, so that neither client is a dependency: node-redis sends a list of words, ioredis a command and its
 * words. Replies are taken as either client hands them out by default, over RESP2 or RESP3; integers may also come as
 * strings (the `stringNumbers` of ioredis). A client that was told to return Buffers is refused, before they get among
 * strings and are compared with them.
 */
import { refuse } from '../errors.ts';

/**
 * `createClient()` of redis (node-redis) or `new Redis()` of ioredis, connected; also `new Cluster()` of ioredis.
 *
 * The `sendCommand` of `createCluster()` of redis asks for a key to route by. Wrap it:
 * `{ sendCommand: (args) => cluster.sendCommand(args[3], false, args) }`. Every command here has its first key there,
 * or has none and suits any server.
 */
export type RedisClient =
  { call(command: string, args: string[]): Promise<unknown> } | { sendCommand(args: string[]): Promise<unknown> };

/** Words are handed on as a list: a large `apply` has more of them than a call has room for arguments. */
export async function send(client: RedisClient, command: string, args: string[]): Promise<unknown> {
  // The order matters: ioredis has a sendCommand too, for objects of its own.
  return 'call' in client ? client.call(command, args) : client.sendCommand([command, ...args]);
}

/** Throws PlacementError BAD_OPTION. */
export function requireText(reply: unknown): string {
  return typeof reply === 'string' ? reply : refuse('BAD_OPTION', 'a reply', 'a string', reply);
}

/** Throws PlacementError BAD_OPTION. */
export function requireList(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : refuse('BAD_OPTION', 'a reply', 'an array', reply);
}
