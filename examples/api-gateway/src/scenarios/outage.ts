/**
 * The outage: the store that the gateways share is stopped in its tracks. It takes connections and says nothing, the
 * failure that time-outs of connecting do not find.
 *
 * Each gateway then decides by itself, with the same limits in its own memory, and asks the store now and then whether
 * it is back. What a caller notices is at most one deadline, once.
 */
import { atLeast, atMost, count, exactly, millis, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import type { GatewayCounts } from '../processes/gateway.ts';
import { pause, type World } from '../world.ts';

const storeDeadlineMs = 25;
const perSecond = 100;
/** A turn of the loop after the deadline, and timers of a millisecond. */
const slackMs = 10;

interface Phase {
  readonly name: string;
  readonly counts: GatewayCounts;
  readonly failed: number;
}

export async function outage(world: World, phaseMs: number): Promise<Section | undefined> {
  // This is about the store: nothing else is to refuse anybody.
  await world.reset({ deadlineMs: storeDeadlineMs, addressPerSecond: null, concurrency: 'none' });
  await world.crowd({ perSecond });
  await world.startCrowd();
  const phase = async (name: string): Promise<Phase> => {
    await world.resetCounts();
    await pause(phaseMs);
    const { all } = await world.crowdCounts();
    const counts = await world.gatewayCounts(0);
    return { name, counts, failed: all.failed + all.late + all.gaveUp + all.shed };
  };
  const before = await phase('before');
  if (!world.store.hang(true)) {
    await world.reset();
    return undefined;
  }
  const during = await phase('the store hangs');
  world.store.hang(false);
  await until(async () => (await world.gatewayCounts(0)).breaker === 'closed');
  const after = await phase('it is back');
  await world.reset();
  const phases = [before, during, after];
  const pausesMs = 2 * during.counts.worstPauseMs;
  return {
    title: `The outage: the shared store hangs (SIGSTOP), and a gateway may wait ${storeDeadlineMs} ms for it`,
    lesson: `${perSecond} requests a second; two limits of each are in the shared store. The first request after the stop waits for its deadline; then the breaker is open and the gateway decides by its own memory, without asking. It asks again after 250 ms, and then at twice the distance each time.`,
    head: ['', 'requests', 'at the doors, p99', 'the longest', 'breaker', 'events', 'not answered in time'],
    rows: phases.map(({ name, counts, failed }) => [
      name,
      count(counts.requests),
      millis(counts.doorsP99Ms ?? 0),
      millis(counts.doorsWorstMs),
      counts.breaker,
      summary(counts.events),
      count(failed),
    ]),
    claims: [
      atMost(
        'the longest at the doors: the deadlines of two limits, and the pauses of this machine',
        during.counts.doorsWorstMs,
        2 * storeDeadlineMs + slackMs + pausesMs,
        millis,
      ),
      atLeast('the breaker opened', during.counts.events.filter((type) => type === 'breaker-open').length, 1),
      exactly('requests not answered in time while it hung', during.failed, 0),
      exactly('requests not answered in time when it was back', after.failed, 0),
    ],
  };
}

function summary(events: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const type of events) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, n]) => `${type} ${n}`).join(', ');
}

const recoverWithinMs = 20_000;

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + recoverWithinMs;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAtMs) return;
    await pause(20);
  }
}
