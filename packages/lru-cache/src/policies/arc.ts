/**
 * ARC: two LRU queues, for what was used once and for what was used again, whose shares follow the regrets.
 *
 * N. Megiddo, D. S. Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003, whose names are kept: T1 holds what
 * was used once lately, T2 what was used at least twice, B1 and B2 the ghosts of what left them, c is `max` and p the target of
 * T1. A miss that B1 remembers says that T1 is too small, so p grows; one that B2 remembers makes it shrink; the smaller the
 * ghost list that was right, the longer the step. Scans pass through T1 and leave T2 alone.
 *
 * Invariants (the paper's, section II): |T1| + |B1| <= c, and all four together <= 2c.
 *
 * The paper decides at the miss, with the cache full. Here room is made first (`evict`, perhaps several times or for no one
 * in particular) and the entry comes later (`insert`, perhaps without any eviction), so: p moves at whichever of the two
 * meets the ghost first, and the ghost is taken out there, its queue remembered for the insert; ghosts are trimmed at the
 * insert instead of before the replacement, which leaves the same four lists: the case that drops T1's oldest without a
 * ghost is the one where that ghost would be trimmed at once.
 */
import type { Policy, PolicyHost } from '../types.ts';
import { forSlots } from '../widen.ts';
import { attachOnce } from './attach.ts';
import { Ghost } from './ghost.ts';
import { SlotLists } from './slot-list.ts';

/** T1 and T2; the ghosts have the same numbers. */
const ONCE = 0;
const AGAIN = 1;
const NEITHER = -1;

class Arc implements Policy {
  readonly name = 'arc';
  readonly needsMax = true;
  private host: PolicyHost | undefined;
  private readonly queues = new SlotLists(2);
  private readonly b1 = new Ghost(0);
  private readonly b2 = new Ghost(0);
  /** ONCE or AGAIN for a held slot. */
  private queueOf: Uint8Array = new Uint8Array(17);
  private c = 0;
  private p = 0;
  /** Whose ghost the entry was for which room is being made, and its hash: the ghost itself is gone by now. */
  private awaitedFrom = NEITHER;
  private awaitedHash = 0;

  attach(host: PolicyHost): void {
    this.host = attachOnce(this.name, this.host, host);
    this.resize(host.max);
  }

  grow(slots: number): void {
    this.queues.grow(slots);
    this.queueOf = forSlots(this.queueOf, slots);
  }

  reset(): void {
    this.queues.clear();
    this.b1.clear();
    this.b2.clear();
    this.p = 0;
    this.awaitedFrom = NEITHER;
  }

  resize(max: number): void {
    this.c = max;
    this.p = Math.min(this.p, max);
    this.b1.resize(max);
    this.b2.resize(2 * max);
  }

  insert(slot: number, hash: number): void {
    const known = this.expect(hash) !== NEITHER;
    this.awaitedFrom = NEITHER;
    if (!known) this.trim();
    this.enter(known ? AGAIN : ONCE, slot);
  }

  hit(slot: number): void {
    if (this.queueOf[slot] === AGAIN) {
      this.queues.renew(AGAIN, slot);
    } else {
      this.queues.remove(ONCE, slot);
      this.enter(AGAIN, slot);
    }
  }

  remove(slot: number): void {
    this.queues.remove(this.queueOf[slot] as number, slot);
  }

  /** REPLACE(x, p) of the paper, after p has moved. */
  evict(incomingHash: number): number {
    const { queues } = this;
    const from = incomingHash === 0 ? NEITHER : this.expect(incomingHash);
    const once = queues.size(ONCE);
    const fromOnce = once > 0 && (once > this.p || (from === AGAIN && once === this.p) || queues.size(AGAIN) === 0);
    const queue = fromOnce ? ONCE : AGAIN;
    const victim = queues.oldest(queue);
    if (victim === 0) return 0;
    queues.remove(queue, victim);
    (fromOnce ? this.b1 : this.b2).add((this.host as PolicyHost).hashOf(victim));
    return victim;
  }

  private enter(queue: number, slot: number): void {
    this.queueOf[slot] = queue;
    this.queues.push(queue, slot);
  }

  /** Which ghosts remembered the key that comes in. The first time, p moves and the ghost goes. */
  private expect(hash: number): number {
    if (this.awaitedFrom !== NEITHER && this.awaitedHash === hash) return this.awaitedFrom;
    this.awaitedHash = hash;
    const [ones, twos] = [this.b1.size, this.b2.size];
    if (this.b1.remove(hash)) {
      this.p = Math.min(this.c, this.p + Math.max(twos / ones, 1));
      return (this.awaitedFrom = ONCE);
    }
    if (this.b2.remove(hash)) {
      this.p = Math.max(0, this.p - Math.max(ones / twos, 1));
      return (this.awaitedFrom = AGAIN);
    }
    return (this.awaitedFrom = NEITHER);
  }

  /** Room for one more in T1, and in all. */
  private trim(): void {
    const { queues, b1, b2 } = this;
    const once = queues.size(ONCE);
    while (b1.size > 0 && once + b1.size >= this.c) b1.dropOldest();
    while (b2.size > 0 && once + queues.size(AGAIN) + b1.size + b2.size >= 2 * this.c) b2.dropOldest();
  }
}

/**
 * ARC (FAST 2003): balances recency and frequency by itself, resists scans; needs `max`, since its targets are parts of it.
 *
 * Every operation amortised O(1). 9 bytes a slot, 12 to 20 a ghost, at most max ghosts beside a full cache.
 */
export function arc(): Policy {
  return new Arc();
}
