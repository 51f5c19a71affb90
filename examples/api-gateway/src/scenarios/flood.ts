/**
 * The flood: a new address with every request, to push the limited ones out of memory; then one subscriber with a whole
 * /48 of IPv6, who is a new /64 with every request.
 *
 * In this process, on a clock moved by hand: what is shown is the table, and it needs no network.
 */
import { createLimiter, gcra, TableStore } from '@loadbearing/rate-limiter';
import { ipKey } from '@loadbearing/rate-limiter/http';
import {
  atMost,
  count,
  exactly,
  moreThan,
  percent,
  type Section,
} from '@loadbearing-examples/page-kit/report/claims.ts';

const rate = 10;
const perMs = 1000;
const capacity = 16_384;
const tryEvery = 10;
const requestsPerMs = 100;
const subnets = 65_536;

export function flood(addresses: number): Section {
  const alone = admissions(addresses, false);
  const flooded = admissions(addresses, true);
  const rotating = rotate();
  return {
    title: 'The flood: a new address with every request',
    lesson: `${count(addresses)} addresses, ${requestsPerMs} a millisecond, against a table of ${count(capacity)} keys; one client that is limited to ${rate} a second tries at every ${tryEvery}th. The table does not grow, and it forgets those first who owe least: each address of the flood has been seen once. A subscriber who owns a /48 has ${count(subnets)} prefixes of /64; a second limiter by /48 answers that.`,
    head: ['', 'requests', 'admitted of the limited client', 'bytes of the table', 'live keys forgotten'],
    rows: [
      ['the client alone', count(alone.requests), count(alone.admitted), count(alone.bytes), count(alone.evictedLive)],
      [
        'in the flood',
        count(flooded.requests),
        count(flooded.admitted),
        count(flooded.bytes),
        count(flooded.evictedLive),
      ],
    ],
    claims: [
      atMost('the limited client gains by the flood', flooded.admitted / alone.admitted - 1, 0.01, percent),
      exactly('bytes that the table has grown by', flooded.grownBytes, 0),
      moreThan('requests of a rotating /48 admitted by /64 alone', rotating.by64, subnets - 1),
      exactly('admitted when a second limiter counts by /48', rotating.by48, rotating.quota48),
    ],
  };
}

interface Admissions {
  readonly requests: number;
  readonly admitted: number;
  readonly bytes: number;
  readonly grownBytes: number;
  readonly evictedLive: number;
}

/** Of the limited client, in as much time as the flood takes, with or without it. */
function admissions(addresses: number, isFlooded: boolean): Admissions {
  const before = process.memoryUsage().arrayBuffers;
  const limiter = createLimiter({ limits: gcra({ rate, perMs }), clock: () => 0, store: new TableStore({ capacity }) });
  limiter.tryTakeSync('first', 1, 0);
  const built = process.memoryUsage().arrayBuffers;
  let admitted = 0;
  for (let i = 0; i < addresses; i++) {
    const nowMs = 1 + Math.floor(i / requestsPerMs);
    if (i % tryEvery === 0 && limiter.tryTakeSync('limited', 1, nowMs)) admitted++;
    if (isFlooded) limiter.tryTakeSync(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}:${i >> 24}`, 1, nowMs);
  }
  const after = process.memoryUsage().arrayBuffers;
  return {
    requests: addresses / tryEvery + (isFlooded ? addresses : 0),
    admitted,
    bytes: built - before,
    grownBytes: Math.max(0, after - built),
    evictedLive: limiter.stats().evictedLive,
  };
}

/** One request from each /64 of a /48, all at once. */
function rotate(): { by64: number; by48: number; quota48: number } {
  const limits = gcra({ rate, perMs });
  const per64 = createLimiter({ limits, clock: () => 0 });
  const quota48 = 20 * rate;
  const per48 = createLimiter({ limits: gcra({ rate: quota48, perMs }), clock: () => 0 });
  let [by64, by48] = [0, 0];
  for (let i = 0; i < subnets; i++) {
    const address = `2001:db8:1:${i.toString(16)}::1`;
    if (!per64.tryTakeSync(ipKey(address))) continue;
    by64++;
    if (per48.tryTakeSync(ipKey(address, 48))) by48++;
  }
  return { by64, by48, quota48 };
}
