/**
 * Two queues and three rules: the entries of `robust`, and who of them goes.
 *
 * The queues are those of ARC (Megiddo and Modha, FAST 2003): ONCE holds what was used once since it came, AGAIN what was used
 * again, here or after it had been evicted: the ghosts tell. Both are in order of use. Hits and ghosts arrange them in
 * the same way whichever rule is in force; a rule only says where the next victim is taken from, so the rule can change
 * between two requests, with nothing to move and nothing to warm up:
 *
 * - LRU: the older of the two queues' oldest, which is the least recently used of all. Uses are numbered to tell.
 * - ARC: ONCE while it is above its target. A regretted eviction from ONCE raises the target, one from AGAIN lowers it.
 * - STUBBORN: always ONCE, but for a last percent. What is held is kept, and once AGAIN has all the rest, only one in four of
 *   the ghosts that return enters it. When more is in use than fits, as in a loop, ARC and LRU exchange all of it over and
 *   over and hit nothing; who keeps any part hits that part. The few admitted let the part follow the traffic (the idea of
 *   bimodal insertion, Qureshi et al., ISCA 2007). On popular keys it comes close to the most frequent ones, counting none.
 *
 * Invariant: a slot between `insert` and `remove` or `evict` is in the queue that the lowest bit of its mark names.
 */
import { forSlots } from '../widen.ts';
import { GhostTable } from './robust-ghosts.ts';
import { SlotLists } from './slot-list.ts';

export const LRU = 0;
export const ARC = 1;
export const STUBBORN = 2;

const ONCE = 0;
const AGAIN = 1;
/** A mark: the number of the last use, above two bits. Numbers wrap after 2^30 uses; a comparison may then misjudge one. */
const IN_AGAIN = 1;
const FLAGGED = 2;
const USE = 4;

const GHOSTS_PER_ENTRY = 2;
const STUBBORN_WINDOW = 0.01;
const STUBBORN_ADMITS = 0.25;

export class Queues {
  declare rule: number;
  /** ARC's p: how many entries ONCE may hold while that rule is in force. */
  target = 0;
  max = 1;
  private readonly lists: SlotLists = new SlotLists(2);
  declare private readonly hashOf: (slot: number) => number;
  private marks: Int32Array = new Int32Array(17);
  private ghosts: GhostTable = new GhostTable(1);
  /** What is left to ONCE while STUBBORN is in force. */
  private window = 1;
  private now = 0;
  private dice = 1;

  constructor(rule: number, hashOf: (slot: number) => number) {
    this.rule = rule;
    this.hashOf = hashOf;
  }

  grow(slots: number): void {
    this.lists.grow(slots);
    this.marks = forSlots(this.marks, slots);
  }

  /** Puts another rule in force, with a target for ONCE. */
  follow(rule: number, target: number): void {
    this.rule = rule;
    this.target = target;
  }

  clear(): void {
    this.lists.clear();
  }

  /** Forgets the ghosts and what was learned from them; entries stay where they are. */
  resize(max: number): void {
    this.max = max;
    this.window = STUBBORN_WINDOW * max;
    this.target = 0;
    this.ghosts = new GhostTable(GHOSTS_PER_ENTRY * max);
  }

  /** `flagged` is kept for the caller while the slot is held. */
  insert(slot: number, hash: number, flagged: boolean): void {
    const queue = this.regret(hash) && this.admits() ? AGAIN : ONCE;
    this.now = (this.now + USE) | 0;
    this.marks[slot] = this.now | (flagged ? FLAGGED : 0) | queue;
    this.lists.push(queue, slot);
  }

  /** Answers whether the slot is flagged. */
  hit(slot: number): boolean {
    const { marks, lists } = this;
    const mark = marks[slot] as number;
    this.now = (this.now + USE) | 0;
    marks[slot] = this.now | (mark & FLAGGED) | IN_AGAIN;
    if ((mark & IN_AGAIN) === AGAIN) {
      lists.renew(AGAIN, slot);
    } else {
      lists.remove(ONCE, slot);
      lists.push(AGAIN, slot);
    }
    return (mark & FLAGGED) !== 0;
  }

  remove(slot: number): void {
    this.lists.remove((this.marks[slot] as number) & IN_AGAIN, slot);
  }

  /** Takes out a victim, makes it a ghost and answers its slot; 0 when there is none. */
  evict(): number {
    const { lists } = this;
    const once = lists.oldest(ONCE);
    const again = lists.oldest(AGAIN);
    const queue = again === 0 || (once !== 0 && this.takesFromOnce(once, again)) ? ONCE : AGAIN;
    const victim = queue === ONCE ? once : again;
    if (victim === 0) return 0;
    lists.remove(queue, victim);
    this.ghosts.add(this.hashOf(victim), queue);
    return victim;
  }

  private takesFromOnce(once: number, again: number): boolean {
    if (this.rule === LRU) return (((this.marks[once] as number) - (this.marks[again] as number)) | 0) < 0;
    const size = this.lists.size(ONCE);
    return this.rule === ARC ? size > this.target : size >= this.window;
  }

  /** Whether a ghost enters AGAIN. Being choosy protects AGAIN, so there is no need while all victims come from ONCE. */
  private admits(): boolean {
    return this.rule !== STUBBORN || this.lists.size(ONCE) >= this.window || this.rolls(STUBBORN_ADMITS);
  }

  /** Whether the key is a ghost, no more from now on; moves ARC's target by the paper's steps if it is. */
  private regret(hash: number): boolean {
    const from = this.ghosts.take(hash);
    if (from === -1) return false;
    const [once, again] = this.ghosts.counts;
    if (from === ONCE) this.target = Math.min(this.max, this.target + Math.max(1, again / Math.max(1, once)));
    else this.target = Math.max(0, this.target - Math.max(1, once / Math.max(1, again)));
    return true;
  }

  /** By a linear congruential generator of its own, so that every run is the same. */
  private rolls(chance: number): boolean {
    this.dice = (Math.imul(this.dice, 1_103_515_245) + 12_345) | 0;
    return this.dice >>> 8 < chance * 2 ** 24;
  }
}
