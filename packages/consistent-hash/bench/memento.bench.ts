/**
 * What memento adds to the jump that it is built on: nothing but a read of its table while no bucket is gone, and a
 * few more hashes for keys whose bucket is.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { jumpHash, memento, mix32 } from '@loadbearing/consistent-hash';
import { servers } from './workload.ts';

const KEYS = 65_536;
const hashes = Uint32Array.from({ length: KEYS }, (_, i) => mix32(i, 1, 2));

function timed(op: (hash: number) => unknown, check: () => void) {
  const run = (): unknown => {
    let last: unknown;
    for (let i = 0; i < KEYS; i++) last = op(hashes[i]!);
    return last;
  };
  return { operations: KEYS, run, check };
}

function shrunk(count: number, goneCount: number): ReturnType<typeof memento> {
  let placement = memento(servers(count));
  for (let i = 0; i < goneCount; i++) {
    const { nodes } = placement;
    placement = placement.without(nodes[mix32(i, 5, 6) % nodes.length]!.id);
  }
  return placement;
}

export default defineBench({
  topic: 'memento',
  title: 'memento.locateHash, 1000 buckets',
  rival: 'jumpHash',
  kind: 'time',
  cases: [0, 1, 200, 500, 900].map((gone) => ({ name: `${gone} gone`, gone })),
  contenders: {
    memento: ({ gone }) => {
      const placement = shrunk(1000, gone);
      return timed(
        (hash) => placement.locateHash(hash),
        () => {
          const owners = new Set(Array.from(hashes, (hash) => placement.locateHash(hash)));
          if (owners.size !== 1000 - gone) throw new Error(`${owners.size} owners of ${1000 - gone}`);
        },
      );
    },
    jumpHash: () => {
      const bucketOf = (hash: number): number => jumpHash(hash, mix32(hash, 1, 2), 1000);
      return timed(bucketOf, () => {
        const buckets = new Set(Array.from(hashes, bucketOf));
        if (buckets.size !== 1000) throw new Error(`${buckets.size} buckets of 1000`);
      });
    },
  },
});
