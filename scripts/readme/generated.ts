/**
 * The generated parts of the documentation: the table of packages in the root README, the bench tables in those of the
 * packages, and the figures in the prose of the root README and of `docs/`.
 *
 * One pass serves both commands. It renders each part and compares; `pnpm readme` then writes what differs, and
 * `pnpm readme --check` reports it. Nothing is measured here: bench tables come from committed results.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadBenches } from '@loadbearing/bench-kit/load';
import { readBlock, replaceBlock } from '@loadbearing/bench-kit/marked-block';
import { staleness, writeTable } from '@loadbearing/bench-kit/readme';
import { readResults } from '@loadbearing/bench-kit/results';
import { publishedPackages, shown } from '../workspace.ts';
import { figures } from './figures.ts';
import { packageRows, renderPackages } from './package-table.ts';

/** Renders the table of packages into the root README. Returns what is wrong, if anything. */
async function packageTable(root: string, write: boolean): Promise<string[]> {
  const file = path.join(root, 'README.md');
  if (!existsSync(file)) return ['README.md: there is none to hold the table of packages'];
  const before = readFileSync(file, 'utf8');
  const shownNow = readBlock(before, 'packages');
  if (shownNow === undefined) return ['README.md: no <!-- packages --> block for the table of packages'];
  const table = await renderPackages(await packageRows(root), shownNow);
  if (table === shownNow) return [];
  if (!write) return ['README.md: the table of packages is stale; `pnpm readme` writes it'];
  writeFileSync(file, replaceBlock(before, 'packages', table)!);
  return [];
}

async function benchTables(root: string, write: boolean): Promise<string[]> {
  const faults: string[] = [];
  for (const { dir } of publishedPackages(root)) {
    const readme = path.join(dir, 'README.md');
    const bench = path.join(dir, 'bench');
    if (!existsSync(bench)) continue;
    for (const definition of (await loadBenches(bench)).values()) {
      const results = readResults(bench, definition.topic);
      if (write && results !== undefined) await writeTable(readme, results);
      const stale = await staleness(readme, bench, definition);
      if (stale !== undefined) faults.push(`${shown(root, readme)}: bench ${stale}`);
    }
  }
  return faults;
}

/** What is wrong with the generated parts, after writing them if asked to. */
export async function generatedParts(root: string, { write }: { write: boolean }): Promise<string[]> {
  const table = await packageTable(root, write);
  const benches = await benchTables(root, write);
  // Last, and only if there is a README to look into.
  return [...table, ...benches, ...(existsSync(path.join(root, 'README.md')) ? await figures(root, write) : [])];
}
