import { memoryShard } from '../../src/migrate/memory.ts';
import { shardContract } from './shard-contract.ts';

const RUNS = process.env['NIGHTLY'] === '1' ? 5000 : 100;

shardContract('in memory', memoryShard, RUNS);
