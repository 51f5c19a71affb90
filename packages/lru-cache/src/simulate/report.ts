/** The outcome of a simulation as a table of hit ratios in percent, and one sentence that says what to do with it. */
import { gapClosed, type Row } from './simulate.ts';

export function hitPercent(hits: number, requests: number): number {
  return requests === 0 ? 0 : (100 * hits) / requests;
}

/** A table with a line a size; the best policy of each line is marked with `*`. */
export function table(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]?.hits ?? {});
  const head = ['entries', ...names, 'Belady'];
  const body = rows.map(({ size, hits, beladyHits, requests }) => {
    const best = Math.max(...Object.values(hits));
    const cell = (n: number): string => hitPercent(n, requests).toFixed(2);
    const cells = names.map((name) => `${cell(hits[name] ?? 0)}${hits[name] === best ? '*' : ' '}`);
    return [size.toLocaleString('en'), ...cells, `${cell(beladyHits)} `];
  });
  const lines = [head.map((title, i) => (i === 0 ? title : `${title} `)), ...body];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((line) => line.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')).join('\n');
}

export interface Verdict {
  readonly policy: string;
  /** Mean over the sizes, 1 = Belady's optimum. */
  readonly gapClosed: number;
  /** Of all sizes the one where the policy does worst against LRU: percentage points, below 0 where it loses. */
  readonly worstPoints: number;
}

/** Each policy but LRU over all sizes, the one that closes most of the gap first. */
export function verdicts(rows: readonly Row[]): Verdict[] {
  const names = Object.keys(rows[0]?.hits ?? {}).filter((name) => name !== 'lru');
  return names
    .map((policy) => {
      const shares: number[] = [];
      let worstPoints = Infinity;
      for (const { hits, beladyHits, requests } of rows) {
        const [own, lru] = [hits[policy] ?? 0, hits['lru'] ?? 0];
        const share = gapClosed(own, lru, beladyHits);
        if (share !== undefined) shares.push(share);
        worstPoints = Math.min(worstPoints, hitPercent(own - lru, requests));
      }
      const mean = shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length;
      return { policy, gapClosed: mean, worstPoints };
    })
    .sort((a, b) => b.gapClosed - a.gapClosed);
}
