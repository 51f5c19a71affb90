/**
 * Freshness: what may be done with what is held of a key. Pure: times and draws in, decision out.
 *
 *   load completes       refreshAhead          + ttl                        + max(swr, sie)
 *         |------ fresh ------|-- refresh behind --|----------- stale -----------|  gone: the store drops it
 *
 * A stale value may be answered for two reasons with two windows, both from the end of freshness (RFC 5861):
 * stale-while-revalidate, "a refresh runs behind", and stale-if-error, "the load failed". A remembered failure says
 * until when not to ask the source again, whatever else is held. Only a value is ever answered stale, so neither
 * absence nor failure outlives its own ttl, and every boundary is the same: at the end of a window, the window is over.
 *
 * Before the end, two rules may refresh a value that is asked for. Refresh-ahead is a fixed part of the ttl. XFetch
 * (Vattani, Chierichetti and Lowenstein, "Optimal probabilistic cache stampede prevention", VLDB 2015) draws, with odds
 * that rise as the end comes near and the longer a load takes: P = exp(-remaining / (beta * load time)). The paper's
 * readers do not know of each other, so some of them load at once; here a key has one load at a time.
 */

/** What is held of a key: a value, the knowledge that there is none, or no more than a remembered failure. */
export type Held = 'value' | 'absent' | 'nothing';

export interface Windows {
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

export type Decision = 'answer' | 'answer stale' | 'answer stale, refresh behind' | 'fail' | 'load';

/** What a `fetch` does. `errorUntil`: the end of a remembered failure, -Infinity = there is none. */
export function decide(held: Held, freshUntil: number, errorUntil: number, now: number, windows: Windows): Decision {
  if (held !== 'nothing' && now < freshUntil) return 'answer';
  const failing = now < errorUntil;
  if (held === 'value') {
    const age = now - freshUntil;
    const revalidating = age < windows.staleWhileRevalidateMs;
    if (failing && (revalidating || age < windows.staleIfErrorMs)) return 'answer stale';
    if (!failing && revalidating) return 'answer stale, refresh behind';
  }
  return failing ? 'fail' : 'load';
}

/** Whether a value may stand in for a load that failed, or that takes too long. */
export function standsIn(freshUntil: number, now: number, windows: Windows): boolean {
  return windows.staleIfErrorMs > 0 && now - freshUntil < windows.staleIfErrorMs;
}

/** A lifetime, shortened by up to the part `jitter` of it; `draw` is in 0..1. Never longer. */
export function jittered(ttl: number, jitter: number, draw: number): number {
  return jitter === 0 || ttl === Infinity ? ttl : ttl * (1 - jitter * draw);
}

/** How long before its end a value of this lifetime is refreshed ahead; 0 for one that never ends. */
export function leadOf(life: number, refreshAhead: number): number {
  return life === Infinity ? 0 : life * (1 - refreshAhead);
}

/**
 * XFetch: whether this hit, `remaining` > 0 milliseconds before the end, refreshes behind a value whose load took
 * `loadMs`. `draw` is in 0..1, 1 excluded, so that the logarithm is finite.
 */
export function drawsRefresh(remaining: number, loadMs: number, beta: number, draw: number): boolean {
  return loadMs * beta * -Math.log(1 - draw) >= remaining;
}
