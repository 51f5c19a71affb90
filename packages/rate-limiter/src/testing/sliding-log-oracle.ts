/**
 * The sliding log as a list of everything ever charged, counted afresh for each question. Nothing is dropped when it
 * expires; only a charge past the limit makes refunds of what came before it void, as the law says.
 */
import type { Oracle } from './oracle.ts';

/** The law of `slidingLog({ limit, windowMs })` for one key. */
export function slidingLogOracle(options: { limit: number; windowMs: number }): Oracle {
  const limit = options.limit;
  const window = BigInt(options.windowMs);
  let log: bigint[] = [];
  let newest = 0n;
  let sealed = -1n;
  const seen = (nowMs: number): bigint => (BigInt(nowMs) > newest ? BigInt(nowMs) : newest);
  const counted = (at: bigint): bigint[] => log.filter((time) => time + window > at);
  return {
    delay(nowMs, cost) {
      if (cost > limit) return Infinity;
      const live = counted(seen(nowMs));
      // So many of the oldest must leave the window first.
      const leaving = live.length + cost - limit;
      return leaving <= 0 ? 0 : Number(live[leaving - 1]! + window - BigInt(nowMs));
    },
    charge(nowMs, cost) {
      const at = seen(nowMs);
      if (counted(at).length + cost > limit) sealed = at;
      for (let i = 0; i < cost; i++) log.push(at);
      newest = at;
    },
    credit(_nowMs, cost, startMs) {
      const start = BigInt(startMs);
      if (start <= sealed) return;
      let left = cost;
      log = log.filter((time) => time !== start || left-- <= 0);
    },
    remaining: (nowMs) => Math.max(0, limit - counted(seen(nowMs)).length),
    reset(nowMs) {
      const last = counted(seen(nowMs)).at(-1);
      return last === undefined ? 0 : Number(last + window - BigInt(nowMs));
    },
    newestStart: (nowMs) => nowMs,
  };
}
