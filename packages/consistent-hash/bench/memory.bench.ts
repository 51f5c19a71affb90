/** Bytes that a ring of 1000 nodes holds, divided by its points: what is left after a collection, heap and arrays. */
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { defineBench } from '@loadbearing/bench-kit';
import { servers } from './workload.ts';

async function bytesOf<R>(make: () => R, points: number, check: (made: R) => void) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = async (): Promise<number> => {
    // Array buffers are freed beside the collection that finds them dead, so the next one must see them gone.
    for (let i = 0; i < 3; i++) {
      collect();
      await setTimeout(50);
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  make();
  const before = await held();
  const made = make();
  const value = ((await held()) - before) / points;
  check(made);
  return { value };
}

export default defineBench({
  topic: 'memory',
  title: 'Bytes a point',
  rival: 'hashring',
  kind: 'value',
  cases: [{ name: '1000 nodes', count: 1000 }],
  contenders: {
    ring: async ({ count }) => {
      const { ring } = await import('@loadbearing/consistent-hash');
      const nodes = servers(count);
      return bytesOf(
        () => ring(nodes),
        count * 512,
        (made) => {
          if (made.nodes.length !== count) throw new Error('nodes are missing');
        },
      );
    },
    hashring: async ({ count }) => {
      const { default: HashRing } = await import('hashring');
      const nodes = servers(count);
      return bytesOf(
        () => new HashRing(nodes),
        count * 160,
        (made) => {
          if (made.ring.length !== count * 160) throw new Error('points are missing');
        },
      );
    },
  },
});
