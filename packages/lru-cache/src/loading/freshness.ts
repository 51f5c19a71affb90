/**
 * Freshness: what the record of a key may still be used for. Pure: record and time in, decision out.
 *
 *   load completes              + ttl                          + max(swr, sie)
 *         |-------- fresh --------|----------- stale -------------|  gone: the store drops it
 *
 * A stale value may be answered for two reasons with two windows, both from the end of freshness (RFC 5861):
 * stale-while-revalidate, "a refresh runs behind", and stale-if-error, "the load failed". A remembered failure says
 * until when not to ask the source again; it sits in the record of the old value, or in one of its own when there is
 * none. Invariant: only a record of kind 'value' is ever answered stale, so that neither absence nor failure outlives
 * its own ttl, and every boundary is the same: at the end of a window, the window is over.
 */
export interface Entry<V> {
  readonly kind: 'value' | 'absent' | 'error';
  readonly value: V | undefined;
  /** Infinity = for ever. */
  readonly freshUntil: number;
  error: unknown;
  /** Until when the failure `error` is answered again; -Infinity = there was none. */
  errorUntil: number;
  /** How the owner is told when this record leaves: as it left, as replaced, or not at all (same value again). */
  farewell: 'as is' | 'replaced' | 'silent';
}

export interface Windows {
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

export type Decision = 'answer' | 'answer stale' | 'answer stale, refresh behind' | 'fail' | 'load';

export function entryOf<V>(kind: Entry<V>['kind'], value: V | undefined, freshUntil: number): Entry<V> {
  return { kind, value, freshUntil, error: undefined, errorUntil: -Infinity, farewell: 'as is' };
}

/** Notes a failure on the record it is about. */
export function blame<V>(entry: Entry<V>, error: unknown, until: number): Entry<V> {
  entry.error = error;
  entry.errorUntil = until;
  return entry;
}

export function decide<V>(entry: Entry<V>, now: number, windows: Windows): Decision {
  if (now < entry.freshUntil) return entry.kind === 'error' ? 'fail' : 'answer';
  const failing = now < entry.errorUntil;
  const age = now - entry.freshUntil;
  if (entry.kind === 'value') {
    const revalidating = age < windows.staleWhileRevalidateMs;
    if (failing && (revalidating || age < windows.staleIfErrorMs)) return 'answer stale';
    if (!failing && revalidating) return 'answer stale, refresh behind';
  }
  return failing ? 'fail' : 'load';
}

/** Whether the value may stand in for a load that failed now. */
export function standsIn<V>(entry: Entry<V> | undefined, now: number, windows: Windows): entry is Entry<V> {
  if (entry?.kind !== 'value' || windows.staleIfErrorMs === 0) return false;
  return now - entry.freshUntil < windows.staleIfErrorMs;
}
