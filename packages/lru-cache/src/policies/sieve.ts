/**
 * SIEVE: a queue in order of arrival, and a hand that takes out what was not used, leaving the others where they are.
 *
 * Y. Zhang et al., "SIEVE is simpler than LRU", NSDI 2024. The hand walks from the oldest towards the newest; a visited entry
 * loses its mark and stays *in place*, an unvisited one is evicted, and the hand goes on from there. New entries enter at the
 * newest end, so one-hit wonders are met soon after the hand has passed the old survivors. That is the difference from
 * CLOCK, where survivors and newcomers share one ring behind the hand; a ring of slots is CLOCK, whatever it is called.
 *
 * Invariant: the hand is 0 (start at the oldest) or a held slot. Removing the slot under it moves it on first.
 *
 * Good at skewed traffic full of keys asked for once. Bad where recency is all that counts, or in a small cache: a survivor
 * marked long ago is in the way until the hand has come round.
 */
import type { Policy, PolicyHost } from '../types.ts';
import { forSlots } from '../widen.ts';
import { attachOnce } from './attach.ts';
import { SlotLists } from './slot-list.ts';

class Sieve implements Policy {
  readonly name = 'sieve';
  readonly needsMax = false;
  private host: PolicyHost | undefined;
  private readonly queue = new SlotLists(1);
  private visited: Uint8Array = new Uint8Array(17);
  private hand = 0;

  attach(host: PolicyHost): void {
    this.host = attachOnce(this.name, this.host, host);
  }

  grow(slots: number): void {
    this.queue.grow(slots);
    this.visited = forSlots(this.visited, slots);
  }

  reset(): void {
    this.queue.clear();
    this.hand = 0;
  }

  resize(): void {
    // Nothing here is a part of max.
  }

  insert(slot: number): void {
    this.visited[slot] = 0;
    this.queue.push(0, slot);
  }

  hit(slot: number): void {
    this.visited[slot] = 1;
  }

  remove(slot: number): void {
    if (slot === this.hand) this.hand = this.queue.newer(slot);
    this.queue.remove(0, slot);
  }

  evict(): number {
    const { queue, visited } = this;
    let at = this.hand || queue.oldest(0);
    // Ends: a visited entry is not visited the second time round. 0 is never marked, and comes first on an empty queue.
    while (visited[at] === 1) {
      visited[at] = 0;
      at = queue.newer(at) || queue.oldest(0);
    }
    this.hand = at;
    if (at !== 0) this.remove(at);
    return at;
  }
}

/**
 * SIEVE (NSDI 2024): one mark a hit, survivors stay in place.
 *
 * A hit is one store; `evict` is amortised O(1): each step spares an entry that a hit has paid for. 9 bytes a slot.
 */
export function sieve(): Policy {
  return new Sieve();
}
