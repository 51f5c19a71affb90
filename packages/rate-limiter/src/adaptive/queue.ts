/**
 * The queue in front of a concurrency limit: one FIFO per class, the highest class first, bounded in length and in age.
 *
 * A bound on the length alone is not enough. A queue that is always full adds its whole waiting time to every request,
 * and serves only those whose callers have given up. Age is the signal that tells a standing queue from a burst
 * (CoDel, RFC 8289; DAGOR, Zhou et al. 2018), so whoever has waited for `maxAgeMs` is shed.
 *
 * Full: an arrival displaces the newest of the lowest class below its own, which has waited least; if there is none,
 * the arrival itself is shed. No clock and no timers here: the caller says what time it is.
 *
 * Invariants: `length <= maxLength`; within a class, arrivals do not decrease from head to tail; all operations are
 * O(classes), leaving from the middle included, because the FIFOs are linked.
 */

/** One that waits. Links belong to the queue. */
export interface Waiting {
  readonly level: number;
  readonly sinceMs: number;
  queued: boolean;
  previous: Waiting | undefined;
  next: Waiting | undefined;
}

interface Fifo {
  head: Waiting | undefined;
  tail: Waiting | undefined;
}

export class ClassQueue<W extends Waiting> {
  private readonly fifos: readonly Fifo[];
  private readonly maxLength: number;
  private readonly maxAgeMs: number;
  private count = 0;

  constructor(classes: number, maxLength: number, maxAgeMs: number) {
    this.fifos = Array.from({ length: classes }, () => ({ head: undefined, tail: undefined }));
    this.maxLength = maxLength;
    this.maxAgeMs = maxAgeMs;
  }

  get length(): number {
    return this.count;
  }

  /** Takes one in. Returns who is shed for it: nobody, a lower one, or the arrival. */
  offer(arrival: W): W | undefined {
    let displaced: W | undefined;
    if (this.count >= this.maxLength) {
      displaced = this.newestBelow(arrival.level);
      if (displaced === undefined) return arrival;
      this.remove(displaced);
    }
    const fifo = this.fifos[arrival.level]!;
    arrival.previous = fifo.tail;
    if (fifo.tail === undefined) fifo.head = arrival;
    else fifo.tail.next = arrival;
    fifo.tail = arrival;
    arrival.queued = true;
    this.count++;
    return displaced;
  }

  /** Who goes next: the oldest of the highest class. */
  first(): W | undefined {
    for (const { head } of this.fifos) if (head !== undefined) return head as W;
    return undefined;
  }

  /** Takes one out, wherever it stands; false if it is not in the queue. */
  remove(waiting: W): boolean {
    if (!waiting.queued) return false;
    const fifo = this.fifos[waiting.level]!;
    if (waiting.previous === undefined) fifo.head = waiting.next;
    else waiting.previous.next = waiting.next;
    if (waiting.next === undefined) fifo.tail = waiting.previous;
    else waiting.next.previous = waiting.previous;
    waiting.previous = waiting.next = undefined;
    waiting.queued = false;
    this.count--;
    return true;
  }

  /** Takes out one that has waited for `maxAgeMs`, if there is one. */
  expire(nowMs: number): W | undefined {
    const oldest = this.oldest();
    if (oldest === undefined || nowMs - oldest.sinceMs < this.maxAgeMs) return undefined;
    this.remove(oldest);
    return oldest;
  }

  /** When the next one will have waited for too long; undefined when nobody waits. */
  expiresMs(): number | undefined {
    const oldest = this.oldest();
    return oldest && oldest.sinceMs + this.maxAgeMs;
  }

  private oldest(): W | undefined {
    let oldest: Waiting | undefined;
    for (const { head } of this.fifos) {
      if (head !== undefined && (oldest === undefined || head.sinceMs < oldest.sinceMs)) oldest = head;
    }
    return oldest as W | undefined;
  }

  private newestBelow(level: number): W | undefined {
    for (let lowest = this.fifos.length - 1; lowest > level; lowest--) {
      const { tail } = this.fifos[lowest]!;
      if (tail !== undefined) return tail as W;
    }
    return undefined;
  }
}
