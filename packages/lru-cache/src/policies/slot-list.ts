/**
 * Queues of slots: a few doubly linked lists that share one array of links.
 *
 * A slot is in at most one of them, so its two links need no list of their own. `older` is at 2n and `newer` at 2n + 1,
 * one cache line for both. Each list is closed by a sentinel (its `older` is the newest slot, its `newer` the oldest), so
 * that no link operation has a special case: with k lists the sentinels are the nodes 0..k-1 and slot s is node s + k - 1.
 *
 * Invariant: a list holds exactly the slots pushed and not yet removed, in the order in which they were pushed. Whoever
 * uses it knows which list a slot is in; nothing here checks it. Lists of this shape: Knuth, TAOCP 1, 2.2.5.
 */
import { widened } from '../widen.ts';

export class SlotLists {
  declare private readonly lists: number;
  declare private readonly sizes: Int32Array;
  declare private links: Int32Array;

  constructor(lists: number) {
    this.lists = lists;
    this.sizes = new Int32Array(lists);
    this.links = new Int32Array(2 * (16 + lists));
    this.clear();
  }

  /** Slots 1..slots may be used from now on. O(slots) when the array has to grow. */
  grow(slots: number): void {
    const length = 2 * (slots + this.lists);
    if (length > this.links.length) this.links = widened(this.links, length);
  }

  clear(): void {
    this.sizes.fill(0);
    for (let node = 0; node < this.lists; node++) this.links[2 * node] = this.links[2 * node + 1] = node;
  }

  size(list: number): number {
    return this.sizes[list] as number;
  }

  /** Makes the slot the newest of a list; it must be in none. */
  push(list: number, slot: number): void {
    const links = this.links;
    const node = slot + this.lists - 1;
    const first = links[2 * list] as number;
    links[2 * node] = first;
    links[2 * node + 1] = list;
    links[2 * first + 1] = node;
    links[2 * list] = node;
    (this.sizes[list] as number)++;
  }

  /** Takes the slot out of the list that it is in. */
  remove(list: number, slot: number): void {
    const links = this.links;
    const node = slot + this.lists - 1;
    const older = links[2 * node] as number;
    const newer = links[2 * node + 1] as number;
    links[2 * newer] = older;
    links[2 * older + 1] = newer;
    (this.sizes[list] as number)--;
  }

  /** Makes a slot of the list its newest. */
  renew(list: number, slot: number): void {
    if (this.links[2 * list] === slot + this.lists - 1) return;
    this.remove(list, slot);
    this.push(list, slot);
  }

  /** 0 when the list is empty. */
  oldest(list: number): number {
    return this.slotAt(this.links[2 * list + 1] as number);
  }

  /** The next newer slot of the same list, 0 at the end. */
  newer(slot: number): number {
    return this.slotAt(this.links[2 * (slot + this.lists - 1) + 1] as number);
  }

  private slotAt(node: number): number {
    return node < this.lists ? 0 : node - this.lists + 1;
  }
}
