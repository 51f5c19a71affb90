/**
 * One process, one contender, one case: prints the CPU time of an operation in nanoseconds, user and system together.
 *
 * CPU time, because the wall's includes whatever else the machine does, and because a collector's threads are part of
 * what a cache costs. The cache is full and the code compiled before the count begins.
 *
 *   worker.ts <contender> <shape> <max> <operation> <milliseconds> [ttl]
 */
import process from 'node:process';
import { type Contender, contenders, exact } from './contenders.ts';
import { type Operation, shapes, workload } from './workload.ts';

const [name = '', shapeName = '', max = '', operation = '', milliseconds = '', ttl] = process.argv.slice(2);
const shape = shapes.find((it) => it.name === shapeName);
if (!(name in contenders) || shape === undefined)
  throw new RangeError(`no such contender or shape: ${name}, ${shapeName}`);
const cache = await contenders[name as Contender](Number(max), ttl === undefined ? undefined : Number(ttl));
const work = workload(cache, shape, Number(max), operation as Operation);

const batch = 10_000;
const until = (end: number): number => {
  let count = 0;
  let seen = 0;
  while (performance.now() < end) {
    seen += work.run(batch);
    count += batch;
  }
  if (!Number.isFinite(seen)) throw new Error('an operation did not do its work');
  return count;
};
until(performance.now() + Number(milliseconds) / 2);
const before = process.cpuUsage();
const count = until(performance.now() + Number(milliseconds));
const { user, system } = process.cpuUsage(before);
if (exact(name)) work.check();
process.send?.(((user + system) * 1000) / count);
