/**
 * The load of the fullest node over the mean, in keys: 1,000,000 keys, averaged over 20 families of node ids, each with a seed
 * of its own, because the slots of all families are cut alike. A node has its share of the slots to within one slot,
 * which is the second column; what the first has more is chance, which 1,000,000 keys leave to any hash.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { servers } from './workload.ts';

const KEYS = 1_000_000;
const FAMILIES = 20;

/** @param place from the nodes of a family and its seed, the owner of a hash */
async function peakOverMean(count: number, place: (nodes: string[], seed: number) => (hash: number) => string) {
  const { xxh32 } = await import('@loadbearing/consistent-hash');
  let sum = 0;
  for (let family = 0; family < FAMILIES; family++) {
    const nodes = servers(count, family);
    const owner = place(nodes, family);
    const loads = new Map(nodes.map((node) => [node, 0]));
    for (let i = 0; i < KEYS; i++) {
      const id = owner(xxh32.hash(`user:${i}`, family));
      loads.set(id, loads.get(id)! + 1);
    }
    if (loads.size !== count) throw new Error(`keys went to ${loads.size} of ${count} servers`);
    sum += Math.max(...loads.values()) / (KEYS / count);
  }
  return { value: sum / FAMILIES };
}

export default defineBench({
  topic: 'balance-slots',
  title: 'Fullest node over the mean, 16,384 slots',
  rival: 'ring',
  kind: 'value',
  cases: [10, 100].map((count) => ({ name: `${count} nodes`, count })),
  contenders: {
    slots: async ({ count }) => {
      const { slots } = await import('@loadbearing/consistent-hash');
      return peakOverMean(count, (nodes, seed) => {
        const placement = slots(nodes, { seed });
        return (hash) => placement.locateHash(hash).id;
      });
    },
    'slots, in hashes': async ({ count }) => {
      const { slots } = await import('@loadbearing/consistent-hash');
      return { value: Math.max(...slots(servers(count)).shares().values()) * count };
    },
    ring: async ({ count }) => {
      const { ring } = await import('@loadbearing/consistent-hash');
      return peakOverMean(count, (nodes, seed) => {
        const placement = ring(nodes, { seed });
        return (hash) => placement.locateHash(hash).id;
      });
    },
  },
});
