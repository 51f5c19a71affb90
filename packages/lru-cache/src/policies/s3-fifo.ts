/**
 * S3-FIFO: three queues in order of arrival. A small one that newcomers must survive, a main one, and a ghost of those who
 * did not.
 *
 * J. Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023. Most keys are asked for once; they should pass
 * through a tenth of the cache, not through all of it. An entry that leaves the small queue with two hits moves to the main
 * one; one with fewer is evicted and its fingerprint remembered; if that key comes back while it is, it goes straight to main.
 * In main, an entry is put back at the end once for every hit counted (3 at most) before it goes.
 *
 * Invariant: a slot's byte tells its queue (bit 2) and its hits (bits 0 and 1), and the queues hold what the bytes say.
 *
 * As in the paper, save that `evict` gives up exactly one entry: when a promotion makes main too long, main pays. The small
 * queue's part is rounded down, the ghost is as long as main; the ghost is asked when the entry comes in, after its room was
 * made.
 *
 * In a cache of a few hundred entries the small queue is a handful of slots, and an entry that is used again a little later
 * has gone by then: there, LRU is better.
 */
import { requireNumber } from '../check.ts';
import type { Policy, PolicyHost } from '../types.ts';
import { forSlots } from '../widen.ts';
import { attachOnce } from './attach.ts';
import { Ghost } from './ghost.ts';
import { SlotLists } from './slot-list.ts';

export interface S3FifoOptions {
  /** Part of `max` that newcomers pass through, above 0 and below 1. Default 0.1. */
  readonly smallRatio?: number;
  /** Hits that move an entry from the small to the main queue, an integer in 1..3. Default 2. */
  readonly promoteAt?: number;
}

const SMALL = 0;
const MAIN = 1;
const HITS = 3;

class S3Fifo implements Policy {
  readonly name = 's3-fifo';
  readonly needsMax = true;
  private host: PolicyHost | undefined;
  declare private readonly smallRatio: number;
  declare private readonly promoteAt: number;
  private readonly queues = new SlotLists(2);
  private readonly ghost = new Ghost(0);
  /** Hits in bits 0 and 1, the queue in bit 2. */
  private marks: Uint8Array = new Uint8Array(17);
  private smallTarget = 1;
  private mainTarget = 0;

  constructor(smallRatio: number, promoteAt: number) {
    this.smallRatio = smallRatio;
    this.promoteAt = promoteAt;
  }

  attach(host: PolicyHost): void {
    this.host = attachOnce(this.name, this.host, host);
    this.resize(host.max);
  }

  grow(slots: number): void {
    this.queues.grow(slots);
    this.marks = forSlots(this.marks, slots);
  }

  reset(): void {
    this.queues.clear();
    this.ghost.clear();
  }

  resize(max: number): void {
    this.smallTarget = Math.max(1, Math.floor(max * this.smallRatio));
    this.mainTarget = max - this.smallTarget;
    this.ghost.resize(this.mainTarget);
  }

  insert(slot: number, hash: number): void {
    this.enter(this.ghost.remove(hash) ? MAIN : SMALL, slot);
  }

  hit(slot: number): void {
    const mark = this.marks[slot] as number;
    if ((mark & HITS) < HITS) this.marks[slot] = mark + 1;
  }

  remove(slot: number): void {
    this.queues.remove((this.marks[slot] as number) >> 2, slot);
  }

  evict(): number {
    const { queues, marks } = this;
    if (queues.size(SMALL) >= this.smallTarget || queues.size(MAIN) === 0) {
      for (let slot = queues.oldest(SMALL); slot !== 0; slot = queues.oldest(SMALL)) {
        queues.remove(SMALL, slot);
        if ((marks[slot] as number) < this.promoteAt) {
          this.ghost.add((this.host as PolicyHost).hashOf(slot));
          return slot;
        }
        this.enter(MAIN, slot);
        if (queues.size(MAIN) > this.mainTarget) break;
      }
    }
    return this.evictMain();
  }

  private enter(queue: number, slot: number): void {
    this.marks[slot] = queue << 2;
    this.queues.push(queue, slot);
  }

  private evictMain(): number {
    const { queues, marks } = this;
    for (;;) {
      const slot = queues.oldest(MAIN);
      if (slot === 0) return 0;
      queues.remove(MAIN, slot);
      if (((marks[slot] as number) & HITS) === 0) return slot;
      (marks[slot] as number)--;
      queues.push(MAIN, slot);
    }
  }
}

/**
 * S3-FIFO (SOSP 2023), for caches of thousands of entries and more; needs `max`, since its queues are parts of it.
 *
 * A hit is one store; `evict` and `insert` are amortised O(1). 9 bytes a slot, 12 to 20 a ghost, at most max ghosts.
 * Throws TypeError for an option that is not a number, RangeError for one out of range.
 */
export function s3Fifo(options: S3FifoOptions = {}): Policy {
  const smallRatio = options.smallRatio ?? 0.1;
  requireNumber('smallRatio', smallRatio, 'above 0 and below 1', (n) => n > 0 && n < 1);
  const promoteAt = options.promoteAt ?? 2;
  requireNumber('promoteAt', promoteAt, 'an integer in 1..3', (n) => n === 1 || n === 2 || n === 3);
  return new S3Fifo(smallRatio, promoteAt);
}
