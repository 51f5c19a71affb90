/**
 * Least recently used, as a policy: the queue that the cache has built in, through the hook.
 *
 * For comparing: every policy is measured and tested against the same order kept in the same way. In a cache, leave
 * `policy` out instead, which is the same order without the call.
 */
import type { Policy, PolicyHost } from '../types.ts';
import { attachOnce } from './attach.ts';
import { SlotLists } from './slot-list.ts';

class Lru implements Policy {
  readonly name = 'lru';
  readonly needsMax = false;
  private host: PolicyHost | undefined;
  private readonly queue = new SlotLists(1);

  attach(host: PolicyHost): void {
    this.host = attachOnce(this.name, this.host, host);
  }

  grow(slots: number): void {
    this.queue.grow(slots);
  }

  reset(): void {
    this.queue.clear();
  }

  resize(): void {
    // Nothing here is a part of max.
  }

  insert(slot: number): void {
    this.queue.push(0, slot);
  }

  hit(slot: number): void {
    this.queue.renew(0, slot);
  }

  remove(slot: number): void {
    this.queue.remove(0, slot);
  }

  evict(): number {
    const victim = this.queue.oldest(0);
    if (victim !== 0) this.queue.remove(0, victim);
    return victim;
  }
}

/** Strict LRU, as the cache's default, through the hook. Every operation O(1); 8 bytes a slot. */
export function lru(): Policy {
  return new Lru();
}
