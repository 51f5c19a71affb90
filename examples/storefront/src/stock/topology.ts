/**
 * Which shards there are, durably: the one fact that decides who owns a product. The pure part.
 *
 * A change is written before the first product moves and closed after the last one has: a process that is killed in
 * between finds `leaving` or a product on the wrong shard at its next start, and finishes the move.
 */
import type { Machine } from '../journaled.ts';

export interface Topology {
  active: readonly string[];
  /** Shards that own nothing any more but may still hold products. */
  leaving: readonly string[];
}

export type TopologyEvent =
  | { readonly type: 'changing'; readonly active: readonly string[]; readonly leaving: readonly string[] }
  | { readonly type: 'changed' };

export const topologyMachine: Machine<Topology, TopologyEvent> = {
  initial: () => ({ active: [], leaving: [] }),
  apply: (topology, event) => {
    if (event.type === 'changing') topology.active = event.active;
    topology.leaving = event.type === 'changing' ? event.leaving : [];
  },
  dump: (topology) => topology,
  restore: (dumped: Topology) => ({ ...dumped }),
};
