/**
 * The hit ratio over the size of the cache, a curve a policy, as text.
 *
 * Each curve is drawn with a letter of its own, so that it can be told from the others without colour and on paper. Where
 * curves meet, the last one drawn is seen: LRU and Belady, the floor and the ceiling, are drawn on top. Sizes are spread
 * evenly over the axis whatever their distance, as on a logarithmic scale: the default sizes are a geometric ladder.
 * Drawing is left to simple-ascii-chart.
 */
import plot from 'simple-ascii-chart';
import { hitPercent } from '../simulate/report.ts';
import type { Row } from '../simulate/simulate.ts';

/** Columns from one size to the next. */
const columnsBetween = 12;
const colors = ['ansiBlue', 'ansiCyan', 'ansiGreen', 'ansiYellow', 'ansiMagenta', 'ansiRed'] as const;

/** Undefined when there is only one size, which makes no curve. */
export function hitRatioPlot(rows: readonly Row[], color: boolean): string | undefined {
  if (rows.length < 2) return undefined;
  const policies = Object.keys(rows[0]?.hits ?? {}).filter((name) => name !== 'lru');
  const names = [...policies, 'lru', 'Belady'];
  const letters = lettersOf(names);
  const curves = names.map((name) => curveOf(rows, name));
  let drawing = -1;
  const chart = plot(curves, {
    width: columnsBetween * (rows.length - 1) + 1,
    height: 20,
    customXAxisTicks: rows.map((_, i) => i),
    formatter: (value, { axis }) =>
      axis === 'x' ? shortSize(rows[Math.round(value)]?.size ?? 0) : value.toFixed(value < 10 ? 1 : 0),
    // It does not tell which curve a point is of, but draws them one after the other, each from its first point.
    lineFormatter: ({ plotX, plotY, index }) => {
      if (index === 0) drawing++;
      return { x: plotX, y: plotY, symbol: letters[drawing] ?? '*' };
    },
    ...(color ? { color: names.map((_, i) => colors[i % colors.length] ?? 'ansiWhite') } : {}),
  });
  const legend = names.map((name, i) => `${letters[i] ?? '*'} ${name}`).join('   ');
  return `Hit ratio in percent by entries in the cache: ${legend}\n${chart}`;
}

/** For each name its first letter that no name before it has taken. */
function lettersOf(names: readonly string[]): string[] {
  const taken: string[] = [];
  for (const name of names) {
    taken.push(Array.from(name.toUpperCase()).find((letter) => /[A-Z]/.test(letter) && !taken.includes(letter)) ?? '*');
  }
  return taken;
}

/** Points between the sizes are on the straight line between them. */
function curveOf(rows: readonly Row[], name: string): [number, number][] {
  const height = (row: Row): number =>
    hitPercent(name === 'Belady' ? row.beladyHits : (row.hits[name] ?? 0), row.requests);
  return rows.flatMap((row, i) => {
    const next = rows[i + 1];
    if (next === undefined) return [[i, height(row)] satisfies [number, number]];
    return Array.from({ length: columnsBetween }, (_, step): [number, number] => {
      const part = step / columnsBetween;
      return [i + part, (1 - part) * height(row) + part * height(next)];
    });
  });
}

function shortSize(size: number): string {
  if (size >= 1e6) return `${String(Math.round(size / 1e5) / 10)}m`;
  return size >= 1e4 ? `${String(Math.round(size / 1e3))}k` : String(size);
}
