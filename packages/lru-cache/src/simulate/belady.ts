/**
 * Belady's MIN: the most hits that any policy could have had, because it knows the future.
 *
 * The victim is the entry whose next use is furthest away (Belady, IBM Systems Journal 5, 1966; Mattson et al., 1970, prove
 * it optimal). As in the caches here, every entry has the size one and every missed key is admitted: MIN may not pass one by.
 * That is why a policy that refused admission could, in theory, have more hits.
 *
 * Entries wait in a max-heap of next uses. A next use is a position in the trace, so the position alone says which entry it
 * is; an entry without another use waits under a position behind the end. A hit adds the entry's new next use and leaves the
 * old one in the heap: it now lies in the past, below every live one, and so is never at the top while there is anything to
 * evict. When stale ones are in the majority they are swept out. O(requests x log max), 4 bytes a request and 8 an entry.
 */
import type { Trace } from './replay.ts';

export function belady(trace: Trace, max: number): number {
  const { ids, unique } = trace;
  const nextUse = nextUses(trace);
  const held = new Uint8Array(unique);
  const heap = new Uint32Array(2 * Math.min(max, unique) + 2);
  let length = 0;
  let entries = 0;
  let hits = 0;
  for (let now = 0; now < ids.length; now++) {
    const id = ids[now] as number;
    if (held[id] === 1) {
      hits++;
    } else {
      if (entries < max) {
        entries++;
      } else {
        const furthest = heap[0] as number;
        held[furthest < ids.length ? (ids[furthest] as number) : furthest - ids.length] = 0;
        siftDown(heap, --length, 0, heap[length] as number);
      }
      held[id] = 1;
    }
    if (length === heap.length) length = sweep(heap, now);
    siftUp(heap, length++, nextUse[now] as number);
  }
  return hits;
}

/** For each request the position of the next one for the same id, or the number of requests + id when it was the last. */
function nextUses({ ids, unique }: Trace): Uint32Array {
  const next = new Uint32Array(ids.length);
  const upcoming = Uint32Array.from({ length: unique }, (_, id) => ids.length + id);
  for (let now = ids.length - 1; now >= 0; now--) {
    const id = ids[now] as number;
    next[now] = upcoming[id] as number;
    upcoming[id] = now;
  }
  return next;
}

function siftUp(heap: Uint32Array, at: number, use: number): void {
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as number;
    if (above >= use) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = use;
}

function siftDown(heap: Uint32Array, length: number, at: number, use: number): void {
  for (let child = 2 * at + 1; child < length; child = 2 * at + 1) {
    if (child + 1 < length && (heap[child + 1] as number) > (heap[child] as number)) child++;
    const below = heap[child] as number;
    if (below <= use) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = use;
}

/** Leaves only the uses after `now` in a full heap, and answers how many those are. */
function sweep(heap: Uint32Array, now: number): number {
  const live = heap.filter((use) => use > now);
  heap.set(live);
  for (let at = (live.length >> 1) - 1; at >= 0; at--) siftDown(heap, live.length, at, heap[at] as number);
  return live.length;
}
