/** The fixed window in Lua. The law and its reasons are in `algorithms/fixed-window.ts`. */
import type { Fragment } from './fragment.ts';

const COUNT_MAX = 2 ** 51;

export function fixedWindowFragment(n: number): Fragment {
  const [limit, windowMs, aligned] = [`limit${n}`, `window${n}`, `aligned${n}`];
  const [start, count] = [`start${n}`, `count${n}`];
  return {
    constants: [limit, windowMs, aligned],
    words: [start, count],
    counts: true,
    delay: `
if cost > ${limit} then wait = math.huge
elseif ${count} == 0 or now >= ${start} + ${windowMs} or ${count} + cost <= ${limit} then wait = 0
else wait = ${start} + ${windowMs} - now end`,
    charge: `
if ${count} == 0 or now >= ${start} + ${windowMs} then
${start} = max(${start}, ${aligned} == 1 and floor(now / ${windowMs}) * ${windowMs} or now)
${count} = 0
end
${count} = min(${count} + cost, ${COUNT_MAX})`,
    credit: `
if arg >= ${start} and arg < ${start} + ${windowMs} then ${count} = max(0, ${count} - cost) end`,
    remaining: `
left = ${limit}
if now < ${start} + ${windowMs} then left = max(0, ${limit} - ${count}) end`,
    reset: `
full = 0
if ${count} > 0 then full = max(0, ${start} + ${windowMs} - now) end`,
  };
}
