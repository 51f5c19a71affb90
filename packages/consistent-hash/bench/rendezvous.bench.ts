/**
 * A contest among all nodes against one lookup in a ring, both with the hash of the key. Nodes of several weights pay
 * one logarithm for each weight.
 */
import { defineBench } from '@loadbearing/bench-kit';
import type { NodeSpec } from '@loadbearing/consistent-hash';
import { benchKeys, checkOwners, servers } from './workload.ts';

const keys = benchKeys();

interface Located {
  locate(key: string): { readonly id: string };
}

function timed(placement: Located, nodes: readonly NodeSpec[]) {
  const run = (): unknown => {
    let last: unknown;
    for (const key of keys) last = placement.locate(key);
    return last;
  };
  const check = (): void =>
    checkOwners(
      keys.map((key) => placement.locate(key).id),
      nodes.map(({ id }) => id),
    );
  return { operations: keys.length, run, check };
}

const nodesOf = ({ count, weights }: { count: number; weights: number }): NodeSpec[] =>
  servers(count).map((id, i) => ({ id, weight: 1 + (i % weights) }));

export default defineBench({
  topic: 'rendezvous',
  title: 'Owner of a key',
  rival: 'ring',
  kind: 'time',
  cases: [
    { name: '10 nodes', count: 10, weights: 1 },
    { name: '10 nodes, three weights', count: 10, weights: 3 },
    { name: '30 nodes', count: 30, weights: 1 },
    { name: '100 nodes', count: 100, weights: 1 },
  ],
  contenders: {
    rendezvous: async (c) => {
      const { rendezvous } = await import('@loadbearing/consistent-hash');
      const nodes = nodesOf(c);
      return timed(rendezvous(nodes), nodes);
    },
    ring: async (c) => {
      const { ring } = await import('@loadbearing/consistent-hash');
      const nodes = nodesOf(c);
      return timed(ring(nodes), nodes);
    },
  },
});
