/** The partition of a key, each time another of 65,536 keys with 12 characters, among 48 partitions. */
import { defineBench } from '@loadbearing/bench-kit';
import { benchKeys } from './workload.ts';

const keys = benchKeys();
const PARTITIONS = 48;

function timed(partition: (key: string) => number) {
  const run = (): unknown => {
    let sum = 0;
    for (const key of keys) sum += partition(key);
    return sum;
  };
  const check = async (): Promise<void> => {
    const { murmur2 } = await import('@loadbearing/consistent-hash/compat/kafka');
    const wrong = keys.find((key) => partition(key) !== (murmur2(Buffer.from(key)) & 0x7fffffff) % PARTITIONS);
    if (wrong !== undefined) throw new Error(`another partition for ${wrong}`);
  };
  return { operations: keys.length, run, check };
}

export default defineBench({
  topic: 'kafka',
  title: 'Partition of a key',
  rival: 'kafkajs',
  kind: 'time',
  cases: [{ name: 'strings of 12 characters' }],
  contenders: {
    kafkaPartition: async () => {
      const { kafkaPartition } = await import('@loadbearing/consistent-hash/compat/kafka');
      return timed((key) => kafkaPartition(key, PARTITIONS, 'murmur2'));
    },
    kafkajs: async () => {
      const { Partitioners } = (await import('kafkajs')).default;
      const partitioner = Partitioners.DefaultPartitioner();
      const partitionMetadata = Array.from({ length: PARTITIONS }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 1,
        replicas: [1],
        isr: [1],
      }));
      return timed((key) => partitioner({ topic: 'orders', partitionMetadata, message: { key, value: null } }));
    },
  },
});
