/**
 * Figures inside prose: `<!-- figure lru-cache/get/1000 keys -->1.52×<!-- /figure -->`.
 *
 * A number written by hand is wrong after the next measurement and nobody notices. So prose names the bench (package,
 * topic, case) and the number between the marks is generated from its committed results: for a timed topic the ratio
 * to its rival, otherwise the value of the first contender, ours.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readResults } from '@loadbearing/bench-kit/results';
import { ratioText, valueText } from '@loadbearing/bench-kit/table';
import { format, resolveConfig } from 'prettier';
import { shown } from '../workspace.ts';

const figure = /<!-- figure ([a-z0-9-]+)\/([a-z0-9-]+)\/([^>]+?) -->([^<]*)<!-- \/figure -->/g;

/** The text with each figure as its bench says, and what no bench says. */
export function renderFigures(
  root: string,
  text: string,
): { readonly text: string; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  const rendered = text.replaceAll(figure, (whole, folder: string, topic: string, caseName: string) => {
    const results = readResults(path.join(root, 'packages', folder, 'bench'), topic);
    const figures = results?.cases.find(({ name }) => name === caseName)?.figures;
    const column = results?.kind === 'time' ? results.rival : results?.contenders[0];
    const median = column === undefined ? undefined : figures?.[column]?.median;
    if (results === undefined || median === undefined) {
      unknown.push(`${folder}/${topic}/${caseName}`);
      return whole;
    }
    const number = results.kind === 'time' ? `${ratioText(median)}×` : valueText(median);
    return `<!-- figure ${folder}/${topic}/${caseName} -->${number}<!-- /figure -->`;
  });
  return { text: rendered, unknown };
}

/** Refreshes the figures of the root README and of `docs/`; returns what is stale or unknown. */
export async function figures(root: string, write: boolean): Promise<string[]> {
  const docs = path.join(root, 'docs');
  const pages = listOf(docs).filter((name) => name.endsWith('.md'));
  const files = [path.join(root, 'README.md'), ...pages.map((name) => path.join(docs, name))];
  const faults: string[] = [];
  for (const file of files) {
    const before = readFileSync(file, 'utf8');
    const { text, unknown } = renderFigures(root, before);
    const name = shown(root, file);
    // Formatted, because a number of another length moves the columns of a table.
    if (text !== before && write) {
      const config = await resolveConfig(file, { editorconfig: true });
      writeFileSync(file, await format(text, { ...config, filepath: file }));
    } else if (text !== before) faults.push(`${name}: a figure is stale; \`pnpm readme\` writes it`);
    faults.push(...unknown.map((id) => `${name}: no bench has the figure ${id}`));
  }
  return faults;
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
