/**
 * A store for limits that a process of ours keeps: what it takes to write one is the two functions below.
 *
 * The limiter's interface for a store elsewhere is `AsyncStore`; the process at the other end (processes/limits.ts) runs
 * the package's own MapStore by its own clock. JSON has no Infinity, so "never" travels as null.
 */
import type { AsyncOutcome, AsyncStore, Outcome } from '@loadbearing/rate-limiter';
import type { LineClient } from '@loadbearing-examples/page-kit/wire/json-lines.ts';

type Sent = Omit<AsyncOutcome, 'retryAfterMs'> & { readonly retryAfterMs: number | null };

/** `nowMs`: the time by which it was decided. */
export const toWire = (out: Outcome, nowMs: number): Sent => ({
  ...out,
  nowMs,
  retryAfterMs: out.retryAfterMs === Infinity ? null : out.retryAfterMs,
});

export function lineStore(line: LineClient): AsyncStore {
  return {
    sync: false,
    bind: ({ name, limits, fingerprint }) => {
      const space = `${name}:${fingerprint}`;
      return {
        apply: async (key, op, cost, arg) => {
          const sent = await line.call<Sent>('apply', space, limits, key, op, cost, arg);
          return { ...sent, retryAfterMs: sent.retryAfterMs ?? Infinity };
        },
        reset: (key) => line.call('reset', space, limits, key),
      };
    },
  };
}
