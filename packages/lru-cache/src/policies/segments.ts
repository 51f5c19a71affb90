/**
 * The entries of W-TinyLFU: a window in LRU order, and a main part in two segments (SLRU: probation and protected).
 *
 * New entries come into the window. What falls out of a full window must be used more often than the one that the main part
 * would give up, or it is the one to go; so the main part keeps what is popular, and the window what is new. In the main part
 * a hit promotes from probation to protected, and what overflows there returns to probation (Karedla, Love and Wherry, 1994).
 *
 * The window's target may change at any time. A window too large hands its oldest to probation, a few at each insert; one
 * too small lets only the main part shrink, and takes in whatever is hit there. At a target of all entries this is strict LRU
 * once the main part has run out.
 *
 * Invariant: each slot between `insert` and `remove` or `evict` is in exactly one segment, the one that `segmentOf` names.
 */
import { forSlots } from '../widen.ts';
import type { Sketch } from './sketch.ts';
import { SlotLists } from './slot-list.ts';

const WINDOW = 0;
const PROBATION = 1;
const PROTECTED = 2;
/** Part of the main segments that a promotion may fill; the paper's. */
const PROTECTED_RATIO = 0.8;
/** Bound of the work of one insert while the window shrinks. */
const HANDED_PER_INSERT = 8;

export class Segments {
  private readonly lists = new SlotLists(3);
  private segmentOf: Uint8Array = new Uint8Array(17);
  private windowTarget = 1;
  private protectedTarget = 0;

  /** Aims at a window of `window` of `max` entries; what is too much elsewhere moves little by little. */
  aim(max: number, window: number): void {
    this.windowTarget = window;
    this.protectedTarget = Math.floor(PROTECTED_RATIO * (max - window));
  }

  grow(slots: number): void {
    this.lists.grow(slots);
    this.segmentOf = forSlots(this.segmentOf, slots);
  }

  clear(): void {
    this.lists.clear();
  }

  insert(slot: number): void {
    const { lists } = this;
    this.enter(WINDOW, slot);
    for (let left = HANDED_PER_INSERT; left > 0 && lists.size(WINDOW) > this.windowTarget; left--) {
      this.move(lists.oldest(WINDOW), WINDOW, PROBATION);
    }
  }

  hit(slot: number): void {
    const { lists } = this;
    const segment = this.segmentOf[slot] as number;
    if (segment === WINDOW) {
      lists.renew(WINDOW, slot);
    } else if (lists.size(WINDOW) < this.windowTarget) {
      this.move(slot, segment, WINDOW);
    } else if (segment === PROTECTED) {
      lists.renew(PROTECTED, slot);
    } else {
      this.move(slot, PROBATION, PROTECTED);
      if (lists.size(PROTECTED) > this.protectedTarget) this.move(lists.oldest(PROTECTED), PROTECTED, PROBATION);
    }
  }

  remove(slot: number): void {
    this.lists.remove(this.segmentOf[slot] as number, slot);
  }

  /** Takes out the one that is worth least and answers its slot; 0 when there is none. `hashes` by slot. */
  evict(sketch: Sketch, hashes: Int32Array): number {
    const { lists } = this;
    const fromMain = lists.oldest(PROBATION) || lists.oldest(PROTECTED);
    let victim = fromMain;
    if (fromMain === 0) {
      victim = lists.oldest(WINDOW);
    } else if (lists.size(WINDOW) >= this.windowTarget) {
      const fromWindow = lists.oldest(WINDOW);
      // A tie goes against the newcomer: both were used alike, and the other one has been there for longer.
      if (sketch.estimate(hashes[fromWindow] as number) > sketch.estimate(hashes[fromMain] as number)) {
        this.move(fromWindow, WINDOW, PROBATION);
      } else {
        victim = fromWindow;
      }
    }
    if (victim !== 0) this.remove(victim);
    return victim;
  }

  private enter(segment: number, slot: number): void {
    this.segmentOf[slot] = segment;
    this.lists.push(segment, slot);
  }

  private move(slot: number, from: number, to: number): void {
    this.lists.remove(from, slot);
    this.enter(to, slot);
  }
}

/** Entries of a window that is this part of `max`: at least one. */
export function windowOf(max: number, ratio: number): number {
  return Math.max(1, Math.round(ratio * max));
}
