/** The verdict: what was measured beside what is allowed, as a table and as an exit code. Pure. */
import type { Violations } from '../load/checker.ts';
import type { Migration } from '../world.ts';

/** One migration, and what was found after it. */
export interface Act {
  readonly title: string;
  readonly migration: Migration;
  /** p99 of the clients outside the kill windows, and of how many operations. */
  readonly p99Ms: number | null;
  readonly samples: number;
  readonly moverKills: number;
  readonly routerKills: number;
  /** Rows read back through the router, of how many. */
  readonly readBack: number;
  readonly misplacedRows: number;
  /** Of all time until then. */
  readonly violations: Violations;
}

export interface Measured {
  readonly rows: number;
  readonly idleP99Ms: number | null;
  readonly acts: readonly Act[];
  readonly operations: number;
  readonly unanswered: number;
}

export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly allowed: string;
  readonly holds: boolean;
  /** Whether it counts for the exit code. */
  readonly counts: boolean;
}

const p99Factor = 3;

/**
 * `quick` runs on a busy machine for a moment, and with few rows in a slot: its p99 is shown and does not count, and
 * chance alone moves rows away from their share by some percent.
 */
export function verdict({ rows, idleP99Ms, acts }: Measured, quick: boolean): Row[] {
  const tolerance = quick ? 0.1 : 0.02;
  return acts.flatMap(({ title, migration, p99Ms, samples, violations, ...act }): Row[] => {
    const share = migration.rows / migration.rowsInAll;
    const least = migration.leastRows / migration.rowsInAll;
    const { lost, stale, resurrected } = violations;
    const row = (what: string, measured: string, allowed: string, holds: boolean, counts = true): Row => ({
      what: `${title}: ${what}`,
      measured,
      allowed,
      holds,
      counts,
    });
    return [
      row('lost, stale, resurrected', `${lost}, ${stale}, ${resurrected}`, '0, 0, 0', lost + stale + resurrected === 0),
      row('rows read back', count(act.readBack), count(rows), act.readBack === rows),
      row('rows on a shard that does not own them', count(act.misplacedRows), '0', act.misplacedRows === 0),
      row(
        'rows moved',
        `${count(migration.rows)} (${percent(share)})`,
        `${percent(least)} within ${percent(tolerance, 0)} of it`,
        Math.abs(share / least - 1) <= tolerance,
      ),
      row(
        'kill -9 of mover, router',
        `${act.moverKills}, ${act.routerKills}`,
        '2, 1',
        act.moverKills === 2 && act.routerKills === 1,
      ),
      row(
        'p99 outside the kill windows',
        `${millis(p99Ms)} of ${count(samples)}`,
        `< ${p99Factor} x ${millis(idleP99Ms)} when idle`,
        p99Ms !== null && idleP99Ms !== null && p99Ms < p99Factor * idleP99Ms,
        !quick,
      ),
    ];
  });
}

export const isPassed = (rows: readonly Row[]): boolean => rows.every(({ holds, counts }) => holds || !counts);

export function table(rows: readonly Row[]): string {
  const lines = [
    ['', 'measured', 'allowed', ''],
    ...rows.map((row) => [row.what, row.measured, row.allowed, said(row)]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const said = ({ holds, counts }: Row): string => (holds ? 'ok' : counts ? 'FAILED' : 'missed (does not count here)');

export const count = (n: number): string => n.toLocaleString('en-US');
const percent = (fraction: number, digits = 2): string => `${(fraction * 100).toFixed(digits)} %`;
export const millis = (ms: number | null): string => (ms === null ? '-' : `${ms.toFixed(1)} ms`);
