/**
 * The second level loses all it holds, under load, and the database, slowed down, fails for a while: what reaches it, and
 * what readers see, with nothing against it and with a limit on loads and old answers instead of errors.
 *
 * Emptied, not killed: a bus that goes away with the level empties the first levels too, because invalidations may have
 * been missed, and then there is no old answer to give.
 */
import type { AppSettings } from '../app/settings.ts';
import { origin } from '../load/traffic.ts';
import { atMost, count, exactly, moreThan, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import type { World } from '../world.ts';

/** All of them fit into every first level, so that there is an old answer to give. */
const hotItems = 300;
const firstItem = 1000;
const underWay = 96;
const loadsPerApp = 4;
const slow = { delayMs: 25, limit: 4 };

interface Loss {
  readonly peak: number;
  readonly errors: number;
  readonly reads: number;
}

/** `phaseMs`: how long each of before, down and after takes. */
export async function cacheLoss(world: World, phaseMs: number): Promise<Section> {
  const bare = await lose(world, phaseMs, { maxConcurrentLoads: null, staleIfErrorMs: 0 });
  const guarded = await lose(world, phaseMs, { maxConcurrentLoads: loadsPerApp, staleIfErrorMs: 600_000 });
  await world.reset();
  const most = loadsPerApp * world.appCount;
  const row = (name: string, { reads, peak, errors }: Loss): string[] => [
    name,
    count(reads),
    count(peak),
    count(errors),
  ];
  return {
    title: 'The second level is emptied, under load, while the database is in trouble',
    lesson: `${underWay} readers of ${hotItems} items; level 2 is flushed, level 1 keeps an entry for half a second, the database answers ${slow.limit} queries in ${slow.delayMs} ms and then fails for a while. maxConcurrentLoads bounds what an app may ask of it, staleIfErrorMs turns failed loads into old answers.`,
    head: ['', 'reads', 'peak at the database', 'errors seen'],
    rows: [row('unguarded', bare), row('limit and stale-if-error', guarded)],
    claims: [
      atMost(`peak with ${loadsPerApp} loads per app`, guarded.peak, most),
      exactly('errors seen by readers with stale-if-error', guarded.errors, 0),
      moreThan('peak without a limit', bare.peak, most),
      moreThan('errors without stale-if-error', bare.errors, 0),
    ],
  };
}

async function lose(world: World, phaseMs: number, changes: Partial<AppSettings>): Promise<Loss> {
  // A machine that has no time for a beat would lose its bus too, and with it the old answers.
  await world.reset({ ...changes, l1TtlMs: 500, l1Max: 400, heartbeatMs: 5000 }, { browser: false, edge: false });
  await world.busIsUp();
  // Every app holds every item, or has held it.
  const ids = Array.from({ length: hotItems }, (_, i) => firstItem + i);
  for (const id of ids) await world.everyApp('read', id);
  await world.resetCounts();
  let isRunning = true;
  let [reads, errors] = [0, 0];
  const reader = async (): Promise<void> => {
    while (isRunning) {
      const id = firstItem + Math.floor(world.random() * hotItems);
      const response = await world.edgeFetch(new Request(`${origin}/items/${id}`)).catch(() => undefined);
      await response?.arrayBuffer();
      reads++;
      if (response?.status !== 200) errors++;
      // A person reads before the next click; without a pause the readers take all of the machine from the apps.
      await pause(5);
    }
  };
  const readers = Promise.all(Array.from({ length: underWay }, reader));
  await pause(phaseMs);
  await world.setDatabase(slow);
  await world.level.flush();
  await pause(phaseMs);
  await world.setDatabase({ failing: true });
  await pause(phaseMs);
  await world.setDatabase({ failing: false });
  await pause(phaseMs);
  isRunning = false;
  await readers;
  const { peak } = await world.databaseCounts();
  return { peak, errors, reads };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
