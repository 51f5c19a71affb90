/**
 * The boundary attack: somebody who knows when the window ends spends a quota just before it and another just after.
 *
 * On a clock moved by hand, so exact and the same on every machine: the attacker tries everything in every millisecond
 * around ten windows' edges, then waits until all quotas are full and takes what there is for a window and a half; the
 * worst sliding window is counted over what was admitted.
 */
import { createLimiter, fixedWindow, gcra, slidingCounter, slidingLog, type Limit } from '@loadbearing/rate-limiter';
import { atMost, count, exactly, moreThan, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';

const limit = 100;
const windowMs = 1000;
/** How long before and after an edge the attacker is at it. */
const aroundMs = 20;
const edges = 10;

const ratio = (n: number): string => `${n.toFixed(2)}x`;

export function boundary(): Section {
  const rows = candidates().map(([name, rule]) => ({ name, ...attack(rule) }));
  const worst = (name: string): number => rows.find((row) => row.name === name)!.worst / limit;
  return {
    title: 'The boundary attack: what a window of a second lets through when one aims at its edge',
    lesson: `The limit is ${limit} a second. An attacker is there ${aroundMs} ms before and after the edge of each of ${edges} seconds, and takes what there is; then it waits until its quota is full, and takes all it gets for a second and a half. Counted is the worst second of all, wherever it begins.`,
    head: ['', 'admitted in the worst second', 'of the limit', 'admitted in all'],
    rows: rows.map(({ name, worst, all }) => [name, count(worst), ratio(worst / limit), count(all)]),
    claims: [
      exactly('fixed window: twice the limit', worst('fixedWindow'), 2),
      exactly('sliding log: the limit', worst('slidingLog'), 1),
      atMost('gcra: burst + rate, so with a burst of the limit twice', worst('gcra, burst = rate'), 2, ratio),
      moreThan('and nearly so', worst('gcra, burst = rate'), 1.9, ratio),
      atMost('gcra with a tenth as burst: 1.1 times', worst('gcra, burst = rate / 10'), 1.1, ratio),
      moreThan('sliding counter: more than the limit, since it estimates', worst('slidingCounter'), 1, ratio),
    ],
  };
}

const candidates = (): readonly (readonly [string, Limit])[] => [
  ['fixedWindow', fixedWindow({ limit, windowMs, align: 'epoch' })],
  ['slidingCounter', slidingCounter({ limit, windowMs })],
  ['gcra, burst = rate', gcra({ rate: limit, perMs: windowMs })],
  ['gcra, burst = rate / 10', gcra({ rate: limit, perMs: windowMs, burst: limit / 10 })],
  ['slidingLog', slidingLog({ limit, windowMs })],
];

function attack(rule: Limit): { worst: number; all: number } {
  const limiter = createLimiter({ limits: rule, clock: () => 0 });
  const admitted: number[] = [];
  const takeAll = (fromMs: number, toMs: number): void => {
    for (let at = fromMs; at < toMs; at++) while (limiter.tryTakeSync('attacker', 1, at)) admitted.push(at);
  };
  for (let edge = 1; edge <= edges; edge++) takeAll(edge * windowMs - aroundMs, edge * windowMs + aroundMs);
  const restedMs = (edges + 3) * windowMs;
  takeAll(restedMs, restedMs + 1.5 * windowMs);
  let worst = 0;
  for (let first = 0, last = 0; last < admitted.length; last++) {
    while (admitted[last]! - admitted[first]! >= windowMs) first++;
    worst = Math.max(worst, last - first + 1);
  }
  return { worst, all: admitted.length };
}
