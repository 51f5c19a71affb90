/**
 * Slots: where entries live, and the order in which they were used.
 *
 * An entry is an integer slot 1..n into parallel arrays; slot 0 is the sentinel of one circular
 * doubly linked list (0.next = most recently used, 0.prev = least), so no link operation has a
 * special case. `next` sits at 2s and `prev` at 2s+1: one cache line serves both. Free slots are
 * chained through `next`. Arrays double on demand, so an absent or huge `max` costs nothing.
 *
 * Invariants: the list holds exactly the slots the index holds; a free slot holds neither key nor
 * value (otherwise the cache would leak as much as it can store).
 *
 * The index is a `Map` from key to slot: SameValueZero for every kind of key, at the price of
 * `Map`'s tombstones when entries come and go. Lists of this shape are as old as Knuth, TAOCP 1, 2.2.5.
 */
export class SlotStore<K, V> {
  size = 0;
  weight = 0;
  private readonly index = new Map<K, number>();
  private readonly keys: (K | undefined)[] = [undefined];
  private readonly values: (V | undefined)[] = [undefined];
  private links: Int32Array = new Int32Array(2 * 17);
  /** The sentinel's is 0 and stays 0. */
  private weights: Float64Array = new Float64Array(17);
  private deadlines: Float64Array | undefined;
  private ttls: Float64Array | undefined;
  private free = 0;
  private top = 0;

  /** The slot of a key, 0 = not held. */
  find(key: K): number {
    return this.index.get(key) ?? 0;
  }

  key(slot: number): K {
    return this.keys[slot] as K;
  }

  value(slot: number): V {
    return this.values[slot] as V;
  }

  setValue(slot: number, value: V): void {
    this.values[slot] = value;
  }

  weightOf(slot: number): number {
    return this.weights[slot] as number;
  }

  setWeight(slot: number, weight: number): void {
    this.weight = this.size > 1 ? this.weight + (weight - this.weightOf(slot)) : weight;
    this.weights[slot] = weight;
  }

  /** Infinity = never expires; the arrays exist from the first entry that can. */
  deadline(slot: number): number {
    return this.deadlines === undefined ? Infinity : (this.deadlines[slot] as number);
  }

  ttl(slot: number): number {
    return this.ttls === undefined ? Infinity : (this.ttls[slot] as number);
  }

  setLife(slot: number, ttl: number, deadline: number): void {
    if (this.deadlines === undefined || this.ttls === undefined) {
      if (ttl === Infinity) return;
      this.deadlines = new Float64Array(this.weights.length).fill(Infinity);
      this.ttls = new Float64Array(this.weights.length).fill(Infinity);
    }
    this.deadlines[slot] = deadline;
    this.ttls[slot] = ttl;
  }

  /** Least recently used slot, 0 when empty. */
  oldest(): number {
    return this.links[1] as number;
  }

  /** Most recently used slot, 0 when empty. */
  newest(): number {
    return this.links[0] as number;
  }

  /** The slot used just before this one, 0 at the end. */
  older(slot: number): number {
    return this.links[2 * slot] as number;
  }

  /** The slot used just after this one, 0 at the end. */
  newer(slot: number): number {
    return this.links[2 * slot + 1] as number;
  }

  insert(key: K, value: V, weight: number): number {
    let slot = this.free;
    if (slot === 0) {
      slot = ++this.top;
      if (slot >= this.weights.length) this.grow();
    } else {
      this.free = this.older(slot);
    }
    this.keys[slot] = key;
    this.values[slot] = value;
    this.weights[slot] = weight;
    this.index.set(key, slot);
    this.linkFirst(slot);
    this.size++;
    this.weight += weight;
    return slot;
  }

  remove(slot: number): void {
    this.index.delete(this.key(slot));
    this.unlink(slot);
    this.keys[slot] = undefined;
    this.values[slot] = undefined;
    this.links[2 * slot] = this.free;
    this.free = slot;
    this.size--;
    // Sums of fractions drift. With at most one entry left the sum is known exactly, so an entry that fits alone
    // is never found too heavy: the sentinel weighs 0.
    this.weight = this.size > 1 ? this.weight - this.weightOf(slot) : this.weightOf(this.oldest());
  }

  moveToFront(slot: number): void {
    if (this.newest() === slot) return;
    this.unlink(slot);
    this.linkFirst(slot);
  }

  private linkFirst(slot: number): void {
    const links = this.links;
    const first = links[0] as number;
    links[2 * slot] = first;
    links[2 * slot + 1] = 0;
    links[2 * first + 1] = slot;
    links[0] = slot;
  }

  private unlink(slot: number): void {
    const links = this.links;
    const next = links[2 * slot] as number;
    const prev = links[2 * slot + 1] as number;
    links[2 * prev] = next;
    links[2 * next + 1] = prev;
  }

  private grow(): void {
    const slots = 2 * this.weights.length;
    const links = new Int32Array(2 * slots);
    links.set(this.links);
    this.links = links;
    this.weights = widen(this.weights, slots);
    if (this.deadlines !== undefined) this.deadlines = widen(this.deadlines, slots);
    if (this.ttls !== undefined) this.ttls = widen(this.ttls, slots);
  }
}

function widen(from: Float64Array, slots: number): Float64Array {
  const wide = new Float64Array(slots).fill(Infinity);
  wide.set(from);
  return wide;
}
