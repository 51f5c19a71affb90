/**
 * The child's side: its setup, its line to world, and every shard behind one interface, be it in Redis or in world.
 *
 * A child lives as long as its world: when the line is cut it ends. Ctrl-C reaches all processes of a terminal; a child
 * leaves it to world, which ends its children when it has stopped the traffic.
 */
import process from 'node:process';
import { FENCED } from '@loadbearing/consistent-hash/migrate';
import type { ClientShard, Clock, Shard, SlotMapStore } from '@loadbearing/consistent-hash/migrate';
import { fileSlotMapStore } from '../engines/file-store.ts';
import type { RedisConnections } from '../engines/redis-connections.ts';
import type { FromChild, Setup, ShardAddress, ShardCall, ShardReply, ToChild } from './messages.ts';

export type AnyShard = Shard & ClientShard;

export interface World {
  readonly setup: Setup;
  readonly store: SlotMapStore;
  /** Resolves when every shard that world has named is connected. */
  added(): Promise<void>;
  /** Throws for an id that is not connected. */
  shard(id: string): AnyShard;
  send(message: FromChild): void;
}

export const clock: Clock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((wake) => setTimeout(wake, ms)),
};

/** Connects to world; `onMessage` gets what is not about shards. */
export async function connect(onMessage: (message: ToChild) => void): Promise<World> {
  process.on('disconnect', () => process.exit(0));
  process.on('SIGINT', () => undefined);
  const setup = JSON.parse(process.argv[2] ?? '') as Setup;
  const send = (message: FromChild): void => {
    // A line that is cut between two messages is no error of ours: 'disconnect' follows.
    if (process.connected) process.send!(message, () => undefined);
  };
  let redis: RedisConnections | undefined;
  // Loading the client takes as long as all the rest; a child that is killed often should be back soon.
  const connections = async (): Promise<RedisConnections> => {
    const { RedisConnections } = await import('../engines/redis-connections.ts');
    return (redis ??= new RedisConnections(setup.name));
  };
  const calls = new Calls(send);
  const shards = new Map<string, AnyShard>();
  const add = async ({ id, redis: place }: ShardAddress): Promise<void> => {
    shards.set(id, place === null ? calls.shard(id) : await (await connections()).shard(place.url, place.prefix));
  };
  let added = Promise.resolve();
  process.on('message', (message: ToChild) => {
    if (message.type === 'reply') calls.reply(message);
    else if (message.type === 'shard') added = added.then(() => add(message.shard));
    else onMessage(message);
  });
  for (const address of setup.shards) await add(address);
  const { slotMap } = setup;
  return {
    setup,
    store:
      slotMap.kind === 'file'
        ? await fileSlotMapStore(slotMap.folder)
        : await (await connections()).store(slotMap.url, slotMap.key),
    added: () => added,
    shard: (id) => {
      const shard = shards.get(id);
      if (shard === undefined) throw new Error(`no address of shard ${id} is known here`);
      return shard;
    },
    send,
  };
}

/** Shards inside world: each call is a message, and so is its result. */
class Calls {
  readonly #send: (message: FromChild) => void;
  readonly #open = new Map<number, (reply: ShardReply) => void>();
  #last = 0;

  constructor(send: (message: FromChild) => void) {
    this.#send = send;
  }

  reply(reply: ShardReply): void {
    this.#open.get(reply.n)?.(reply);
    this.#open.delete(reply.n);
  }

  shard(id: string): AnyShard {
    const call =
      (method: ShardCall['method']) =>
      (...args: readonly unknown[]): Promise<never> =>
        new Promise((resolve) => {
          const n = ++this.#last;
          this.#open.set(n, ({ fenced, value }) => resolve((fenced ? FENCED : value) as never));
          this.#send({ type: 'call', n, id, method, args });
        });
    return {
      fence: call('fence'),
      scan: call('scan'),
      apply: call('apply'),
      clear: call('clear'),
      get: call('get'),
      set: call('set'),
      delete: call('delete'),
    };
  }
}
