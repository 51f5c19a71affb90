/**
 * Overload: five times what the upstream can do, from callers who do not wait for ever.
 *
 * Without a bound the queue grows until every answer is too late: the upstream works all the time, for nobody. With one
 * that is found by feedback, what is admitted is answered in time, and the rest is told so at once.
 */
import { atLeast, atMost, count, percent, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import type { GatewaySettings } from '../gateway/settings.ts';
import type { CrowdCounts, CrowdSettings } from '../load/crowd.ts';
import { deadlineMs, pause, pool, type World } from '../world.ts';

const times = 5;
/** Before anything is counted: the queue must have filled, or the limit been found. */
const warmUpShare = 0.5;

interface Run {
  readonly name: string;
  readonly goodput: number;
  readonly checkout: number;
  readonly counts: CrowdCounts;
  readonly seconds: number;
}

export async function overload(world: World, forMs: number): Promise<Section> {
  await world.reset({ ...open, concurrency: 'none' });
  // Twice the slots, so that none is ever free because an answer is still on its way.
  const capacity = await world.closedLoop(2 * pool.slots, Math.min(forMs, 3000));
  const offered = times * world.capacityPerSecond;
  const run = async (name: string, settings: Partial<GatewaySettings>, crowd: Partial<CrowdSettings>): Promise<Run> => {
    await world.reset({ ...open, ...settings });
    await world.crowd({ perSecond: offered, ...crowd });
    await world.startCrowd();
    await pause(forMs * warmUpShare);
    await world.resetCounts();
    const beganMs = performance.now();
    await pause(forMs);
    const counts = await world.crowdCounts();
    const seconds = (performance.now() - beganMs) / 1000;
    const { all, checkout } = counts;
    const tried = Object.values(checkout).reduce((sum, n) => sum + n, 0);
    return { name, counts, seconds, goodput: all.ok / seconds / capacity, checkout: checkout.ok / Math.max(1, tried) };
  };
  const bare = await run('no bound', { concurrency: 'none' }, {});
  const guarded = await run('AIMD', {}, {});
  const patient = await run('AIMD, callers never hang up', {}, { hangsUp: false });
  const stubborn = await run('AIMD, 3 retries each', {}, { retries: 3 });
  await world.reset();
  const runs = [bare, guarded, patient, stubborn];
  return {
    title: 'Overload: five times as many requests as the upstream can answer',
    lesson: `The upstream has ${pool.slots} slots of ${pool.serviceMs} ms, ${count(capacity)} requests a second through a gateway; ${count(offered)} a second come, each of use for ${deadlineMs} ms. Goodput is what was answered in time, as a part of ${count(capacity)}. A tenth of all goes to checkout, which may always use a fifth of the limit that the rest may not.`,
    head: [
      '',
      'answered in time /s',
      'goodput',
      'too late or given up /s',
      'shed at once /s',
      'checkouts answered',
      'p99',
    ],
    rows: runs.map(({ name, goodput, checkout, counts: { all, p99Ms }, seconds }) => [
      name,
      count(all.ok / seconds),
      percent(goodput),
      count((all.late + all.gaveUp) / seconds),
      count(all.shed / seconds),
      percent(checkout),
      p99Ms === null ? '–' : `${p99Ms.toFixed(0)} ms`,
    ]),
    claims: [
      atMost('goodput without a bound', bare.goodput, 0.05, percent),
      atLeast('goodput with AIMD', guarded.goodput, 0.9, percent),
      atLeast('goodput with AIMD, callers never hang up', patient.goodput, 0.9, percent),
      atLeast('goodput with AIMD and 3 retries', stubborn.goodput, 0.9, percent),
      atLeast('checkouts answered with AIMD', guarded.checkout, 0.9, percent),
    ],
  };
}

/** This is about the upstream: no quota is to be in the way. */
const open: Partial<GatewaySettings> = { addressPerSecond: null, userPerSecond: null, allPerSecond: null };
