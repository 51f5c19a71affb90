/**
 * The little of a Redis client that this package uses, and the reading of its replies.
 *
 * Structural, so that neither client is a dependency: node-redis sends a list of words, ioredis a command and its
 * words. Replies are taken as either client hands them out by default, over RESP2 or RESP3; integers may also come as
 * strings (the `stringNumbers` of ioredis). What is neither is refused: a client that was told to return Buffers would
 * otherwise hand Buffers to code that compares strings.
 */
import { PlacementError, shown } from '../errors.ts';

/**
 * `createClient()` of redis (node-redis) or `new Redis()` of ioredis, connected; also `new Cluster()` of ioredis.
 *
 * For `createCluster()` of redis, whose `sendCommand` asks for a key to route by:
 * `{ sendCommand: (args) => cluster.sendCommand(args[3], false, args) }`, for every command of this package names its
 * first key there or needs none.
 */
export type RedisClient =
  { call(command: string, ...args: string[]): Promise<unknown> } | { sendCommand(args: string[]): Promise<unknown> };

export async function send(client: RedisClient, command: string, ...args: string[]): Promise<unknown> {
  // The order matters: ioredis has a sendCommand too, for objects of its own.
  return 'call' in client ? client.call(command, ...args) : client.sendCommand([command, ...args]);
}

export function unexpected(reply: unknown): PlacementError {
  return new PlacementError(
    'BAD_OPTION',
    `the client must reply with arrays, strings and integers; got ${shown(reply)}`,
  );
}

/** Throws PlacementError BAD_OPTION. */
export function requireText(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  throw unexpected(reply);
}

/** Throws PlacementError BAD_OPTION. */
export function requireList(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected(reply);
}
