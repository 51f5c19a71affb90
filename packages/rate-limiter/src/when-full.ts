/** What a full store that may not evict says to a newcomer: one place for all stores in this process. */
import { BLOCK, FORCE, type Op, type Outcome } from './transition.ts';

/** Whether a caller of `op` can be told that there is no room: a block or a penalty must not fail silently. */
export const isRefusable = (op: Op): boolean => op !== FORCE && op !== BLOCK;

/** Writes "no room" into `out`; `waitMs` from now a place will have drained. */
export function refuseForRoom(out: Outcome, nowMs: number, waitMs: number): void {
  out.ok = false;
  out.index = -1;
  out.remaining = 0;
  out.retryAfterMs = waitMs;
  out.resetAfterMs = waitMs;
  out.startMs = nowMs;
  out.charged = 0;
}
