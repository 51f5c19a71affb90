/**
 * Ghosts: the fingerprints of what was evicted lately, oldest first, so that a policy knows whom it regrets.
 *
 * A ring of 32-bit fingerprints gives the order, an open-addressing table of ring positions the look-up: 12 to 20 bytes a
 * ghost, no key kept alive. (A `Map` of keys as the ghost costs several times the rest of the policy, and finding its oldest
 * key walks over the tombstones of those already taken.) Both arrays double as they fill, so a huge capacity costs nothing
 * until it is used, and nothing is allocated any more once they are as long as the capacity asks for.
 *
 * Invariants: a fingerprint is remembered once; a cell points to a ring position in use. A position whose fingerprint the
 * table does not find *there* is a hole, left by `remove`: so holes need no mark. The ring is a quarter longer than the
 * capacity; when holes have eaten that, they are squeezed out in one pass, O(1) amortised. The table is probed linearly and
 * repaired at each removal by placing the rest of the cluster anew, so it never fills with tombstones (Sedgewick, Algorithms).
 *
 * Two keys with one fingerprint are one ghost: at 32 bits and 1e5 ghosts, one look-up in 40,000 is answered wrongly, and the
 * price is one entry placed in another queue.
 */
const FIRST_LENGTH = 16;
/** 2^32 / golden ratio: spreads fingerprints whose low bits are poor (Knuth, 6.4). */
const SPREAD = 0x9e3779b1;

export class Ghost {
  size = 0;
  declare private capacity: number;
  private ring: Int32Array = new Int32Array(FIRST_LENGTH);
  /** Position of the oldest, and how many positions from there on are in use, holes included. */
  private first = 0;
  private span = 0;
  /** Ring position + 1, 0 = empty. A power of two, at most two thirds ever in use. */
  private cells: Int32Array = cellsFor(FIRST_LENGTH);

  /** `capacity`: most fingerprints remembered, 0 or more. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Remembers as the newest; forgets the oldest when full. Amortised O(1). */
  add(hash: number): void {
    this.remove(hash);
    if (this.size >= this.capacity) this.dropOldest();
    if (this.size >= this.capacity) return;
    if (this.span === this.ring.length) this.makeRoom();
    this.append(hash | 0);
    this.size++;
  }

  /** Whether it was remembered. O(1). */
  remove(hash: number): boolean {
    const { cells, ring } = this;
    let cell = this.cellOf(hash | 0);
    if (cells[cell] === 0) return false;
    this.size--;
    cells[cell] = 0;
    // What follows without a gap may have been pushed this far by it: each finds its place anew.
    for (;;) {
      cell = (cell + 1) & (cells.length - 1);
      const entry = cells[cell] as number;
      if (entry === 0) return true;
      cells[cell] = 0;
      cells[this.cellOf(ring[entry - 1] as number)] = entry;
    }
  }

  /** Forgets the oldest. Amortised O(1). */
  dropOldest(): void {
    for (let dropped = false; !dropped && this.span > 0; this.span--) {
      dropped = this.holds(this.first) && this.remove(this.ring[this.first] as number);
      this.first = this.at(1);
    }
  }

  /** O(1) and more for what no longer fits. */
  resize(capacity: number): void {
    this.capacity = capacity;
    while (this.size > capacity) this.dropOldest();
    if (this.ring.length > this.longest()) this.move(this.longest());
  }

  clear(): void {
    this.size = this.span = 0;
    this.move(FIRST_LENGTH);
  }

  private longest(): number {
    return Math.max(FIRST_LENGTH, this.capacity + (this.capacity >> 2) + 1);
  }

  /** The ring position so many after the oldest one. */
  private at(offset: number): number {
    const position = this.first + offset;
    return position < this.ring.length ? position : position - this.ring.length;
  }

  /** The cell that leads to a fingerprint, or the empty one where it belongs. */
  private cellOf(fingerprint: number): number {
    const { cells, ring } = this;
    const mask = cells.length - 1;
    for (let cell = Math.imul(fingerprint, SPREAD) >>> Math.clz32(mask); ; cell = (cell + 1) & mask) {
      const entry = cells[cell] as number;
      if (entry === 0 || ring[entry - 1] === fingerprint) return cell;
    }
  }

  /** Whether what is at a ring position is remembered there, or it is a hole. */
  private holds(position: number): boolean {
    return this.cells[this.cellOf(this.ring[position] as number)] === position + 1;
  }

  private append(fingerprint: number): void {
    const position = this.at(this.span++);
    this.ring[position] = fingerprint;
    this.cells[this.cellOf(fingerprint)] = position + 1;
  }

  /** The ring is used up: squeeze the holes out, and double it if that frees less than half. */
  private makeRoom(): void {
    const used = this.span;
    this.span = 0;
    for (let offset = 0; offset < used; offset++) {
      const from = this.at(offset);
      // Never ahead of what is read, and its cell is found by its fingerprint, so it may be told its new position in place.
      if (this.holds(from)) this.append(this.ring[from] as number);
    }
    const length = this.ring.length;
    if (2 * this.span > length && length < this.longest()) this.move(Math.min(this.longest(), 2 * length));
  }

  /** Into arrays for so many positions, which must be enough for what is remembered. */
  private move(length: number): void {
    const kept = new Int32Array(this.size);
    for (let offset = 0, n = 0; offset < this.span; offset++) {
      const from = this.at(offset);
      if (this.holds(from)) kept[n++] = this.ring[from] as number;
    }
    this.ring = new Int32Array(length);
    this.cells = cellsFor(length);
    this.first = this.span = 0;
    for (const fingerprint of kept) this.append(fingerprint);
  }
}

function cellsFor(length: number): Int32Array {
  return new Int32Array(2 ** (32 - Math.clz32(length + (length >> 1))));
}
