/**
 * What the lookup costs beside the hash of the key, which no placement can avoid: `locate` does both. And what size
 * costs: 1.6 million points against 16 thousand, where only the caches of the processor differ.
 */
import { defineBench } from '@loadbearing/bench-kit';
import { ring, xxh32 } from '@loadbearing/consistent-hash';
import { benchKeys, servers } from './workload.ts';

const keys = benchKeys();
const hashes = keys.map((key) => xxh32.hash(key, 0));

function timed(op: (i: number) => unknown, placement?: ReturnType<typeof ring>) {
  const run = (): unknown => {
    let last: unknown;
    for (let i = 0; i < keys.length; i++) last = op(i);
    return last;
  };
  const check = (): void => {
    if (placement === undefined) return;
    const wrong = keys.findIndex((key, i) => placement.locate(key) !== placement.locateHash(hashes[i]!));
    if (wrong >= 0) throw new Error(`locate and locateHash disagree about ${keys[wrong]!}`);
  };
  return { operations: keys.length, run, check };
}

const cases = [
  { name: 'locate: 51 thousand points, to xxh32 alone', ours: 100, rival: 0 },
  { name: 'locate: 160 thousand points, to xxh32 alone', ours: 312, rival: 0 },
  { name: 'locate: 1.6 million points, to xxh32 alone', ours: 3125, rival: 0 },
  { name: 'locateHash: 1.6 million points, to 16 thousand', ours: 3125, rival: 32 },
];

export default defineBench({
  topic: 'lookup',
  title: 'Lookup',
  rival: 'the yardstick',
  kind: 'time',
  cases,
  contenders: {
    ours: (c) => {
      const placement = ring(servers(c.ours));
      const op =
        c.rival === 0 ? (i: number) => placement.locate(keys[i]!) : (i: number) => placement.locateHash(hashes[i]!);
      return timed(op, placement);
    },
    'the yardstick': (c) => {
      if (c.rival === 0) return timed((i) => xxh32.hash(keys[i]!, 0));
      const placement = ring(servers(c.rival));
      return timed((i) => placement.locateHash(hashes[i]!), placement);
    },
  },
});
