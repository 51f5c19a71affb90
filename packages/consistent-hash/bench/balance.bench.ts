/**
 * The load of the fullest node over the mean, in keys: 1,000,000 keys, averaged over 20 families of node ids, because
 * one family may be lucky. No randomness, so the figures are exact.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { servers } from './workload.ts';

const KEYS = 1_000_000;
const FAMILIES = 20;

/** @param owner hash of a key to its server, for one family of servers */
function peakOverMean(
  count: number,
  hashOf: (key: string) => number,
  placed: (nodes: string[]) => (hash: number) => string,
) {
  const hashes = Uint32Array.from({ length: KEYS }, (_, i) => hashOf(`user:${i}`));
  let sum = 0;
  for (let family = 0; family < FAMILIES; family++) {
    const nodes = servers(count, family);
    const owner = placed(nodes);
    const loads = new Map(nodes.map((node) => [node, 0]));
    for (const hash of hashes) {
      const id = owner(hash);
      loads.set(id, loads.get(id)! + 1);
    }
    if (loads.size !== count) throw new Error(`keys went to ${loads.size} of ${count} servers`);
    sum += Math.max(...loads.values()) / (KEYS / count);
  }
  return { value: sum / FAMILIES };
}

const ours = (vnodes: number) => async (c: { count: number }) => {
  const { ring, xxh32 } = await import('@loadbearing/consistent-hash');
  return peakOverMean(
    c.count,
    (key) => xxh32.hash(key, 0),
    (nodes) => {
      const placement = ring(nodes, { vnodes });
      return (hash) => placement.locateHash(hash).id;
    },
  );
};

export default defineBench({
  topic: 'balance',
  title: 'Fullest node over the mean',
  rival: 'hashring',
  kind: 'value',
  cases: [10, 100].map((count) => ({ name: `${count} nodes`, count })),
  contenders: {
    'ring, 512 vnodes': ours(512),
    hashring: async (c) => {
      const { default: HashRing } = await import('hashring');
      const any = new HashRing(servers(1));
      return peakOverMean(
        c.count,
        (key) => any.hashValue(key),
        (nodes) => {
          const placement = new HashRing(nodes);
          return (hash) => placement.ring[placement.find(hash)]!.server;
        },
      );
    },
    'ring, 160 vnodes': ours(160),
    'ring, 1024 vnodes': ours(1024),
  },
});
