/** GCRA in Lua. The law and its reasons are in `algorithms/gcra.ts`. */
import type { Fragment } from './fragment.ts';

const DEBT_MAX = 2 ** 51;

export function gcraFragment(n: number): Fragment {
  const [u, t, tolerance, burst] = [`u${n}`, `t${n}`, `tolerance${n}`, `burst${n}`];
  const [tat, sub] = [`tat${n}`, `sub${n}`];
  const delay = `
if cost > ${burst} then wait = math.huge
elseif ${tat} < now then wait = 0
else wait = max(0, ${tat} - now + ceil((${sub} + cost * ${t} - ${tolerance}) / ${u})) end`;
  return {
    constants: [u, t, tolerance, burst],
    words: [tat, sub],
    counts: true,
    delay,
    charge: `
if ${tat} < now then ${tat}, ${sub} = now, 0 end
if delayed > 0 and ${tat} < now + delayed then
${delay}
if delayed > wait then ${tat}, ${sub} = now + delayed, 0 end
end
do
local units = ${sub} + min(cost * ${t}, ${DEBT_MAX})
local whole, most = floor(units / ${u}), now + floor(${DEBT_MAX} / ${u})
if ${tat} + whole <= most then ${tat}, ${sub} = ${tat} + whole, units - whole * ${u}
elseif ${tat} < most then ${tat}, ${sub} = most, 0 end
end`,
    newest: `
newest = now
if ${tat} >= now then newest = ${tat} + ceil((${sub} - ${tolerance}) / ${u}) end`,
    credit: `
if ${tat} >= now then
local drained = max(0, last - arg) * ${u}
local units = ${sub} - max(0, min(cost * ${t}, ${DEBT_MAX}) - drained)
local whole = floor(units / ${u})
if ${tat} + whole >= now then ${tat}, ${sub} = ${tat} + whole, units - whole * ${u}
else ${tat}, ${sub} = now, 0 end
end`,
    remaining: `
left = ${tolerance}
if ${tat} >= now then left = ${tolerance} - ((${tat} - now) * ${u} + ${sub}) end
left = max(0, floor(left / ${t}))`,
    reset: `
full = 0
if ${tat} >= now then full = ${tat} - now + (${sub} > 0 and 1 or 0) end`,
  };
}
