/** The parts of the script that decide: when to kill, and what counts as held. */
import { seeded } from '@loadbearing-examples/page-kit/seeded.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Killer, planKills } from '../src/script/kills.ts';
import { isPassed, table, verdict, type Act, type Measured } from '../src/script/verdict.ts';

describe('kills', () => {
  test('the same seed kills at the same steps; each kill comes once, in the middle, in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 8, max: 40 }), (seed, batches) => {
        const planned = planKills(seeded(seed));
        expect(planKills(seeded(seed))).toEqual(planned);
        const killer = new Killer(planned, batches * 4);
        const due: unknown[] = [];
        for (let batch = 0; batch < batches; batch++) {
          for (const kind of ['claim', 'copy', 'freeze', 'switch'] as const) {
            const kill = killer.on({ kind, slots: [1, 2, 3, 4], epoch: 1 });
            if (kill !== undefined) due.push(kill);
            // Not before something has moved.
            if (batch === 0) expect(kill).toBe(kind === 'switch' && kill !== undefined ? planned[0] : undefined);
          }
        }
        expect(due).toEqual(planned);
        expect(planned.map(({ process }) => process)).toEqual(['mover', 'router', 'mover']);
      }),
    );
  });
});

const act: Act = {
  title: 'add',
  migration: { slots: 205, rows: 20_100, leastRows: 20_000, rowsInAll: 100_000, seconds: 3 },
  p99Ms: 5,
  samples: 1000,
  moverKills: 2,
  routerKills: 1,
  readBack: 100_000,
  misplacedRows: 0,
  violations: { lost: 0, stale: 0, resurrected: 0 },
};
const measured = (change: Partial<Act>): Measured => ({
  rows: 100_000,
  idleP99Ms: 2,
  acts: [{ ...act, ...change }],
  operations: 1,
  unanswered: 0,
});

describe('the verdict', () => {
  test('holds when everything does', () => {
    const rows = verdict(measured({}), false);
    expect(isPassed(rows)).toBe(true);
    expect(table(rows)).not.toContain('FAILED');
  });

  test.each<[string, Partial<Act>]>([
    ['a lost write', { violations: { lost: 1, stale: 0, resurrected: 0 } }],
    ['a stale read', { violations: { lost: 0, stale: 1, resurrected: 0 } }],
    ['a deleted row that came back', { violations: { lost: 0, stale: 0, resurrected: 1 } }],
    ['a row that was not read back', { readBack: 99_999 }],
    ['a row left on its old shard', { misplacedRows: 1 }],
    ['more moved than needed', { migration: { ...act.migration, rows: 20_500 } }],
    ['less moved than needed', { migration: { ...act.migration, rows: 19_500 } }],
    ['a kill that did not happen', { moverKills: 1 }],
    ['a slow p99', { p99Ms: 6 }],
    ['no p99 at all', { p99Ms: null }],
  ])('one thing fails it: %s', (_, change) => {
    const rows = verdict(measured(change), false);
    expect(rows.filter(({ holds }) => !holds)).toHaveLength(1);
    expect(isPassed(rows)).toBe(false);
    expect(table(rows)).toContain('FAILED');
  });

  test('a slow p99 alone is shown and does not count in a quick run', () => {
    const rows = verdict(measured({ p99Ms: 60 }), true);
    expect(isPassed(rows)).toBe(true);
    expect(table(rows)).toContain('missed (does not count here)');
  });
});
