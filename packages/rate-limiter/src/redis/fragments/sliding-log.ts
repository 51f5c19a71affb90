/**
 * The sliding log in Lua. The law and its reasons are in `algorithms/sliding-log.ts`.
 *
 * The ring is a Redis list of its own, because a value is written whole: RPUSH, LTRIM, LINDEX and LREM touch only what
 * changes. Equal times may stand in a list, as they could not in a sorted set. The two numbers of the ring that outlive
 * its entries are words: the newest time pushed, and the first time of which refunds are not void (`sealedMs + 1`, so
 * that zero means never sealed). Times never decrease along the list, so a refund's are the first equal ones.
 */
import type { Fragment } from './fragment.ts';

/** Arguments of one RPUSH: Lua's stack holds fewer than 8000. */
const PUSHED_AT_ONCE = 1000;

export function slidingLogFragment(n: number): Fragment {
  const [limit, windowMs] = [`limit${n}`, `window${n}`];
  const [floorMs, sealed, list, size, first] = [`floor${n}`, `sealed${n}`, `list${n}`, `size${n}`, `first${n}`];
  return {
    constants: [limit, windowMs],
    words: [floorMs, sealed],
    counts: true,
    list,
    // `first` of the `size` times no longer count.
    load: `
local ${size}, ${first} = redis.call('LLEN', ${list}), 0
if ${size} > 0 and tonumber(redis.call('LINDEX', ${list}, 0)) <= now - ${windowMs} then
local low, high = 1, ${size}
while low < high do
local middle = floor((low + high) / 2)
if tonumber(redis.call('LINDEX', ${list}, middle)) <= now - ${windowMs} then low = middle + 1 else high = middle end
end
${first} = low
end`,
    delay: `
if cost > ${limit} then wait = math.huge else
local excess = ${size} - ${first} + cost - ${limit}
wait = 0
if excess > 0 then wait = redis.call('LINDEX', ${list}, ${first} + excess - 1) + ${windowMs} - now end
end`,
    charge: `
do
local more, at = min(cost, ${limit}), max(now, ${floorMs})
if ${size} - ${first} + cost > ${limit} then ${sealed} = at + 1 end
local dropped = ${first} + max(0, ${size} - ${first} + more - ${limit})
if dropped > 0 then redis.call('LTRIM', ${list}, dropped, -1) end
${floorMs}, ${size}, ${first} = at, ${size} - dropped + more, 0
local times = {}
for j = 1, min(more, ${PUSHED_AT_ONCE}) do times[j] = at end
while more > 0 do
redis.call('RPUSH', ${list}, unpack(times, 1, min(more, ${PUSHED_AT_ONCE})))
more = more - ${PUSHED_AT_ONCE}
end
end`,
    credit: `
if arg >= ${sealed} then
local removed = redis.call('LREM', ${list}, cost, arg)
${size} = ${size} - removed
if arg <= now - ${windowMs} then ${first} = ${first} - removed end
end`,
    remaining: `
left = ${limit} - (${size} - ${first})`,
    reset: `
full = 0
if ${size} > ${first} then full = redis.call('LINDEX', ${list}, -1) + ${windowMs} - now end`,
  };
}
