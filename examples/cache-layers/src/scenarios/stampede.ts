/** A thousand callers of one key that nobody holds, spread over the three apps. */
import { count, exactly, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import type { Switches, World } from '../world.ts';

const delayMs = 30;
const id = 1777;

interface Wave {
  readonly queries: number;
  readonly peak: number;
  readonly answered: number;
  readonly ms: number;
}

export async function stampede(world: World, callers: number): Promise<Section> {
  const naive = await wave(world, callers, true, {});
  const perProcess = await wave(world, callers, false, { l2: false });
  const shared = await wave(world, callers, false, {});
  await world.reset();
  const row = (name: string, { queries, peak, answered, ms }: Wave): string[] => [
    name,
    count(queries),
    count(peak),
    count(answered),
    `${ms.toFixed(0)} ms`,
  ];
  return {
    title: 'The stampede: everybody misses at once',
    lesson: `${count(callers)} callers of one key over ${world.appCount} apps, a query takes ${delayMs} ms and 16 run at a time. Single flight makes one load of all callers of a process; a lease in the second level makes one of all processes.`,
    head: ['', 'queries', 'peak at the database', 'answered', 'until the last answer'],
    rows: [
      row('each caller loads', naive),
      row('single flight in each process', perProcess),
      row('+ lease in the second level', shared),
    ],
    claims: [
      exactly('queries when each caller loads', naive.queries, callers),
      exactly('queries with single flight: one per process', perProcess.queries, world.appCount),
      exactly('queries with the lease: one', shared.queries, 1),
      exactly(
        'callers that got their answer, the three ways',
        naive.answered + perProcess.answered + shared.answered,
        3 * callers,
      ),
    ],
  };
}

async function wave(world: World, callers: number, isNaive: boolean, switches: Partial<Switches>): Promise<Wave> {
  await world.reset({}, switches);
  await world.setDatabase({ delayMs, limit: 16 });
  const beganMs = performance.now();
  const share = Math.floor(callers / world.appCount);
  const answered = await Promise.all(
    Array.from({ length: world.appCount }, (_, app) =>
      world.app<number>(app, 'crowd', id, app === 0 ? callers - share * (world.appCount - 1) : share, isNaive),
    ),
  );
  const ms = performance.now() - beganMs;
  const { queries, peak } = await world.databaseCounts();
  return { queries, peak, ms, answered: answered.reduce((sum, n) => sum + n, 0) };
}
