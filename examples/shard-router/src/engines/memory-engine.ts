/** Shards in this process, the slot map in a folder: what runs where there is no Redis. */
import path from 'node:path';
import { FENCED, memoryShard } from '@loadbearing/consistent-hash/migrate';
import type { ClientShard, Shard } from '@loadbearing/consistent-hash/migrate';
import type { ShardAddress, ShardCall, ShardReply } from '../processes/messages.ts';
import type { Engine } from './engine.ts';
import { fileSlotMapStore } from './file-store.ts';

/** `folder` is the caller's, to remove as well. */
export async function memoryEngine(folder: string): Promise<Engine> {
  const slotMap = { kind: 'file', folder: path.join(folder, 'slot-map') } as const;
  const store = await fileSlotMapStore(slotMap.folder);
  const shards = new Map<string, Shard & ClientShard>();
  const shard = (id: string): Shard & ClientShard => shards.get(id)!;
  return {
    kind: 'memory',
    servers: 1,
    slotMap,
    store,
    add: async (id): Promise<ShardAddress> => {
      if (!shards.has(id)) shards.set(id, memoryShard());
      return { id, redis: null };
    },
    shard,
    call: async ({ n, id, method, args }: ShardCall): Promise<ShardReply> => {
      const value = await (shard(id)[method] as (...given: readonly unknown[]) => Promise<unknown>)(...args);
      return { type: 'reply', n, fenced: value === FENCED, value: value === FENCED ? undefined : value };
    },
    // Its calls are messages to this process; those that were sent arrive before the end of the line does.
    bury: async () => true,
    close: async () => undefined,
  };
}
