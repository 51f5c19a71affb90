/**
 * The table of packages in the root README: name, purpose, size, and the first measured ratio.
 *
 * All of it comes from where it is kept true: the description from package.json, the size from the built entry, the
 * ratio from the committed bench results. The size is what an application adds by importing "." whole, minified and
 * gzipped. Compression differs by a few bytes between machines, so a size within 0.1 kB of the one that the table
 * already shows keeps it.
 */
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { allResults } from '@loadbearing/bench-kit/results';
import { ratioText } from '@loadbearing/bench-kit/table';
import { build } from 'esbuild';
import { format } from 'prettier';
import { publishedPackages, shown } from '../workspace.ts';

export interface PackageRow {
  readonly name: string;
  readonly folder: string;
  readonly description: string;
  readonly sizeBytes: number;
  readonly measured: string;
}

/** Bytes of the ESM entry "." with everything it imports, minified and gzipped. */
async function gzippedBytes(dir: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [path.join(dir, 'dist', 'index.js')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    platform: 'neutral',
    external: ['node:*'],
    logLevel: 'silent',
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

/** The first row of the first timed topic, as in "3.2× lru-cache 11.5.3 (get, 1000 keys)". */
function firstRatio(dir: string): string {
  const results = allResults(path.join(dir, 'bench')).find(({ kind }) => kind === 'time');
  const first = results?.cases[0];
  const ratio = results && first?.figures[results.rival]?.median;
  return ratio === undefined ? '' : `${ratioText(ratio)}× ${results!.rival} (${results!.title}, ${first!.name})`;
}

export async function packageRows(root: string): Promise<PackageRow[]> {
  return Promise.all(
    publishedPackages(root).map(async ({ dir, manifest }) => ({
      name: manifest.name,
      folder: shown(root, dir),
      description: manifest.description ?? '',
      sizeBytes: await gzippedBytes(dir),
      measured: firstRatio(dir),
    })),
  );
}

/** The size that a rendered table shows for a package, in kB. */
function sizeShown(table: string, name: string): number | undefined {
  const row = table.split('\n').find((line) => line.includes(`[${name}]`));
  const size = row?.match(/\| +(\d+\.\d) kB +\|/)?.[1];
  return size === undefined ? undefined : Number(size);
}

/** The table as Markdown. `before` is the table it replaces, empty if there is none. */
export async function renderPackages(rows: readonly PackageRow[], before: string): Promise<string> {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const lines = rows.map(({ name, folder, description, sizeBytes, measured }) => {
    const known = sizeShown(before, name);
    const size = known !== undefined && Math.abs(known - sizeBytes / 1000) <= 0.1 ? known : sizeBytes / 1000;
    return `| [${name}](${folder}) | ${cell(description)} | ${size.toFixed(1)} kB | ${cell(measured)} |`;
  });
  const head = ['| Package | What it is | Size, min+gzip | First measured ratio |', '| --- | --- | ---: | --- |'];
  return (await format([...head, ...lines].join('\n'), { parser: 'markdown', printWidth: 120 })).trim();
}
