/**
 * CLOCK: the slots are a ring, a hand goes round, and whoever was used since its last visit is spared once.
 *
 * F. J. Corbató, "A paging experiment with the Multics system", 1968. A hit stores one byte and moves nothing, which is why
 * it is the cheapest policy to hit; the order of eviction is that of arrival, except that a used entry gets another round.
 *
 * The ring is the slot numbers themselves, so there are no links: a new entry takes the slot of the one evicted, just
 * behind the hand, which is where the textbook puts it. After `delete` the free slot is refilled wherever it is.
 *
 * Invariant: a slot's byte is FREE, HELD or USED, and the hand is in the ring. A ring that has become sparse (a cache made
 * smaller, or bounded by weight) is walked eight free slots at a time, through the same bytes seen as doubles: zero if and
 * only if all eight are.
 *
 * A new entry is not USED: it is spared only if it is asked for again. Setting its byte at once, as an operating system
 * does with a page that was just touched, loses a point or two of hit ratio in a cache, where the first use is the miss.
 */
import type { Policy, PolicyHost } from '../types.ts';
import { attachOnce, widenBytes } from './attach.ts';

const FREE = 0;
const HELD = 1;
const USED = 2;

class ClockPolicy implements Policy {
  readonly name = 'clock';
  readonly needsMax = false;
  private host: PolicyHost | undefined;
  private state: Uint8Array = new Uint8Array(24);
  private eights: Float64Array = new Float64Array(this.state.buffer);
  private size = 0;
  /** The ring is 1..top, the highest slot ever held; it never contains 0, which is FREE for ever. */
  private top = 0;
  private hand = 0;

  attach(host: PolicyHost): void {
    this.host = attachOnce(this.name, this.host, host);
  }

  grow(slots: number): void {
    this.state = widenBytes(this.state, slots);
    this.eights = new Float64Array(this.state.buffer);
  }

  reset(): void {
    this.state.fill(FREE);
    this.size = this.top = this.hand = 0;
  }

  resize(): void {
    // Nothing here is a part of max.
  }

  insert(slot: number): void {
    this.state[slot] = HELD;
    this.size++;
    if (slot > this.top) this.top = slot;
  }

  hit(slot: number): void {
    this.state[slot] = USED;
  }

  remove(slot: number): void {
    this.state[slot] = FREE;
    this.size--;
  }

  evict(): number {
    if (this.size === 0) return 0;
    const { state, eights, top } = this;
    let at = this.hand;
    for (;;) {
      if (at > top) at = 0;
      const seen = state[at];
      if (seen === HELD) break;
      if (seen === USED) state[at++] = HELD;
      else if ((at & 7) === 0 && eights[at >> 3] === 0) at += 8;
      else at++;
    }
    this.hand = at + 1;
    this.remove(at);
    return at;
  }
}

/**
 * CLOCK (Corbató 1968): LRU approximated with one byte a slot.
 *
 * A hit is one store. `evict` is amortised O(1) on a full cache: each step spares an entry that a hit has paid for.
 */
export function clock(): Policy {
  return new ClockPolicy();
}
