/**
 * The command `pnpm readme`: writes the generated parts of the READMEs, then checks and runs every snippet.
 *
 *   pnpm readme                     generate, check, run
 *   pnpm readme --check             write nothing; a stale part is a failure (what CI runs)
 *   pnpm readme packages/saga ...   only the snippets below these paths; generates nothing
 *
 * The packages must be built: snippets use what is published, not the sources. The root command builds first.
 */
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { repositoryRoot, shown } from '../workspace.ts';
import { checkSnippets } from './check-snippets.ts';
import { generatedParts } from './generated.ts';
import { findSnippets } from './snippets.ts';

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    allowPositionals: true,
    options: { check: { type: 'boolean', default: false } },
  });
  const root = repositoryRoot;
  const below = positionals.map((given) => shown(root, path.resolve(root, given)));
  const chosen = findSnippets(root).filter(({ file }) => {
    const name = shown(root, file);
    return below.length === 0 || below.some((folder) => name === folder || name.startsWith(`${folder}/`));
  });
  if (below.length > 0 && chosen.length === 0) throw new RangeError(`no snippet below ${below.join(', ')}`);
  const stale = below.length > 0 ? [] : await generatedParts(root, { write: !values.check });
  const faults = await checkSnippets(root, chosen);
  for (const fault of stale) process.stdout.write(`${fault}\n`);
  for (const { file, line, message } of faults) process.stdout.write(`${file}:${line}: ${message}\n\n`);
  const failed = stale.length + faults.length;
  const files = new Set(chosen.map(({ file }) => file)).size;
  process.stdout.write(`readme: ${chosen.length} modules from ${files} files, ${failed} faults\n`);
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`readme: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 2;
}
