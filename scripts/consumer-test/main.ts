/**
 * The command `pnpm consumer-test`: tries every published package as its users would.
 *
 *   pnpm consumer-test                  all packages
 *   pnpm consumer-test lru-cache saga   only these
 *
 * The packages must be built; the root command builds first.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { publishedPackages, repositoryRoot } from '../workspace.ts';
import { consume } from './consume.ts';

async function main(args: string[]): Promise<number> {
  const { positionals } = parseArgs({ args: args.filter((arg) => arg !== '--'), allowPositionals: true });
  const packages = publishedPackages(repositoryRoot);
  const shortName = (name: string): string => name.slice(name.indexOf('/') + 1);
  const known = new Set(packages.map(({ manifest }) => shortName(manifest.name)));
  const unknown = positionals.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new RangeError(`no package ${unknown.join(', ')}; there are ${[...known].join(', ')}`);
  const chosen = (name: string): boolean => positionals.length === 0 || positionals.includes(shortName(name));
  const verdicts = await consume(packages, chosen, ({ name, entries, faults }) => {
    const tried = `${entries} entry point${entries === 1 ? '' : 's'}`;
    process.stdout.write(`${faults.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${tried})\n`);
    for (const fault of faults) process.stdout.write(`${fault.replace(/^/gm, '       ')}\n`);
  });
  return verdicts.every(({ faults }) => faults.length === 0) ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`consumer-test: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
