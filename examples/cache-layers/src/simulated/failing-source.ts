/** A source that fails for a minute: who is called how often, and what its readers see. In virtual time. */
import { LoadingCache } from '@loadbearing/lru-cache';
import { atMost, count, exactly, moreThan, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import { virtualTime } from './virtual-time.ts';

const outageMs = 60_000;
const readsPerTick = 10;
const tickMs = 10;
const loadMs = 25;
const errorTtlMs = 1000;

interface Outcome {
  readonly loads: number;
  readonly errors: number;
  readonly reads: number;
}

export async function failingSource(): Promise<Section> {
  const naive = await outage({ isCached: false, errorTtlMs: 0, staleIfErrorMs: 0 });
  const flight = await outage({ isCached: true, errorTtlMs: 0, staleIfErrorMs: 0 });
  const backoff = await outage({ isCached: true, errorTtlMs, staleIfErrorMs: 0 });
  const stale = await outage({ isCached: true, errorTtlMs, staleIfErrorMs: 10 * outageMs });
  const row = (name: string, { loads, errors }: Outcome): string[] => [name, count(loads), count(errors)];
  return {
    title: 'A source that is down: one call per window, and an old answer instead of an error',
    lesson: `For ${outageMs / 1000} s every load fails after ${loadMs} ms, under ${(readsPerTick * 1000) / tickMs} reads a second of one key. Single flight alone calls again as soon as the last call failed; errorTtlMs leaves the source alone, staleIfErrorMs spares the readers.`,
    head: ['', 'loads', 'errors seen'],
    rows: [
      row('each read loads', naive),
      row('single flight', flight),
      row(`+ errorTtlMs ${errorTtlMs}`, backoff),
      row('+ staleIfErrorMs', stale),
    ],
    claims: [
      exactly('reads that load when nothing is cached', naive.loads, naive.reads),
      atMost('loads with errorTtlMs: one per window', backoff.loads, Math.ceil(outageMs / errorTtlMs)),
      exactly('errors seen with errorTtlMs alone: every reader is told', backoff.errors, backoff.reads),
      exactly('errors seen with staleIfErrorMs', stale.errors, 0),
      moreThan('loads under single flight alone', flight.loads, backoff.loads),
    ],
  };
}

async function outage(options: { isCached: boolean; errorTtlMs: number; staleIfErrorMs: number }): Promise<Outcome> {
  const time = virtualTime();
  let isDown = false;
  let loads = 0;
  const load = async (): Promise<string> => {
    if (isDown) loads++;
    await time.sleep(loadMs);
    if (isDown) throw new Error('the source is down');
    return 'value';
  };
  const cache = new LoadingCache<string, string>({
    max: 10,
    ttl: 500,
    load,
    errorTtlMs: options.errorTtlMs,
    staleIfErrorMs: options.staleIfErrorMs,
    clock: time,
    timers: time.timers,
  });
  const read = options.isCached ? () => cache.fetch('key') : load;
  const first = read();
  await time.advance(loadMs + 500);
  await first;
  isDown = true;
  let [reads, errors] = [0, 0];
  const pending: Promise<unknown>[] = [];
  for (let ms = 0; ms < outageMs; ms += tickMs) {
    for (let i = 0; i < readsPerTick; i++) {
      reads++;
      pending.push(read().catch(() => errors++));
    }
    await time.advance(tickMs);
  }
  await time.advance(loadMs);
  await Promise.all(pending);
  return { loads, errors, reads };
}
