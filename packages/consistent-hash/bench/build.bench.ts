/**
 * Building a ring of 1000 nodes, and changing it by one. Ours has 512 points a node, hashring 160, so ours sorts 3.2
 * times as many. hashring's `add` and `remove` build everything again; they change the ring, so one operation is a
 * pair that ends where it began.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { servers } from './workload.ts';

const nodes = servers(1000);
const other = '10.9.9.9:6379';

function requireCount(got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`expected ${wanted} servers, got ${got}`);
}

export default defineBench({
  topic: 'build',
  title: '1000 nodes',
  rival: 'hashring',
  kind: 'time',
  cases: [
    { name: 'build', build: true },
    { name: 'add one node, remove it again', build: false },
  ],
  contenders: {
    ring: async (c) => {
      const { ring } = await import('@loadbearing/consistent-hash');
      if (c.build) {
        return { operations: 1, run: () => ring(nodes), check: () => requireCount(ring(nodes).nodes.length, 1000) };
      }
      const placement = ring(nodes);
      return {
        operations: 1,
        run: () => placement.with(other).without(other),
        check: () => {
          requireCount(placement.with(other).shares().size, 1001);
          if (placement.with(other).without(other).fingerprint !== placement.fingerprint) throw new Error('changed');
        },
      };
    },
    hashring: async (c) => {
      const { default: HashRing } = await import('hashring');
      const owners = (r: InstanceType<typeof HashRing>): number => new Set(r.ring.map(({ server }) => server)).size;
      if (c.build) {
        return {
          operations: 1,
          run: () => new HashRing(nodes),
          check: () => requireCount(owners(new HashRing(nodes)), 1000),
        };
      }
      const placement = new HashRing(nodes);
      return {
        operations: 1,
        run: () => placement.add(other).remove(other),
        check: () => requireCount(owners(placement), 1000),
      };
    },
  },
});
