/**
 * The command `bench-kit`, run in a bench folder: measures every `*.bench.ts` in it, prints the tables, writes
 * `results/` and refreshes the tables in the README one folder up.
 *
 *   bench-kit [--only <topic>] [--rounds <n>]   measure and write
 *   bench-kit --quick                           one short round: shows that everything runs; writes nothing
 *   bench-kit --check                           measure nothing; exit 1 if a README table is stale
 *
 * A quick figure is too noisy to publish, so it never reaches a file.
 */
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { BenchDefinition } from './definition.ts';
import { loadBenches } from './load.ts';
import { staleness, writeTable } from './readme.ts';
import { writeResults } from './results.ts';
import { processSampler, runRounds } from './rounds.ts';
import { summarize } from './summary.ts';
import { renderTable } from './table.ts';

const roundsDefault = 5;
const roundsMax = 101;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

async function benchesIn(folder: string, only: string | undefined): Promise<[string, BenchDefinition][]> {
  const benches = [...(await loadBenches(folder))].filter(([, { topic }]) => only === undefined || topic === only);
  if (only !== undefined && benches.length === 0) throw new RangeError(`there is no topic "${only}" in this folder`);
  return benches;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    // pnpm hands a "--" on to the script; it separates nothing here.
    args: args.filter((arg) => arg !== '--'),
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: String(roundsDefault) },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
    },
  });
  const rounds = values.quick ? 1 : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > roundsMax) {
    throw new RangeError(`--rounds must be a whole number from 1 to ${roundsMax}; got "${values.rounds}"`);
  }
  const folder = process.cwd();
  const readmeFile = path.join(folder, '..', 'README.md');
  let failures = 0;
  for (const [file, definition] of await benchesIn(folder, values.only)) {
    if (values.check) {
      const stale = await staleness(readmeFile, folder, definition);
      if (stale !== undefined) failures++;
      say(stale === undefined ? `${definition.topic}: up to date` : `STALE ${stale}`);
      continue;
    }
    try {
      const sampler = processSampler(file, values.quick ? 'quick' : 'thorough');
      const samples = await runRounds(definition, rounds, sampler, (index) =>
        process.stderr.write(`${definition.topic}: ${definition.cases[index]!.name} measured\n`),
      );
      const node = Number(process.versions.node.split('.')[0]);
      const results = summarize(definition, samples, { rounds, node, cpus: os.availableParallelism() });
      say(`\n${await renderTable(results)}\n`);
      if (values.quick) continue;
      writeResults(folder, results);
      if (!(await writeTable(readmeFile, results))) {
        failures++;
        say(`The README has no <!-- bench:${definition.topic} --> block; results/${definition.topic}.json is written.`);
      }
    } catch (error) {
      failures++;
      process.stderr.write(`FAILED ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return failures === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench-kit: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
