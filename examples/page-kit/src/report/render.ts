/** Sections as text for a terminal. Pure. */
import type { Section } from './claims.ts';

const width = 100;

/** One section, `number` in front of its title. */
export function render({ title, lesson, head, rows, claims }: Section, number: number): string {
  const checks = claims.map(({ what, measured, allowed, holds }) => [
    holds ? 'ok' : 'FAILED',
    what,
    measured,
    `(${allowed})`,
  ]);
  return [
    '',
    `${number}. ${title}`,
    ...wrap(lesson).map((line) => `   ${line}`),
    '',
    ...columns([head, ...rows], rightFromSecond).map((line) => `   ${line}`),
    '',
    ...columns(checks, allLeft).map((line) => `   ${line}`),
  ].join('\n');
}

type Align = (column: number) => 'left' | 'right';
const rightFromSecond: Align = (column) => (column === 0 ? 'left' : 'right');
const allLeft: Align = () => 'left';

function columns(lines: readonly (readonly string[])[], align: Align): string[] {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) =>
    line
      .map((cell, i) => (align(i) === 'left' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
