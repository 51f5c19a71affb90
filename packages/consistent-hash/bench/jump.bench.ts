/** The bucket of a 64-bit key, against the same loop in BigInt: what two words and limbs of 16 bits are worth. */
import { defineBench } from '@loadbearing/bench-kit';
import { mix32 } from '@loadbearing/consistent-hash';

const KEYS = 65_536;
const his = Uint32Array.from({ length: KEYS }, (_, i) => mix32(i, 1, 2));
const los = Uint32Array.from({ length: KEYS }, (_, i) => mix32(i, 3, 4));

const MULTIPLIER = 2862933555777941757n;

function bigJump(key: bigint, buckets: number): number {
  let bucket = 0;
  let next = 0;
  while (next < buckets) {
    bucket = next;
    key = BigInt.asUintN(64, key * MULTIPLIER + 1n);
    next = Math.floor(((bucket + 1) * 2 ** 31) / (Number(key >> 33n) + 1));
  }
  return bucket;
}

/** The sum of all buckets: every contender must find the same. */
function timed(bucketOf: (i: number) => number, count: number) {
  const run = (): number => {
    let sum = 0;
    for (let i = 0; i < KEYS; i++) sum += bucketOf(i);
    return sum;
  };
  const check = (): void => {
    const expected = his.reduce((sum, hi, i) => sum + bigJump((BigInt(hi) << 32n) | BigInt(los[i]!), count), 0);
    if (run() !== expected) throw new Error(`the buckets of ${count} are others`);
  };
  return { operations: KEYS, run, check };
}

export default defineBench({
  topic: 'jump',
  title: 'Bucket of a key',
  rival: 'BigInt',
  kind: 'time',
  cases: [10, 100, 1000, 100_000].map((count) => ({ name: `${count} buckets`, count })),
  contenders: {
    jumpHash: async ({ count }) => {
      const { jumpHash } = await import('@loadbearing/consistent-hash');
      return timed((i) => jumpHash(his[i]!, los[i]!, count), count);
    },
    BigInt: ({ count }) => {
      const keys = Array.from(his, (hi, i) => (BigInt(hi) << 32n) | BigInt(los[i]!));
      return timed((i) => bigJump(keys[i]!, count), count);
    },
  },
});
