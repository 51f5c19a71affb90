/**
 * The transition in Lua: one script for each sequence of algorithms, with the numbers of the limits as arguments.
 *
 * A script is straight-line text: the pieces of `fragments/`, in the order of the limits, put where `transition.ts`
 * loops over its steps. All limiters with the same sequence share one cached script, however many tenants there are.
 *
 * Arguments: the constants of all limits, then one per operation: `cost` for a take, `op:cost:arg` for another. Keys:
 * for each operation its key, then a list for each sliding log. Operations run one after the other, so the same key
 * may come twice. The reply is flat: the time, then for each operation `±limit, remaining, retryAfterMs, resetAfterMs`,
 * limits counted from 1, minus = refused, -1 = Infinity; a reserve adds its wait and a lease its grant.
 *
 * Time is the server's, read once a script, so those who share a limit need not agree about it. A value is written with
 * its end of life in one SET, and that end is an instant (PXAT), not a duration: a duration would run from when the
 * script began, which may be the millisecond before the one that TIME tells, and the state would be gone too early.
 */
import type { Limit } from '../limits.ts';
import { BLOCK, FORCE, LEASE, PEEK, REFUND, RESERVE, TAKE } from '../transition.ts';
import { blocklistFragment } from './fragments/blocklist.ts';
import { fixedWindowFragment } from './fragments/fixed-window.ts';
import type { Fragment } from './fragments/fragment.ts';
import { gcraFragment } from './fragments/gcra.ts';
import { slidingCounterFragment } from './fragments/sliding-counter.ts';
import { slidingLogFragment } from './fragments/sliding-log.ts';

/** Forgets the key. Not one of a limiter's operations, but it must keep its place among them. */
export const RESET = 7;

/**
 * Whose time a script goes by: the server's, or for tests the one in its last argument. Keys then live an hour longer
 * than they need, since Redis ends their life by its own time.
 */
export type TimeSource = 'server' | 'given';

const fragmentOf: Readonly<Record<Limit['algorithm'], (n: number) => Fragment>> = {
  gcra: gcraFragment,
  'sliding-log': slidingLogFragment,
  'sliding-counter': slidingCounterFragment,
  'fixed-window': fixedWindowFragment,
  blocklist: blocklistFragment,
};

