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
 * repaired by shifting back (Knuth, TAOCP 3, 6.4, algorithm R), so it never fills with tombstones.
 *
 * Two keys with one fingerprint are one ghost: at 32 bits and 1e5 ghosts, one look-up in 40,000 is answered wrongly, and the
 * price is one entry placed in another queue.
 */
const FIRST_LENGTH = 16;
/** 2^32 / golden ratio: spreads fingerprints whose low bits are poor (Knuth, 6.4). */
const SPREAD = 0x9e3779b1;

export class Ghost {
  size = 0;
  private capacity: number;
  private ring: Int32Array = new Int32Array(FIRST_LENGTH);
  /** Position of the oldest, and how many positions from there on are in use, holes included. */
  private first = 0;
  private span = 0;
  /** Ring position + 1, 0 = empty. A power of two. */
  private cells: Int32Array = cellsFor(FIRST_LENGTH);

  /** `capacity`: most fingerprints remembered, 0 or more. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  has(hash: number): boolean {
    return this.cellOf(hash | 0) >= 0;
  }

  /** Remembers as the newest; forgets the oldest when full. Amortised O(1). */
  add(hash: number): void {
    if (this.capacity === 0) return;
    const fingerprint = hash | 0;
    this.remove(fingerprint);
    if (this.size >= this.capacity) this.dropOldest();
    if (this.span === this.ring.length) this.makeRoom();
    const position = this.at(this.span++);
    this.ring[position] = fingerprint;
    this.place(position);
    this.size++;
  }

  /** Whether it was remembered. O(1). */
  remove(hash: number): boolean {
    const cell = this.cellOf(hash | 0);
    if (cell < 0) return false;
    this.erase(cell);
    return true;
  }

  /** Forgets the oldest. Amortised O(1). */
  dropOldest(): void {
    while (this.span > 0) {
      const cell = this.cellAt(this.first);
      this.first = this.at(1);
      this.span--;
      if (cell < 0) continue;
      this.erase(cell);
      return;
    }
  }

  /** O(1) and more for what no longer fits. */
  resize(capacity: number): void {
    this.capacity = capacity;
    while (this.size > capacity) this.dropOldest();
    if (this.ring.length > this.longest()) this.move(this.longest());
  }

  clear(): void {
    this.size = this.first = this.span = 0;
    this.ring = new Int32Array(FIRST_LENGTH);
    this.cells = cellsFor(FIRST_LENGTH);
  }

  private longest(): number {
    return Math.max(FIRST_LENGTH, this.capacity + (this.capacity >> 2) + 1);
  }

  /** The ring position so many after the oldest one. */
  private at(offset: number): number {
    const position = this.first + offset;
    return position < this.ring.length ? position : position - this.ring.length;
  }

  private home(fingerprint: number): number {
    return Math.imul(fingerprint, SPREAD) >>> (Math.clz32(this.cells.length) + 1);
  }

  private cellOf(fingerprint: number): number {
    const { cells, ring } = this;
    const mask = cells.length - 1;
    for (let cell = this.home(fingerprint); ; cell = (cell + 1) & mask) {
      const entry = cells[cell] as number;
      if (entry === 0) return -1;
      if (ring[entry - 1] === fingerprint) return cell;
    }
  }

  /** The cell of what is at a ring position, -1 for a hole. */
  private cellAt(position: number): number {
    const cell = this.cellOf(this.ring[position] as number);
    return cell >= 0 && this.cells[cell] === position + 1 ? cell : -1;
  }

  private place(position: number): void {
    const mask = this.cells.length - 1;
    let cell = this.home(this.ring[position] as number);
    while (this.cells[cell] !== 0) cell = (cell + 1) & mask;
    this.cells[cell] = position + 1;
  }

  private erase(hole: number): void {
    const { cells, ring } = this;
    const mask = cells.length - 1;
    for (let cell = (hole + 1) & mask; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const home = this.home(ring[(cells[cell] as number) - 1] as number);
      // It may move back only as far as its home: not when that lies cyclically in (hole, cell].
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      cells[hole] = cells[cell] as number;
      hole = cell;
    }
    cells[hole] = 0;
    this.size--;
  }

  /** The ring is used up: squeeze the holes out, and double it if that frees less than half. */
  private makeRoom(): void {
    let kept = 0;
    for (let offset = 0; offset < this.span; offset++) {
      const from = this.at(offset);
      const cell = this.cellAt(from);
      if (cell < 0) continue;
      const to = this.at(kept++);
      this.ring[to] = this.ring[from] as number;
      this.cells[cell] = to + 1;
    }
    this.span = kept;
    const longest = this.longest();
    if (2 * kept > this.ring.length && this.ring.length < longest) this.move(Math.min(longest, 2 * this.ring.length));
  }

  /** Into arrays for so many positions, which must be enough for what is remembered. */
  private move(length: number): void {
    const ring = new Int32Array(length);
    let kept = 0;
    for (let offset = 0; offset < this.span; offset++) {
      const from = this.at(offset);
      if (this.cellAt(from) >= 0) ring[kept++] = this.ring[from] as number;
    }
    this.ring = ring;
    this.first = 0;
    this.span = kept;
    this.cells = cellsFor(length);
    for (let position = 0; position < kept; position++) this.place(position);
  }
}

/** At most two thirds are ever in use, so a search ends. */
function cellsFor(length: number): Int32Array {
  return new Int32Array(2 ** (32 - Math.clz32(length + (length >> 1))));
}
