/**
 * Results as a Markdown table, for the README and for the terminal.
 *
 * A pure function of the results, so "is the README stale" is a comparison of strings. The text goes through the
 * repository's formatter last: otherwise formatting the README would make its table differ from its rendering.
 */
import { format } from 'prettier';
import type { BenchResults, Figure } from './results.ts';

/** Three significant digits, never in scientific notation: 0.123, 1.05, 12.3, 1,235. */
export function ratioText(ratio: number): string {
  return ratio >= 100 ? Math.round(ratio).toLocaleString('en-US') : ratio.toPrecision(3).replace(/^.*e.*$/, '0');
}

export function valueText(value: number): string {
  return value.toLocaleString('en-US', Number.isInteger(value) ? {} : { maximumSignificantDigits: 4 });
}

function figureText(kind: BenchResults['kind'], { median, min, max }: Figure): string {
  if (kind === 'time') return `${ratioText(median)}× (${ratioText(min)} to ${ratioText(max)})`;
  return min === max ? valueText(median) : `${valueText(median)} (${valueText(min)} to ${valueText(max)})`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The sentence below the table: what the numbers are. */
export function legend({ kind, rounds, node, cpus }: BenchResults): string {
  const where = `Node ${node}, ${cpus} CPU${cpus === 1 ? '' : 's'}, ${rounds} round${rounds === 1 ? '' : 's'}`;
  return kind === 'time'
    ? `Time of the other divided by ours, so above 1 ours is faster: ratio of medians (smallest to largest of a round). ${where}.`
    : `Median (smallest to largest). ${where}.`;
}

export async function renderTable(results: BenchResults): Promise<string> {
  const { title, kind, cases } = results;
  const columns = kind === 'time' ? results.contenders.slice(1) : results.contenders;
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const lines = [
    row([title, ...columns.map((name) => (kind === 'time' ? `against ${name}` : name))]),
    `| --- | ${columns.map(() => '---:').join(' | ')} |`,
    ...cases.map(({ name, figures }) => row([name, ...columns.map((column) => figureText(kind, figures[column]!))])),
    '',
    legend(results),
  ];
  return (await format(lines.join('\n'), { parser: 'markdown', printWidth: 120 })).trim();
}
