/**
 * The hot path: nothing but takes, and nothing but one gcra.
 *
 * The general script reads and writes a value for each operation and describes each outcome. Here all values come by
 * one MGET, a key that comes many times is written once, and the script answers with the state after each take, `tatMs,
 * tatSub`, from which the caller computes the numbers itself, by the algorithm's own functions: work moves from the one
 * thread that all share to the processes that share it. A refusal is written `-1 - tatMs`.
 *
 * Arguments: the four constants, then the costs, or none when all are 1. Values are those of the general script.
 */
import { timeText, type TimeSource } from './script.ts';

export function takeGcraText(time: TimeSource): string {
  return `
local floor, format, match = math.floor, string.format, string.match
${timeText(time)}
local u, t, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local values, reply = redis.call('MGET', unpack(KEYS)), {now}
local tats, subs, changed, n = {}, {}, {}, 0
for i = 1, #KEYS do
local key, cost = KEYS[i], 1
if operations > 4 then cost = tonumber(ARGV[4 + i]) end
local tat, sub = tats[key], subs[key]
if not tat then
tat, sub = now, 0
if values[i] then
local ms, rest = match(values[i], '^(%d+) (%d+)$')
ms, rest = tonumber(ms), tonumber(rest)
if ms >= now then tat, sub = ms, rest end
end
tats[key], subs[key] = tat, sub
end
local units = sub + cost * t
if (tat - now) * u + units > tolerance then
reply[2 * i] = -1 - tat
else
local whole = floor(units / u)
tat, sub = tat + whole, units - whole * u
tats[key], subs[key] = tat, sub
reply[2 * i] = tat
if not changed[key] then
n = n + 1
changed[key], changed[n] = true, key
end
end
reply[2 * i + 1] = sub
end
for i = 1, n do
local key = changed[i]
local tat, sub = tats[key], subs[key]
redis.call('SET', key, format('%.0f %.0f', tat, sub), 'PXAT', base + tat - now + (sub > 0 and 1 or 0))
end
return reply
`.replace(/\n+/g, '\n');
}
