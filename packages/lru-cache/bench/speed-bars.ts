/**
 * The whole matrix against lru-cache: kinds of keys x sizes x operations, and their geometric means.
 *
 * CPU time an operation (`worker.ts`), a process for each sample, contenders in turn, the median of the ratios of the
 * rounds. It takes long, so the README's tables come from `speed.bench.ts`; this is what to run before and after
 * touching the hot path.
 *
 *   node --import tsx speed-bars.ts [--rounds 5] [--ms 400] [--max 1000,100000,1000000] [--shape text] [--operation name]
 *     [--against lru-cache] [--ttl]
 *
 * `--ttl` compares the cache with a ttl to itself without one instead.
 */
import { fork } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { operations, shapes } from './workload.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '400' },
    max: { type: 'string', default: '1000,100000,1000000' },
    shape: { type: 'string', default: '' },
    operation: { type: 'string', default: '' },
    against: { type: 'string', default: 'lru-cache' },
    ttl: { type: 'boolean', default: false },
  },
});
const ours = '@loadbearing/lru-cache';

function sample(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), args);
    child.on('message', (nanoseconds) => resolve(nanoseconds as number));
    child.on('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code ?? 'a signal'}`)));
    child.on('error', reject);
  });
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1] ?? NaN;
const geometricMean = (of: readonly number[]): number =>
  Math.exp(of.reduce((sum, x) => sum + Math.log(x), 0) / of.length);

/** How many times as long the other takes, of each cell; and our time. */
async function compare(shape: string, max: string, operation: string): Promise<[ratio: number, ours: number]> {
  const ratios: number[] = [];
  const times: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const us = [ours, shape, max, operation, values.ms];
    const them = values.ttl ? [...us, '3600000'] : [values.against, shape, max, operation, values.ms];
    const both: [number, number] = [0, 0];
    // In turn first: who comes second may find the machine another.
    for (const who of round % 2 === 0 ? [0, 1] : [1, 0]) both[who] = await sample(who === 0 ? us : them);
    ratios.push(both[1] / both[0]);
    times.push(both[0]);
  }
  return [median(ratios), median(times)];
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const kinds = shapes.filter(({ name }) => name.includes(values.shape));
say(
  values.ttl
    ? 'our time with a ttl over our time without'
    : `time of ${values.against} over ours; in brackets ours in ns`,
);
for (const operation of operations.filter((name) => name.includes(values.operation))) {
  const strings: number[] = [];
  const lines: string[] = [];
  for (const { name } of kinds) {
    const cells: string[] = [];
    for (const max of values.max.split(',')) {
      const [ratio, time] = await compare(name, max, operation);
      // Objects are not hashed here but in a Map, and are no part of the mean.
      if (name !== 'objects') strings.push(ratio);
      cells.push(`${max}: ${ratio.toFixed(2)} (${time.toFixed(0)})`);
    }
    lines.push(`  ${name.padEnd(46)} ${cells.join('   ')}`);
    say(`${operation.padEnd(10)}${lines.at(-1) ?? ''}`);
  }
  say(
    `${operation.padEnd(10)}  geometric mean ${geometricMean(strings).toFixed(2)}, least ${Math.min(...strings).toFixed(2)}`,
  );
}
