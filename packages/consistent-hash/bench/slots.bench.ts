/**
 * What a slot map adds to the hash of the key, which no placement can avoid: one multiplication and two reads, whatever
 * the number of nodes.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { benchKeys, checkOwners, servers } from './workload.ts';

const keys = benchKeys();

function timed(op: (key: string) => unknown, check: () => void) {
  const run = (): unknown => {
    let last: unknown;
    for (const key of keys) last = op(key);
    return last;
  };
  return { operations: keys.length, run, check };
}

export default defineBench({
  topic: 'slots',
  title: 'slots.locate, 16,384 slots',
  rival: 'xxh32 alone',
  kind: 'time',
  cases: [10, 100, 1000, 10_000].map((count) => ({ name: `${count} nodes`, count })),
  contenders: {
    slots: async ({ count }) => {
      const { slots } = await import('@loadbearing/consistent-hash');
      const nodes = servers(count);
      const placement = slots(nodes);
      return timed(
        (key) => placement.locate(key),
        () => {
          // 65,536 keys leave one or two slots in a hundred empty, and with them some of 10,000 nodes.
          const owners = keys.map((key) => placement.locate(key).id);
          if (count < 10_000) checkOwners(owners, nodes);
          else if (new Set(owners).size < 9800) throw new Error(`the keys went to ${new Set(owners).size} servers`);
        },
      );
    },
    'xxh32 alone': async () => {
      const { xxh32 } = await import('@loadbearing/consistent-hash');
      return timed(
        (key) => xxh32.hash(key, 0),
        () => {
          const different = new Set(keys.map((key) => xxh32.hash(key, 0))).size;
          if (different < 0.999 * keys.length) throw new Error(`${different} hashes of ${keys.length} keys`);
        },
      );
    },
  },
});
