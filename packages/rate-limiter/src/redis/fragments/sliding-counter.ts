/** The sliding counter in Lua. The law and its reasons are in `algorithms/sliding-counter.ts`. */
import type { Fragment } from './fragment.ts';

const PRODUCT_MAX = 2 ** 51;

export function slidingCounterFragment(n: number): Fragment {
  const [limit, windowMs] = [`limit${n}`, `window${n}`];
  const [index, current, previous] = [`index${n}`, `current${n}`, `previous${n}`];
  // The words as seen now: windows that have passed are shifted out. Locals, so each use is in a block of its own.
  const seen = `
local i, c, p = ${index}, ${current}, ${previous}
local here = floor(now / ${windowMs})
if here > i then i, c, p = here, 0, here == i + 1 and c or 0 end
local gap, offset = max(0, i * ${windowMs} - now), max(0, now - i * ${windowMs})`;
  return {
    constants: [limit, windowMs],
    words: [index, current, previous],
    counts: true,
    delay: `
if cost > ${limit} then wait = math.huge else
${seen}
local free, fits = ${limit} - c - cost, nil
if free >= 0 then
fits = p == 0 and 0 or ${windowMs} - floor(free * ${windowMs} / p)
if fits <= offset then wait = 0
elseif fits < ${windowMs} then wait = gap + fits - offset
else fits = nil end
end
if not fits then
fits = c == 0 and 0 or max(0, ${windowMs} - floor((${limit} - cost) * ${windowMs} / c))
wait = gap + ${windowMs} - offset + fits
end
end`,
    charge: `
do
${seen}
${index}, ${current}, ${previous} = i, min(c + cost, floor(${PRODUCT_MAX} / ${windowMs})), p
end`,
    credit: `
do
local behind = ${index} - floor(arg / ${windowMs})
if behind == 0 then ${current} = max(0, ${current} - cost)
elseif behind == 1 then ${previous} = max(0, ${previous} - cost) end
end`,
    remaining: `
do
${seen}
left = max(0, floor((${limit} * ${windowMs} - (c * ${windowMs} + p * (${windowMs} - offset))) / ${windowMs}))
end`,
    reset: `
do
${seen}
full = c > 0 and gap + 2 * ${windowMs} - offset or p > 0 and gap + ${windowMs} - offset or 0
end`,
  };
}
