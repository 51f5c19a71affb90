/** The blocklist in Lua. The law is in `algorithms/blocklist.ts`. */
import type { Fragment } from './fragment.ts';

export function blocklistFragment(n: number): Fragment {
  const until = `until${n}`;
  return {
    constants: [],
    words: [until],
    counts: false,
    delay: `
wait = max(0, ${until} - now)`,
    block: `
${until} = arg > 0 and now + arg or 0`,
    remaining: `
left = ${until} > now and 0 or math.huge`,
    reset: `
full = max(0, ${until} - now)`,
  };
}
