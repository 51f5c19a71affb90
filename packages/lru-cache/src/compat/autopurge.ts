/**
 * `ttlAutopurge`: stale entries go when their time comes, by one timer for the whole cache.
 *
 * lru-cache arms a timer per entry; here the slots stand in a binary heap (Williams, Algorithm 232, CACM 7, 1964) by the
 * time at which each is to be looked at, and the timer is armed for the first. That is when the ttl and 1 ms more have
 * passed since it was set: stale means older than the ttl, not as old. If it was used meanwhile, and its age restarted,
 * it is looked at again when what is left by then has passed. (The timing wheel of `./expiry` costs O(1) where this
 * costs O(log n), and three times the bytes.)
 *
 * Invariants: a slot stands in the heap once or not at all; the timer is armed if and only if one does.
 */
import { systemTimers } from '../environment.ts';
import type { Clock } from '../types.ts';
import { noted } from '../widen.ts';

export class Autopurge {
  declare private readonly clock: Clock;
  declare private readonly look: (slot: number) => void;
  /** Slots: the children of place p are at 2p and 2p + 1. Place 0 is before the first: it is due at -Infinity. */
  private readonly heap: number[] = [0];
  /** By slot, like what follows. */
  private dues: Float64Array = new Float64Array(16).fill(-Infinity);
  /** Who is due at the same time goes in the order in which it was scheduled, as lru-cache's timers would. */
  private turns: Float64Array = new Float64Array(16);
  private turn = 0;
  /** 0 = not in the heap. */
  private places: Int32Array = new Int32Array(16);
  private armedFor = Infinity;
  private timer: unknown;

  /** `look` is called with a slot whose time has come; it may schedule the slot again. */
  constructor(clock: Clock, look: (slot: number) => void) {
    this.clock = clock;
    this.look = look;
  }

  /** A slot that stands there already changes its time; a delay that is not finite is never over. O(log n). */
  schedule(slot: number, delayMs: number): void {
    this.take(slot);
    if (Number.isFinite(delayMs)) {
      this.dues = noted(this.dues, slot, this.clock.now() + delayMs, Infinity);
      this.turns = noted(this.turns, slot, this.turn++, Infinity);
      this.rise(this.heap.length, slot);
    }
    this.arm();
  }

  cancel(slot: number): void {
    this.take(slot);
    this.arm();
  }

  private take(slot: number): void {
    const place = this.places[slot] ?? 0;
    if (place === 0) return;
    const last = this.heap.pop() as number;
    this.places[slot] = 0;
    if (last !== slot) this.rise(this.sink(place, last), last);
  }

  /** Puts a slot into an empty place, or one above it. */
  private rise(from: number, slot: number): void {
    let place = from;
    for (; this.before(slot, this.slotAt(place >> 1)); place >>= 1) this.put(place, this.slotAt(place >> 1));
    this.put(place, slot);
  }

  /** Moves an empty place down to where nothing below it comes before this slot. */
  private sink(from: number, slot: number): number {
    let place = from;
    for (let child = 2 * place; child < this.heap.length; child = 2 * place) {
      if (child + 1 < this.heap.length && this.before(this.slotAt(child + 1), this.slotAt(child))) child++;
      if (!this.before(this.slotAt(child), slot)) break;
      this.put(place, this.slotAt(child));
      place = child;
    }
    return place;
  }

  private before(a: number, b: number): boolean {
    const earlier = (this.dues[a] as number) - (this.dues[b] as number);
    return earlier < 0 || (earlier === 0 && (this.turns[a] as number) < (this.turns[b] as number));
  }

  private slotAt(place: number): number {
    return this.heap[place] as number;
  }

  private put(place: number, slot: number): void {
    this.heap[place] = slot;
    this.places = noted(this.places, slot, place, Infinity);
  }

  /** Infinity when the heap is empty. */
  private next(): number {
    return this.heap.length > 1 ? (this.dues[this.slotAt(1)] as number) : Infinity;
  }

  private arm(): void {
    const next = this.next();
    if (next === this.armedFor) return;
    systemTimers.clear(this.timer);
    this.armedFor = next;
    if (next === Infinity) return;
    const delayMs = Math.ceil(next - this.clock.now());
    // A longer delay than a timer takes would fire at once.
    this.timer = systemTimers.set(this.wake, Math.min(Math.max(delayMs, 1), 2 ** 31 - 1));
  }

  /** If `look` throws, those still due are looked at by the next timer. */
  private readonly wake = (): void => {
    this.armedFor = Infinity;
    const now = this.clock.now();
    try {
      while (this.next() <= now) {
        const slot = this.slotAt(1);
        this.take(slot);
        this.look(slot);
      }
    } finally {
      this.arm();
    }
  };
}
