/**
 * More kinds of traffic, against which `robust` is examined.
 *
 * Those in `development` may be looked at while it is changed, together with the seeds 1 and 2 of the shipped families. Those
 * in `heldOut`, all other seeds and the recorded traces only tell, afterwards, whether what was learned holds elsewhere:
 * whoever tunes to them takes away their worth.
 */
import { onceMore, traceOf, zipf, type Keys, type Random } from '../src/simulate/generated-traces.ts';
import { seeded } from '../src/simulate/generated-traces.ts';
import type { Trace } from '../src/simulate/replay.ts';

const APART = 1e8;

const between = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low));

/** Keys by their depth in an LRU stack: `depth` draws how many others were used since; beyond the stack, a new key. */
function* stack(depth: () => number, first = 0): Keys {
  const recent: number[] = [];
  for (let fresh = first; ;) {
    const at = Math.floor(depth());
    const key = at < recent.length ? (recent.splice(at, 1)[0] as number) : fresh++;
    recent.unshift(key);
    if (recent.length > 20_000) recent.pop();
    yield key;
  }
}

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function* lognormalStack(random: Random): Keys {
  yield* stack(() => Math.exp(5.5 + 2 * gaussian(random)));
}

function* powerLawStack(random: Random): Keys {
  yield* stack(() => (1 - random()) ** (-1 / 0.35) - 1);
}

/** One tenant with popular keys, one that goes round a table. */
function* tenants(random: Random): Keys {
  const popular = zipf(random, 5000, 1);
  for (let turn = 0; ;) {
    if (random() < 0.6) yield popular.next().value;
    else yield APART + (turn++ % 2500);
  }
}

/** Steady popularity, but each key in the end gives its place to a new one. */
function* churn(random: Random): Keys {
  const ranks = zipf(random, 10_000, 1.1);
  const keyOf = Array.from({ length: 10_000 }, (_, rank) => rank);
  for (let fresh = APART; ;) {
    if (random() < 0.02) keyOf[Math.floor(10_000 * random() ** 3)] = fresh++;
    yield keyOf[ranks.next().value] as number;
  }
}

/** Up and down over a range, each time of another length: what was read last is read next. */
function* sawtooth(random: Random): Keys {
  for (let start = 0; ; start += APART) {
    const length = Math.round(40 * 150 ** random());
    for (let round = 0; round < 6; round++) {
      for (let key = 0; key < length; key++) yield start + key;
      for (let key = length - 1; key >= 0; key--) yield start + key;
    }
  }
}

/** Popular keys, interrupted by many short bursts of keys used once. */
function* wonders(random: Random): Keys {
  const popular = zipf(random, 8000, 0.8);
  for (let fresh = APART; ;) {
    if (random() < 0.01) for (let left = between(random, 20, 200); left > 0; left--) yield fresh++;
    else yield popular.next().value;
  }
}

/** Each key comes in a short cluster, as when one page view reads it several times; only some come back. */
function* correlated(random: Random): Keys {
  const popular = zipf(random, 20_000, 0.7);
  const pending: number[] = [];
  for (;;) {
    if (pending.length > 0 && random() < 0.7) {
      yield pending.splice(Math.floor(random() * pending.length), 1)[0] as number;
    } else {
      const key = popular.next().value;
      for (let left = between(random, 0, 4); left > 0; left--) pending.push(key);
      yield key;
    }
  }
}

/** Day and night: popular keys, then a batch that goes round; the period grows from a few hundred to many thousand. */
function* diurnal(random: Random): Keys {
  const day = zipf(random, 6000, 1);
  for (let period = 400, start = APART; ; period = period > 12_000 ? 400 : period * 1.7, start += APART) {
    for (let left = period; left > 0; left--) yield day.next().value;
    const length = between(random, 50, 3000);
    for (let left = period; left > 0; left--) yield start + (Math.floor(left) % length);
  }
}

/** The same with a recency-only night, and with reads that follow writes at a random distance. */
function* shifts(random: Random): Keys {
  const day = lognormalStack(random);
  for (let start = APART; ; start += APART) {
    for (let left = between(random, 500, 9000); left > 0; left--) yield day.next().value;
    const night = onceMore(start, Math.round(10 * 200 ** random()));
    for (let left = between(random, 500, 9000); left > 0; left--) yield night.next().value;
  }
}

/** A loop in the middle of popular keys: each by turns of one request. */
function* loopAndZipf(random: Random): Keys {
  const popular = zipf(random, 20_000, 0.9);
  for (let turn = 0; ; turn++) yield turn % 2 === 0 ? popular.next().value : APART + ((turn >> 1) % 1200);
}

export const development: Readonly<Record<string, (random: Random) => Keys>> = {
  'lognormal stack': lognormalStack,
  tenants,
};

export const heldOut: Readonly<Record<string, (random: Random) => Keys>> = {
  'power-law stack': powerLawStack,
  churn,
  sawtooth,
  wonders,
  correlated,
  diurnal,
  shifts,
  'loop and zipf': loopAndZipf,
};

export function labTrace(
  families: Readonly<Record<string, (random: Random) => Keys>>,
  name: string,
  seed: number,
  requests = 60_000,
): Trace {
  const family = families[name];
  if (family === undefined) throw new RangeError(`no family '${name}'`);
  return traceOf(name, family(seeded(seed)), requests);
}
