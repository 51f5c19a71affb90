/** `npm start`: the ring lab. */
import process from 'node:process';
import { readArguments, usage, type Arguments } from './arguments.ts';
import type { Feed } from './feed.ts';
import { Refusal, serve } from './http/server.ts';

const idle: Feed = {
  phase: 'idle',
  engine: 'memory',
  servers: 1,
  epoch: 1,
  count: 1024,
  owners: [0, 1, 2, 3].map((i) => ({ from: i * 256, to: i * 256 + 255, id: `shard-${i + 1}` })),
  shards: ['shard-1', 'shard-2', 'shard-3', 'shard-4'],
  goal: null,
  step: null,
  rows: 0,
  movedRows: 0,
  optimalRows: 0,
  operations: { reads: 0, writes: 0, deletes: 0, perSecond: 0 },
  unanswered: 0,
  violations: { lost: 0, stale: 0, resurrected: 0 },
  p99Ms: null,
  idleP99Ms: null,
  router: { pid: null, up: false, kills: 0 },
  mover: { pid: null, up: false, kills: 0 },
  heat: Array.from({ length: 256 }, () => 0),
};

async function main(): Promise<void> {
  let given: Arguments;
  try {
    given = readArguments(process.argv.slice(2), Math.floor(Math.random() * 1_000_000));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exitCode = 2;
    return;
  }
  const notYet = (): never => {
    throw new Refusal(409, 'There is nothing to move yet.');
  };
  const server = await serve({ feed: () => idle, changeShards: notYet, kill: notYet }, given.port);
  process.stdout.write(`Ring lab: ${server.url}\n`);
}

await main();
