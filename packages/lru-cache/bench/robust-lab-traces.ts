/**
 * More kinds of traffic, against which `robust` is examined.
 *
 * `development` may be looked at while it is changed, together with the seeds 1 to 40 of the shipped families. `examined` was
 * held back until the first version was finished, and led to the second: on the sawtooth it lost six points by following the
 * better rule at the wrong times, which is why the judge now measures the follower too. `heldOut` was written after that and
 * run against four versions, as were the recorded traces: they told which of two close ones to keep, so neither is a blind
 * test any more. Whoever changes `robust` again has to think of others first.
 */
import { onceMore, seeded, traceOf, zipf, type Keys, type Random } from '../src/simulate/generated-traces.ts';
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

function lognormalStack(random: Random): Keys {
  return stack(() => Math.exp(5.5 + 2 * gaussian(random)));
}

function powerLawStack(random: Random): Keys {
  return stack(() => (1 - random()) ** (-1 / 0.35) - 1);
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

export const examined: Readonly<Record<string, (random: Random) => Keys>> = {
  'power-law stack': powerLawStack,
  churn,
  sawtooth,
  wonders,
  correlated,
  diurnal,
  shifts,
  'loop and zipf': loopAndZipf,
};

/** News: each story is born popular and fades by the age it has reached. */
function* news(random: Random): Keys {
  for (let born = 1; ; born += 0.08) {
    const age = Math.floor((born + 1) ** random()) - 1;
    yield Math.floor(born) - Math.min(age, Math.floor(born));
  }
}

/** Sessions of users, several at a time: own keys a few times each, and keys of all. */
function* sessions(random: Random): Keys {
  const common = zipf(random, 3000, 0.9);
  const open: { first: number; size: number; left: number }[] = [];
  for (let fresh = APART; ;) {
    if (open.length < 12) {
      const size = between(random, 3, 60);
      open.push({ first: fresh, size, left: size * between(random, 1, 6) });
      fresh += size;
    }
    const at = Math.floor(random() * open.length);
    const session = open[at] as { first: number; size: number; left: number };
    if (session.left-- <= 0) open.splice(at, 1);
    else yield random() < 0.3 ? common.next().value : session.first + Math.floor(random() * session.size);
  }
}

/** A walk over neighbouring keys, with a jump now and then. */
function* walk(random: Random): Keys {
  for (let at = 50_000; ; at += Math.round(gaussian(random) * 15)) {
    if (random() < 0.0005) at = between(random, 0, 100_000);
    yield Math.abs(at);
  }
}

/** Runs over parts of files, some files more popular than others. */
function* files(random: Random): Keys {
  const popular = zipf(random, 300, 0.8);
  for (;;) {
    const file = popular.next().value;
    const length = 10 + ((file * 7919) % 400);
    const from = random() < 0.5 ? 0 : between(random, 0, length);
    for (let key = from; key < length; key++) yield file * 1000 + key;
  }
}

/** Rounds, each a little longer than the one before, from a handful of keys to thousands. */
function* ladder(): Keys {
  for (let start = 0; ; start += APART) {
    for (let length = 20; length < 8000; length *= 1.3) {
      for (let left = 3.5 * length; left > 0; left--) yield start + (Math.floor(left) % Math.floor(length));
    }
  }
}

/** Made to mislead: a loop and a stack of the same keys, each just long enough to be believed. */
function* flips(random: Random): Keys {
  const recent = stack(() => 900 * random() ** 2);
  for (;;) {
    for (let left = between(random, 200, 4000); left > 0; left--) yield recent.next().value;
    const length = between(random, 80, 1500);
    for (let left = between(random, 200, 4000); left > 0; left--) yield left % length;
  }
}

/** Half of all requests are for keys that never come again. */
function* noise(random: Random): Keys {
  const popular = zipf(random, 5000, 0.7);
  for (let fresh = APART; ;) yield random() < 0.5 ? popular.next().value : fresh++;
}

/** A loop inside a loop inside a loop, as in a query plan. */
function* nested(random: Random): Keys {
  for (let start = 0; ; start += APART) {
    const [outer, middle, inner] = [between(random, 20, 2000), between(random, 20, 300), between(random, 5, 50)];
    for (let i = 0; i < outer; i++) {
      yield start + i;
      for (let j = 0; j < (i % 3) * 10; j++) yield start + APART / 4 + ((i + j) % middle);
      for (let j = 0; j < 10; j++) yield start + APART / 2 + ((i * 3 + j) % inner);
    }
  }
}

export const heldOut: Readonly<Record<string, (random: Random) => Keys>> = {
  news,
  sessions,
  walk,
  files,
  ladder,
  flips,
  noise,
  nested,
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
