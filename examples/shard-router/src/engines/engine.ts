/** Where shards and slot map live, as world sees it. The map and the shards outlive every killed process. */
import type { ClientShard, Shard, SlotMapStore } from '@loadbearing/consistent-hash/migrate';
import type { Setup, ShardAddress, ShardCall, ShardReply } from '../processes/messages.ts';

export interface Engine {
  readonly kind: 'memory' | 'redis';
  /** Servers in use. */
  readonly servers: number;
  readonly slotMap: Setup['slotMap'];
  readonly store: SlotMapStore;
  /** Makes a place for a shard, once for each id. */
  add(id: string): Promise<ShardAddress>;
  shard(id: string): Shard & ClientShard;
  /** Carries out a child's call to a shard inside world. */
  call(call: ShardCall): Promise<ShardReply>;
  /**
   * After a kill: ends what the dead process may have left on its way, so that its calls have been carried out by now
   * or never will be. False when that cannot be had.
   */
  bury(name: string): Promise<boolean>;
  /** Removes all that the engine has made. */
  close(): Promise<void>;
}
