/**
 * Migration under random schedules: no acknowledged write is lost or read stale, no delete comes back, and wherever a
 * mover was stopped, the next one finishes.
 *
 * A schedule is a function of its seed. SEED=n replays one, as the message of a failure says; NIGHTLY=1 plays thousands.
 */
import { describe, expect, it } from 'vitest';
import { GUARDS } from './migrate/guards.ts';
import { World } from './migrate/world.ts';
import type { Report } from './migrate/world.ts';

const isNightly = process.env['NIGHTLY'] === '1';
const SEEDS: readonly number[] =
  process.env['SEED'] === undefined
    ? Array.from({ length: isNightly ? 5000 : 200 }, (_, i) => i + 1)
    : [Number(process.env['SEED'])];
const OPERATIONS = 300;
/** Thousands take minutes. */
const TIMEOUT_MS = isNightly ? 3_600_000 : 60_000;
/** Each guard left out has to be missed within so many schedules. */
const CAUGHT_WITHIN = 60;

function add(total: Partial<Report['counts']>, { counts }: Report): void {
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) total[name] = (total[name] ?? 0) + counts[name];
}

describe('a migration', () => {
  it(
    `keeps every promise in ${String(SEEDS.length)} schedules of crashes, pauses, lost messages and rivals`,
    async () => {
      const total: Partial<Report['counts']> = {};
      for (const seed of SEEDS) {
        const report = await new World({ seed, operations: OPERATIONS }).play();
        const wrong = report.violation ?? report.leftover;
        expect(wrong, `replay with SEED=${String(seed)}`).toBeUndefined();
        add(total, report);
      }
      // A model in which nothing happens proves nothing.
      if (SEEDS.length > 1) {
        expect(total.acknowledged).toBeGreaterThan(SEEDS.length * OPERATIONS * 0.8);
        expect(total.unanswered).toBeGreaterThan(SEEDS.length);
        expect(total.crashes).toBeGreaterThan(SEEDS.length);
        expect(total.refused).toBeGreaterThan(0);
        expect(total.moved).toBeGreaterThan(SEEDS.length);
        expect(total.rejectedRuns).toBeGreaterThan(SEEDS.length / 2);
      }
      if (isNightly) console.log(`migration model: ${JSON.stringify(total)}`);
    },
    TIMEOUT_MS,
  );

  it('repeats a schedule exactly', async () => {
    const twice = [7, 7].map((seed) => new World({ seed, operations: OPERATIONS }).play());
    const [first, second] = await Promise.all(twice);
    expect(second).toEqual(first);
  });

  it.each(GUARDS)('needs its guard: %s', async (without) => {
    const caught = async (): Promise<number | undefined> => {
      for (let seed = 1; seed <= CAUGHT_WITHIN; seed++) {
        const report = await new World({ seed, operations: OPERATIONS, without }).play();
        if (report.violation !== undefined) return seed;
      }
      return undefined;
    };
    const seed = await caught();
    if (isNightly) console.log(`without ${without}: caught by schedule ${String(seed)}`);
    expect(seed).toBeDefined();
  });
});
