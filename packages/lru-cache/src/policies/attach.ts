/** What every policy here refuses in the same words, and how its arrays follow the slots. */
import type { PolicyHost } from '../types.ts';
import { widened } from '../widen.ts';

/** The host, if the policy serves none yet: its state is about the slots of one cache. Throws TypeError. */
export function attachOnce(name: string, current: PolicyHost | undefined, host: PolicyHost): PolicyHost {
  if (current !== undefined) throw new TypeError(`policy ${name} already serves a cache; use one per cache`);
  return host;
}

/** A copy with room for slots 1..slots, or the array itself if it has it already. Multiples of 8 bytes. */
export function widenBytes(from: Uint8Array, slots: number): Uint8Array {
  return slots < from.length ? from : widened(from, (slots + 8) & ~7);
}