/** Declares `now`, `base` (the time at which a lifetime of 0 ends) and `last argument`. */
export function timeText(time: TimeSource): string {
  return `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + floor(clock[2] / 1000)
local base, operations = now, #ARGV${
    time === 'server'
      ? ''
      : ` - 1
base, now = now + 3600000, tonumber(ARGV[#ARGV])`
  }`;
}

/** `name1 .. name2` in the form that a value has: whole numbers, one space between. */
const written = (words: readonly string[]): string =>
  `string.format('${words.map(() => '%.0f').join(' ')}', ${words.join(', ')})`;

const read = (words: readonly string[]): string => `
local ${words.join(', ')} = ${words.map(() => '0').join(', ')}
local value = redis.call('GET', key)
if value then
${words.join(', ')} = string.match(value, '^${words.map(() => '(%d+)').join(' ')}$')
${words.map((word) => `${word} = tonumber(${word})`).join('\n')}
end`;

/** The longest wait of all limits in `longest`, the first that has it in `slowest`. */
const longestWait = (all: readonly Fragment[]): string =>
  all.map(({ delay }, i) => `${delay}\nif wait > longest then longest, slowest = wait, ${i + 1} end`).join('');

/** The fewest units left in `fewest`, the first limit that has them in `scarcest`. */
const fewestLeft = (all: readonly Fragment[]): string => {
  const counting = all.some(({ counts }) => counts) ? all.map(({ counts }) => counts) : all.map(() => true);
  return `scarcest, fewest = ${counting.indexOf(true) + 1}, math.huge${all
    .map(({ remaining }, i) =>
      counting[i] ? `${remaining}\nif left < fewest then fewest, scarcest = left, ${i + 1} end` : '',
    )
    .join('')}`;
};

const described = (all: readonly Fragment[]): string =>
  all
    .map(({ remaining, reset }, i) => `${i === 0 ? 'if' : 'elseif'} slowest == ${i + 1} then${remaining}${reset}`)
    .join('\n');

/** Changes the words by the operation that was accepted. */
const change = (all: readonly Fragment[]): string => `
if op == ${LEASE} then
charged = arg
${all
  .filter(({ counts }) => counts)
  .map(({ remaining }) => `${remaining}\nif left < charged then charged = left end`)
  .join('\n')}
if charged < cost then charged = cost end
end
if op == ${REFUND} then
local last, newest = now, now
${all.map(({ newest }) => (newest === undefined ? '' : `${newest}\nif newest > last then last = newest end`)).join('')}
${all.map(({ credit = '' }) => credit).join('')}
elseif op == ${BLOCK} then
${all.map(({ block = '' }) => block).join('')}
elseif op ~= ${PEEK} then
local asked = cost
cost = charged
${all.map(({ charge = '' }) => charge).join('')}
cost = asked
end`;

/** Describes the limit with the fewest units left, and writes what has changed. */
const accept = (all: readonly Fragment[], words: readonly string[], lists: readonly string[]): string => `
${fewestLeft(all)}
longest = 0
${longestWait(all)}
local drained, reset = 0, 0
${all
  .map(
    ({ reset }, i) =>
      `${reset}\nif scarcest == ${i + 1} then reset = full end\nif full > drained then drained = full end`,
  )
  .join('')}
if op ~= ${PEEK} then
redis.call('SET', key, ${written(words)}, 'PXAT', base + drained)
${lists.map((list) => `redis.call('PEXPIREAT', ${list}, base + drained)`).join('\n')}
end
answer(scarcest, fewest, longest, reset)`;

/** The text for limits with these algorithms. */
export function scriptText(algorithms: readonly Limit['algorithm'][], time: TimeSource): string {
  const all = algorithms.map((algorithm, i) => fragmentOf[algorithm](i + 1));
  const constants = all.flatMap((fragment) => fragment.constants);
  const words = all.flatMap((fragment) => fragment.words);
  const lists = all.flatMap(({ list }) => list ?? []);
  return `
local floor, ceil, min, max = math.floor, math.ceil, math.min, math.max
${timeText(time)}
${constants.map((name, i) => `local ${name} = tonumber(ARGV[${i + 1}])`).join('\n')}
local reply, n = {now}, 1
local function whole(x) return x == math.huge and -1 or x end
local function answer(index, left, wait, full)
reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = index, whole(left), whole(wait), full
n = n + 4
end
local wait, left, full, scarcest, fewest = 0, 0, 0, 1, 0
local at = 1
for i = ${constants.length + 1}, operations do
local op, cost, arg = ${TAKE}, tonumber(ARGV[i]), 0
if not cost then
op, cost, arg = string.match(ARGV[i], '^(%d):(%d+):(%d+)$')
op, cost, arg = tonumber(op), tonumber(cost), tonumber(arg)
end
local key = KEYS[at]
${lists.map((list, i) => `local ${list} = KEYS[at + ${i + 1}]`).join('\n')}
at = at + ${1 + lists.length}
if op == ${RESET} then
redis.call('DEL', ${['key', ...lists].join(', ')})
else
${read(words)}
${all.map(({ load = '' }) => load).join('')}
local longest, slowest = 0, 1
if op ~= ${FORCE} and op ~= ${REFUND} and op ~= ${BLOCK} then
${longestWait(all)}
end
local delayed, charged = longest, cost
if delayed > (op == ${RESERVE} and arg or 0) then
${described(all)}
end
answer(-slowest, left, delayed, full)
charged, delayed = 0, 0
else
${change(all)}
${accept(all, words, lists)}
end
if op == ${RESERVE} then n = n + 1; reply[n] = delayed end
if op == ${LEASE} then n = n + 1; reply[n] = charged end
end
end
return reply
`.replace(/\n+/g, '\n');
}
